/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A small struct that one thread writes and others copy without waiting: words under a sequence
 * lock. Words are atomic, so that a torn copy is old and new values mixed and never anything else.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNAPSHOT_WORDS_MAX 64

/* How many words a struct takes; its size is a multiple of 8. */
#define SNAPSHOT_WORDS(type) (sizeof(type) / sizeof(uint64_t))

/* Writer, one thread at a time. */
void snapshot_write(atomic_uint *sequence, _Atomic(uint64_t) *words, size_t n, const void *from);

/* Any thread. False when the copy may be torn after a few attempts. n is SNAPSHOT_WORDS_MAX at
 * most. */
bool snapshot_read(atomic_uint *sequence, _Atomic(uint64_t) *words, size_t n, void *to);
