/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Processes by descriptor: to be sure that what is signalled is what was looked at. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/proc-stat.h"
#include "kernel/sysroot.h"

/* Outcomes. */
enum {
        PIDFD_OK = 0,
        PIDFD_GONE = 1,     /* ended and reaped; for pidfd_release(): the memory is already back */
        PIDFD_REPLACED = 2, /* the number belongs to another process now */
        PIDFD_DENIED = 3,   /* not permitted, or out of our pid namespace */
        PIDFD_NOT_LEADER = 4, /* the number is a thread's */
        PIDFD_NOT_DYING = 5,  /* pidfd_release(): no fatal signal yet, or one that shares its memory
                               * lives on, or  it dumps core */
        PIDFD_PARTIAL = 6,    /* pidfd_release(): not everything could be freed now */
        PIDFD_UNSUPPORTED = 7, /* the kernel lacks it, or a system call filter forbids it */
};

/* pidfd_open(2), close-on-exec. The caller owns *ret. PIDFD_OK, PIDFD_GONE, PIDFD_NOT_LEADER,
 * PIDFD_UNSUPPORTED or negative errno (-EMFILE, -ENOMEM ...). */
int pidfd_new(pid_t pid, int *ret);

/* pidfd_send_signal(2). A zombie takes any signal (PIDFD_OK) until it is reaped. SIGKILL allocates
 * nothing in the kernel; any other signal does. signal 0 only asks. PIDFD_OK, PIDFD_GONE,
 * PIDFD_DENIED, PIDFD_UNSUPPORTED or negative errno. */
int pidfd_signal(int pidfd, int signal);

/* process_mrelease(2): frees the private memory of a process that is being killed, at our priority.
 * May block on the victim's memory lock: in a thread that can be missed. PIDFD_OK, PIDFD_GONE,
 * PIDFD_NOT_DYING, PIDFD_PARTIAL, PIDFD_UNSUPPORTED or negative errno. */
int pidfd_release(int pidfd);

/* Polls without waiting: has the process ended (zombie included)? With threads left behind a dead
 * leader it has not. Returns 1, 0 or negative errno. */
int pidfd_has_ended(int pidfd);

/* A process held by descriptors that were checked against each other. */
typedef struct PidPin {
        pid_t pid;
        int dir_fd;    /* /proc/PID */
        int pidfd;     /* FD_NONE under a foreign root */
        ProcStat stat; /* read through dir_fd after pidfd was opened */
} PidPin;

#define PID_PIN_INIT                                                                               \
        (PidPin) {                                                                                 \
                .dir_fd = FD_NONE, .pidfd = FD_NONE                                                \
        }

/* "Whatever has this number now": for the first look at a process. */
#define PID_ANY_START UINT64_MAX

/* Opens the directory, then the pidfd, then reads stat through the directory: if that still
 * answers, both belong to one process, and its start time says which. starttime_ticks as sampled
 * earlier, or PID_ANY_START. PIDFD_OK (the caller owns *ret: pid_pin_done()), PIDFD_GONE,
 * PIDFD_REPLACED, PIDFD_NOT_LEADER, PIDFD_DENIED, PIDFD_UNSUPPORTED or negative errno. */
int pid_pin_open(const SysRoot *root, pid_t pid, uint64_t starttime_ticks, PidPin *ret);

/* Closes and leaves PID_PIN_INIT. */
void pid_pin_done(PidPin *pin);
