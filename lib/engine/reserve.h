/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Large arrays whose memory counts only as far as it is touched: pools are sized for the worst case
 * and cost what is in use. */

#include <stddef.h>

/* n elements of `size` bytes, zeroed, page aligned; NULL when there is no address space for them.
 */
void *reserve_new(size_t n, size_t size);

/* With the same n and size. Returns NULL. */
void *reserve_free(void *p, size_t n, size_t size);
