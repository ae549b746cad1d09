/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which reader looks at which version of something that one thread publishes, so that what has left
 * it can be freed without anybody waiting.
 *
 * A reader that turns to the newest version first marks its state as entering, from the version it
 * had (or, coming from none, from the newest it knows of): whatever it then finds is not older. The
 * publisher publishes first and looks at the states afterwards, both sides sequentially consistent:
 * a reader that it does not see entering will find what was just published. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READERSHIP_NONE UINT64_MAX
#define READERSHIP_MAX 2

typedef struct Readership {
        _Atomic(uint64_t) version; /* of the newest; 0: nothing yet */
        struct {
                _Alignas(64) _Atomic(uint64_t)
                        state; /* version << 1 | certain, or READERSHIP_NONE */
        } readers[READERSHIP_MAX];
} Readership;

void readership_init(Readership *r);

/* Reader: before it loads the pointer to the newest, and with that one's version (0: there was
 * none) after. */
void readership_enter(Readership *r, size_t who);
void readership_settle(Readership *r, size_t who, uint64_t version);
void readership_leave(Readership *r, size_t who);

/* Publisher: after the pointer to the newest has been stored. */
void readership_publish(Readership *r, uint64_t version);

/* Publisher: the version of what is published next. */
uint64_t readership_next(const Readership *r);

/* Publisher: no reader looks at anything older than this, nor will. */
uint64_t readership_oldest(Readership *r);

/* Publisher: whether a reader looks at this version, or may be about to. */
bool readership_has(Readership *r, uint64_t version);
