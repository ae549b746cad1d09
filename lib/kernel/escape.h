/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The kernel's way of writing blanks and line ends in file names: \040, \011, \012, \134. */

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Copies s into dst[size] with the escapes undone, NUL-terminated, cut if it does not fit. Returns
 * false when it was cut. */
bool escape_undo(Slice s, char *dst, size_t size);
