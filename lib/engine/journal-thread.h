/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The only thread that calls the sink, which may block for ever. */

#include "engine/engine.h"
#include "engine/reporter.h"

typedef struct JournalThread JournalThread;

/* Starts it; the reporter must outlive it (see journal_thread_stop). 0 or negative errno. */
int journal_thread_start(Reporter *reporter, Sink sink, JournalThread **ret);

/* Lets it write what is waiting, for two seconds at most. True when it has ended; false when it
 * hangs in the sink: then neither the reporter nor the sink's context may be freed. Frees the
 * object if it can. */
bool journal_thread_stop(JournalThread *t);
