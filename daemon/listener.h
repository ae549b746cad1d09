/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A socket in the file system at which others connect: made so that nobody sees it half made,
 * removed at the end. What is done with who connects is the owner's. For main only. */

#include <sys/types.h>

#include <systemd/sd-event.h>

#include "base/text.h"

typedef struct Listener Listener;

typedef struct ListenerOptions {
        sd_event *event;  /* borrowed */
        const char *name; /* literal, for the log */
        const char *path;
        mode_t mode;
        /* Takes a connected socket that does not block, also when it fails: 0 or negative errno. */
        int (*take)(void *userdata, int fd);
        void *userdata;
} ListenerOptions;

/* Listens (AF_UNIX, stream). A socket that nobody serves any more is replaced. 0; -EADDRINUSE when
 * another daemon answers there; negative errno. *reterr gets a sentence, or nothing. */
int listener_new(const ListenerOptions *options, Listener **ret, TextBuf *reterr);

/* Closes it and removes the socket; who is connected stays so. */
Listener *listener_free(Listener *l);
