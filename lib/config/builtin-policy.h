/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The text of conf/10-default.yaml, made into an array by the build. */

#include <stddef.h>

extern const char builtin_policy_text[]; /* NUL-terminated */
extern const size_t builtin_policy_len;  /* without the NUL */
