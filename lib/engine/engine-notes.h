/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is told about the machine when the engine starts. */

#include "config/config.h"
#include "core/event.h"
#include "engine/lease-ledger.h"
#include "engine/roster.h"
#include "kernel/probe.h"

/* Sum of what was found and what is missing. */
void note_started(const Probe *probe, const Config *config, bool dry, Event *ret);

/* True when the item is missing or degraded and somebody should know: *ret is the event. A machine
 * without zram, ZFS or swap misses nothing. */
bool note_probe_item(const Probe *probe, ProbeId id, Event *ret);

/* True when the process is another daemon that kills for want of memory: *ret is the event. */
bool note_rival(const ProcFacts *facts, Event *ret);

/* What became of a lease that main gave back, as lease_replay() has it. */
typedef struct LeaseNote {
        const LeaseTerms *terms;
        uint64_t ours; /* what avert had written */
        int result;
        const char *why; /* literal: what made main give it back */
        usec_t held_usec;
} LeaseNote;

void note_lease(const LeaseNote *note, Event *ret);

/* Nothing can be leased. */
void note_no_ledger(int error, Event *ret);

/* Memory could not be locked. */
void note_not_locked(int error, Event *ret);
