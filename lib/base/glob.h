/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Shell-like patterns as the policy language defines them. Pure, no allocation, linear in practice
 * and bounded in the worst case (no exponential backtracking). */

#include <stdbool.h>

typedef enum GlobMode {
        GLOB_PATH, /* '*' and '?' stop at '/', '**' crosses it: cgroup, exe */
        GLOB_TEXT, /* '*' crosses everything: comm, cmdline, unit names */
} GlobMode;

/* True when the whole text matches. '*', '?', '[a-z]', '[!a-z]' and '\' escapes are special, and
 * stand for bytes. In GLOB_PATH a trailing slash-star-star matches the directory itself and
 * everything below it, and slash-star-star-slash stands for any number of directories, none
 * included. What is not well formed stands for itself. */
bool glob_match(const char *pattern, const char *text, GlobMode mode);

/* True when the pattern is well formed: brackets closed, no range backwards, no trailing backslash.
 */
bool glob_is_valid(const char *pattern);
