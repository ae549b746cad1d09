/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Pressure files of the system (/proc/pressure/memory) and of cgroups (memory.pressure). Says what
 * is in them; whether a counter jumped or lies is for others to judge.
 *
 * Never read one more often than every 50 ms: when all CPUs were idle for less than a jiffy between
 * two reads (by anybody), the stall time between them is lost for everybody. */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"

/* Outcomes. */
enum {
        PSI_OK = 0,
        PSI_GONE = 1, /* no such file: the cgroup vanished, or the kernel was built or started
                         without PSI */
        PSI_UNSUPPORTED = 2, /* the file is there, accounting is switched off (psi=0) */
        PSI_REFUSED = 3,     /* triggers only: none for us; polling remains */
};

typedef enum PsiStall {
        PSI_STALL_SOME,
        PSI_STALL_FULL,
} PsiStall;

typedef struct PsiLine {
        uint64_t total_usec; /* stall time since boot, fresh at every read */
        uint32_t avg10_permyriad, avg60_permyriad, avg300_permyriad; /* recomputed every 2 s only */
} PsiLine;

typedef struct PsiStats {
        PsiLine some;
        PsiLine full;  /* zeros without */
        bool has_full; /* the cpu file has none before 5.13 */
} PsiStats;

/* Parses the text. PSI_OK, or -EBADMSG when the some line is missing or a line is malformed. */
int psi_parse(const char *text, PsiStats *ret);

/* Reads a kept fd; allocates nothing. PSI_OK, PSI_GONE, PSI_UNSUPPORTED or negative errno. */
int psi_read_fd(int fd, PsiStats *ret);

/* Opens, reads and closes dirfd/name. */
int psi_read_at(int dirfd, const char *name, PsiStats *ret);

/* Who evaluates a trigger decides what it is worth. */
typedef enum PsiTriggerMode {
        PSI_TRIGGER_NONE,       /* polling */
        PSI_TRIGGER_COARSE,     /* window of 2 s multiples: evaluated every 2 s, can be blinded by a
                                   fast reader */
        PSI_TRIGGER_PRIVILEGED, /* a window only CAP_SYS_RESOURCE gets: own kernel thread and own
                                   counters */
} PsiTriggerMode;

typedef struct PsiTrigger {
        int fd; /* poll for POLLPRI only; POLLERR: the cgroup is gone. Closing waits in the kernel
                 * for milliseconds: not in a hurry */
        PsiTriggerMode mode;
        usec_t threshold_usec; /* what was granted: the share of the window stays as it was wanted
                                */
        usec_t window_usec;
        uint64_t baseline_usec; /* total= of the kind's line just before arming: an event that comes
                                 * while it stands still is false */
} PsiTrigger;

#define PSI_TRIGGER_INIT                                                                           \
        (PsiTrigger) {                                                                             \
                .fd = FD_NONE                                                                      \
        }

enum { PSI_TRIGGER_TEXT_MAX = 64 };

/* Writes the exact bytes that arm a trigger into buf[PSI_TRIGGER_TEXT_MAX]; returns their number,
 * the NUL included: the kernel overwrites the last byte it is given, and without the NUL the window
 * loses a digit. */
int psi_trigger_format(PsiStall kind, usec_t threshold_usec, usec_t window_usec, char *buf);

/* Opens dirfd/name and arms a trigger. Tries the wanted window, then 500 ms if it was shorter (the
 * least before 6.5), then the next multiple of 2 s. threshold must be > 0 and <= window, window <=
 * 10 s (-EINVAL). PSI_OK (the caller owns ret->fd); PSI_GONE, PSI_UNSUPPORTED, PSI_REFUSED; or
 * negative errno. */
int psi_trigger_open(int dirfd, const char *name, PsiStall kind, usec_t threshold_usec,
        usec_t window_usec, PsiTrigger *ret);

/* Closes and leaves PSI_TRIGGER_INIT. */
void psi_trigger_done(PsiTrigger *t);
