/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* UTF-8 as far as cutting and showing foreign text needs it. Pure. */

#include <stdbool.h>
#include <stddef.h>

/* Length of the valid UTF-8 sequence at text[0..len), 1 to 4; 0 when there is none: a stray or
 * missing continuation byte, an overlong form, a surrogate, or len is 0. */
size_t utf8_sequence(const char *text, size_t len);

/* Largest n <= len such that text[0..n) does not end in the middle of a sequence. text has more
 * than len bytes or ends there. */
size_t utf8_cut(const char *text, size_t len);

/* True when the valid sequence text[0..len) would steer what shows it: control characters, line and
 * paragraph separators, marks that turn the direction of writing. */
bool utf8_is_steering(const char *text, size_t len);
