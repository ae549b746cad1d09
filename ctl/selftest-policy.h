/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The policy of avertctl selftest: it can match only one process, which the test starts itself. It
 * lies in the directory of policies that do not outlast a reboot, as long as the test runs. */

#include <sys/types.h>

#include "base/text.h"

#define SELFTEST_POLICY "avert-selftest"
#define SELFTEST_MARK_SIZE 17 /* 16 digits and NUL */

/* A word that no other process has in its command line. 0 or negative errno. */
int selftest_mark(char ret[SELFTEST_MARK_SIZE]);

/* Who runs `exe` as `uid`, with the mark as its only argument, and holds more than half of `bytes`,
 * is warned of and asked to end. False when exe has a character that means something to a pattern.
 */
bool selftest_print_policy(
        const char *exe, uid_t uid, const char *mark, uint64_t bytes, TextBuf *out);

typedef struct SelftestPolicy {
        char path[64];
        int fd; /* locked: one test at a time */
} SelftestPolicy;

/* Writes it. 0 or negative errno: -EBUSY while another selftest runs; what one that was killed has
 * left is overwritten. */
int selftest_policy_place(const char *text, SelftestPolicy *ret);
void selftest_policy_remove(SelftestPolicy *p);
