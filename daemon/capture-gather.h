/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reads what the kernel says about a target, file by file, in a process that may hang at any of
 * them: each goes out as soon as it is read, what is most likely to hang comes last. */

#include <stdint.h>

#include "core/decide.h"

#define CAPTURE_TEXT_MAX (16u << 10)

typedef enum CaptureState {
        CAPTURE_READ,
        CAPTURE_GONE,     /* the process or cgroup is */
        CAPTURE_REPLACED, /* another process has the number */
        CAPTURE_MISSING,  /* no such file here; or not for us: error */
} CaptureState;

#define CAPTURE_CGROUP (-1)

typedef struct CapturePiece {
        int32_t process; /* index into the errand's processes, or CAPTURE_CGROUP */
        CaptureState state;
        int32_t error;
        char name[32]; /* of the file; "": of all its files */
        uint32_t len;
        char text[CAPTURE_TEXT_MAX]; /* as the kernel wrote it, cut; not NUL-terminated */
} CapturePiece;

/* Sends pieces to fd, a seqpacket socket, until all is read or nobody listens. root: "" is this
 * machine. The directory of the cgroup is that of the path now: a capture may be of a cgroup that
 * has been replaced, and names its inode (the piece "inode"). */
void capture_gather(const Errand *errand, const char *root, int fd);
