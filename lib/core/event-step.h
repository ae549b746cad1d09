/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The sentences about steps and leases. */

#include "core/event.h"

void event_print_step(const Event *e, TextBuf *out);
