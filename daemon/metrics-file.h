/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The metrics as a file that others collect: replaced as a whole, so that nobody reads half of it.
 * Written by a thread of its own, because the disk that it lies on may be slow, full or gone, and
 * nobody is to wait for that. */

#include <stdbool.h>
#include <stddef.h>

typedef struct MetricsFile MetricsFile;

/* Starts the thread. 0 or negative errno; path is copied. */
int metrics_file_new(const char *path, MetricsFile **ret);

/* Ends the thread and removes the file: what it says is true no more. A thread that hangs stays,
 * and so does what it uses. */
MetricsFile *metrics_file_free(MetricsFile *f);

/* Hands a text over, to be freed with free(); one that was not begun yet is forgotten. Never waits.
 */
void metrics_file_put(MetricsFile *f, char *text);

/* What became of the last text that was written: 0 or negative errno; -EINPROGRESS while the
 * thread is at one. */
int metrics_file_result(const MetricsFile *f);

/* What the thread does: writes text under path with ".tmp" behind it, readable for all, and renames
 * it. 0 or negative errno: then what was at path is still there, and nothing else is. Not brought
 * to the disk: after a crash of the machine it is made anew. */
int metrics_file_save(const char *path, const char *text, size_t len);
