/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reads what takes another process's memory lock and may block for ever (cmdline), in a process of
 * its own that can be lost: a supervisor, forked before memory is locked and before any thread, and
 * below it one worker that it kills and replaces when an answer takes too long. Both have no
 * capabilities beyond reading, the default oom_score_adj and signal mask, and end when we do.
 * Asking and taking answers never waits. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

typedef struct SlowReader SlowReader;

/* Texts are cut to this, the NUL included. */
#define SLOW_TEXT_MAX 2048

/* Requests that may be under way; more are refused. */
#define SLOW_PENDING_MAX 256

typedef struct SlowRequest {
        uint64_t cookie;      /* comes back with the answer */
        uint64_t start_ticks; /* with the pid, who is meant; 0: whoever has it */
        int32_t pid;
} SlowRequest;

/* A process that changes sides, as one that is setuid: root's business. */
#define SLOW_NO_OWNER UINT32_MAX

typedef struct SlowReply {
        uint64_t cookie;
        int32_t pid;
        int32_t error; /* 0; -ESRCH gone, or another one; -EPERM; -ETIMEDOUT: it hung, and the
                          worker with it */
        uint32_t uid;  /* real, effective and saved, before the reading and after it */
        uint32_t len;
        char text[SLOW_TEXT_MAX]; /* arguments with blanks between them, NUL-terminated */
} SlowReply;

/* Forks the supervisor, which opens /proc below root (NULL: this machine's) for itself.
 * deadline_usec: when a worker counts as stuck. Before threads. 0 or negative errno. */
int slow_reader_new(const char *root, usec_t deadline_usec, SlowReader **ret);

/* Ends and reaps the processes; waits for them for a moment at most. Returns NULL. */
SlowReader *slow_reader_free(SlowReader *r);

/* Readable when there may be an answer, or the supervisor is lost; FD_NONE when it is. Borrowed. */
int slow_reader_fd(const SlowReader *r);

/* Asks for the command line. False when too much is under way or the supervisor is lost. */
bool slow_reader_ask(SlowReader *r, const SlowRequest *request);

/* Takes the next answer; false when there is none. */
bool slow_reader_next(SlowReader *r, SlowReply *ret);

/* Pid of the supervisor, to be marked as ours; 0 when it is lost. */
int32_t slow_reader_pid(const SlowReader *r);

/* True when the supervisor has ended: nothing will be answered any more. */
bool slow_reader_is_lost(const SlowReader *r);

/* Requests without an answer so far. */
size_t slow_reader_pending(const SlowReader *r);
