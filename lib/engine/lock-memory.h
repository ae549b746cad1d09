/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Keeps our own memory where it is: what the crisis path needs must be resident before the crisis,
 * and stay. */

#include <stddef.h>

/* One arena, and memory that is freed stays ours. Before the first large allocation. */
void memory_tune_malloc(void);

/* Locks everything that is or will be touched (not what is merely mapped). 0 or negative errno:
 * without the right to lock so much, pages may be taken from us under pressure. */
int memory_lock(void);

/* Gives back the pages of the libraries' text and constants that starting up has used: what is
 * needed again comes again, from the page cache, in the rehearsal. Before memory_lock(). */
void memory_shed_libraries(void);

/* Locks the text and constants of the program and its libraries, all of it, used or not: mlock(2)
 * keeps a page of a file for everybody who maps it. 0 or negative errno. */
int memory_lock_text(void);

/* Makes the program's own text, constants and data resident; those of the libraries come with the
 * rehearsal. Returns the bytes it went through. */
size_t memory_touch_program(void);

/* Makes bytes at p resident and writable, without changing them. */
void memory_touch(void *p, size_t bytes);

/* The same while another thread may be writing there: by the kernel or not at all. */
void memory_touch_ahead(void *p, size_t bytes);
