/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a standing limit writes into the files of a cgroup. It prevents and must not harm:
 * memory.max below what cannot be reclaimed would make the kernel kill. */

#include "core/lease-book.h"

#define LIMIT_WISHES_MAX 2

/* False when it has to wait; *ret_why (a literal) tells. *ret_n: 0 when nothing is to be done, then
 * *ret_why tells, or is NULL when the incident has it already. */
bool limit_find_wishes(Judge *j, const Incident *i, const GroupSample *g, const Step *step,
        LeaseWish ret[LIMIT_WISHES_MAX], size_t *ret_n, const char **ret_why);
