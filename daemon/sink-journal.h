/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Events as records of the systemd journal: one plain sentence, a MESSAGE_ID per kind (explained in
 * avert.catalog), and every number as an AVERT_ field of its own. May block for as long as the
 * journal does: for the journal thread only. */

#include <stdbool.h>
#include <sys/uio.h>

#include "core/event.h"
#include "engine/engine.h"

enum { JOURNAL_FIELDS_MAX = 56 };

/* A record under construction: `NAME=value` texts back to back in `data`. About 12 KiB. */
typedef struct JournalRecord {
        struct iovec fields[JOURNAL_FIELDS_MAX];
        size_t n;
        char data[10240];
        size_t len;
        bool truncated; /* a field did not fit and is missing */
} JournalRecord;

typedef struct JournalSink JournalSink;

/* 0 or -ENOMEM. */
int sink_journal_new(JournalSink **ret);
JournalSink *sink_journal_free(JournalSink *s);

/* For the engine; valid while the JournalSink lives. */
Sink sink_journal_get(JournalSink *s);

/* True when our stderr is the journal's own stream (`stream` is the value of $JOURNAL_STREAM, or
 * NULL) and the journal can be spoken to directly. */
bool sink_journal_is_wanted(int stderr_fd, const char *stream);

/* The MESSAGE_ID of a kind, 32 hexadecimal digits. */
const char *journal_message_id(EventKind kind);

/* syslog's number for an event. */
int journal_priority(const Event *e);

/* The fields of an event. Fields without meaning for it are left out. */
void journal_record_fill(JournalRecord *record, const Event *e);
