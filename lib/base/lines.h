/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A kept file, line by line, through a small buffer of the caller's: how files of unknown length
 * (vmstat, zoneinfo, status with its 65,536 groups) are read without allocating. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

typedef struct Lines {
        int fd;
        char *buf;
        size_t size;
        size_t start, end; /* what is in buf and not yet handed out */
        uint64_t offset;   /* of the next pread */
        bool one_piece;    /* a short read is the end of the file: saves the read that returns 0 */
        bool at_end;
        bool skipping; /* the rest of a line that was cut */
} Lines;

/* Starts at offset 0 of fd, which stays the caller's, as does buf[size] (it bounds the length of a
 * line). one_piece: true for files that the kernel writes in one go (see fdio_pread_once()). */
void lines_init(Lines *l, int fd, char *buf, size_t size, bool one_piece);

/* Fetches the next line, without '\n' and a preceding '\r'; a line longer than the buffer is cut to
 * it and the rest skipped. The line is valid until the next call. Returns 1; 0 at the end; negative
 * errno. */
int lines_next(Lines *l, Slice *ret);
