/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this machine offers, asked once at start: each source is present, degraded or absent, with
 * the reason and what follows from it, in words for an administrator. Opens files, forks one
 * short-lived child (for system calls that a filter may answer with death): before any thread is
 * started. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/psi.h"
#include "kernel/sysroot.h"

typedef enum ProbeState {
        PROBE_PRESENT,
        PROBE_DEGRADED,
        PROBE_ABSENT,
        _PROBE_STATE_MAX,
} ProbeState;

typedef enum ProbeId {
        PROBE_MEMINFO,
        PROBE_VMSTAT,
        PROBE_PSI_MEMORY,
        PROBE_PSI_IO,
        PROBE_PSI_CPU,
        PROBE_PSI_TRIGGERS,
        PROBE_SWAPS,
        PROBE_ZRAM,
        PROBE_ZONEINFO,
        PROBE_ARC,
        PROBE_CGROUP2,
        PROBE_CGROUP_MEMORY,
        PROBE_CGROUP_KILL,
        PROBE_PROCESSES, /* hidepid, pid namespaces: how many of them we see */
        PROBE_PIDFD,
        PROBE_MRELEASE,
        PROBE_CAP_KILL,
        PROBE_CAP_SYS_RESOURCE,
        PROBE_CAP_SYS_PTRACE,
        PROBE_CAP_DAC_OVERRIDE,
        PROBE_CAP_IPC_LOCK,
        _PROBE_MAX,
} ProbeId;

typedef struct ProbeItem {
        const char *name; /* "psi.memory": as status shows it */
        ProbeState state;
        char why[160];           /* "" when present */
        const char *consequence; /* what avert does without it; "" when present */
} ProbeItem;

typedef struct Probe {
        ProbeItem items[_PROBE_MAX];
        PsiTriggerMode trigger_mode; /* the best that memory pressure triggers can be here */
        uint64_t visible_tasks;      /* threads of the processes we can read */
        uint64_t all_tasks;          /* threads of the machine; 0: unknown */
        uint64_t cap_eff;            /* our effective capabilities; 0 under a foreign root */
} Probe;

/* Asks everything; what cannot be asked is absent, so this cannot fail. Under a foreign root
 * nothing is tried that would concern the running machine. */
void probe_run(const SysRoot *root, Probe *ret);

/* Whether something is missing that avert works less well without: not swap, zram and ZFS, which a
 * machine may well do without. */
bool probe_is_lack(const Probe *probe, ProbeId id);

/* "present", "degraded", "absent". */
const char *probe_state_to_string(ProbeState state);
