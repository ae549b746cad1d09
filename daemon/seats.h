/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who may take another place at one of our sockets: so many in all, so many for one user, some kept
 * back for root and ourselves. Counts by uid and knows nothing of what the places are for. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { SEATS_MAX = 256 };

typedef struct Seats {
        size_t total;    /* places, SEATS_MAX at most */
        size_t reserved; /* of these, for root and `own`: nobody can lock the administrator out */
        size_t per_user; /* for one uid, but for root and `own` */
        uid_t own;
        uid_t uids[SEATS_MAX]; /* of those taken, in any order */
        size_t n;
} Seats;

/* Takes a place for uid. False: there is none for it. */
bool seats_take(Seats *s, uid_t uid);

/* Takes a place for whoever is at the other end of a connected AF_UNIX socket (SO_PEERCRED: who it
 * was when it connected). 0; -EUSERS when there is none; negative errno. */
int seats_take_peer(Seats *s, int fd, uid_t *ret_uid);

/* Gives a place of uid back; it was taken before. */
void seats_leave(Seats *s, uid_t uid);
