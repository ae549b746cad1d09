/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts of the sampler among themselves: system files, processes, cgroups. */

#include "engine/sampler.h"
#include "kernel/psi.h"

/* Reading more often makes the kernel lose stall time, for everybody. */
#define SAMPLER_PSI_DISTANCE_USEC (50 * USEC_PER_MSEC)

/* What is remembered of a kept process whose memory is gone while it still lives. */
typedef struct SilentProcess {
        uint32_t generation;
        uint32_t times; /* samples in a row */
} SilentProcess;

/* The pressure of a kept cgroup as it was read last. */
typedef struct GroupPressure {
        uint32_t generation;
        uint32_t have;  /* 1 << PsiResource */
        usec_t at_usec; /* 0: never */
        PsiRaw psi[_PSI_RESOURCE_MAX];
} GroupPressure;

struct Sampler {
        const SysRoot *root;
        uint32_t page_size;

        int meminfo_fd, swaps_fd;       /* owner: sentinel */
        usec_t swaps_at_usec;           /* when swaps was read last; USEC_UNSET: not, or in vain */
        uint64_t swap_total, swap_free; /* of meminfo, then */
        uint64_t zram_total, zram_used; /* what swaps said */
        int psi_fds[_PSI_RESOURCE_MAX]; /* owner: sentinel */
        PsiRaw psi[_PSI_RESOURCE_MAX];  /* as read last */
        usec_t psi_at_usec[_PSI_RESOURCE_MAX]; /* USEC_UNSET: not yet */
        bool psi_known[_PSI_RESOURCE_MAX];
        SourceHealth health[_SOURCE_MAX];

        ProcSample *procs;
        SilentProcess *silent; /* by slot */
        uint32_t processes_max;
        size_t n_procs;           /* in it from the last time */
        uint64_t procs_version;   /* as in Sample */
        uint64_t listing_version; /* that they were filled from; 0: none */
        bool hidden;              /* the scout sees a part of the processes only */
        unsigned turn;            /* which of the detailed have their oom_score read */

        GroupSample *groups;
        GroupPressure *pressure; /* by slot */
        uint32_t groups_max;
        size_t n_groups;                 /* in it from the last time */
        uint64_t groups_version;         /* as in Sample */
        uint64_t groups_listing_version; /* that they were filled from; 0: none */
};

/* Notes the outcome of a read; `why` NULL: the words for the errno. r: 0 or negative errno. */
void sampler_note(Sampler *s, SourceId id, int r, const char *why);

void sampler_fill_psi(const PsiStats *stats, PsiRaw *ret);
