/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Starting and ending the engine's threads: small stacks, touched before use, no signals. */

#include <pthread.h>
#include <stddef.h>

#include "base/clock.h"

typedef struct ThreadSpec {
        const char *name; /* 15 bytes at most: what ps -L shows */
        size_t stack_bytes;
        size_t prefault_bytes; /* of the stack, touched before `run`: no page fault later */
        void *(*run)(void *ctx);
        void *ctx;
} ThreadSpec;

/* Starts the thread with every signal blocked. 0 or negative errno. The spec is copied. */
int thread_start(const ThreadSpec *spec, pthread_t *ret);

/* Joins, but waits no longer than timeout_usec: a thread that hangs in the kernel cannot be ended.
 * 0, or -ETIMEDOUT: it runs on, and what it uses must not be freed. */
int thread_join(pthread_t thread, usec_t timeout_usec);
