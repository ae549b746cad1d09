/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/seats.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "base/macro.h"

static bool has_room(const Seats *s, uid_t uid) {
        size_t of_user = 0;

        if (uid == 0 || uid == s->own)
                return s->n < s->total;
        for (size_t i = 0; i < s->n; i++)
                of_user += s->uids[i] == uid;
        return s->n + s->reserved < s->total && of_user < s->per_user;
}

bool seats_take(Seats *s, uid_t uid) {
        assert(s->total <= ELEMENTS(s->uids));

        if (!has_room(s, uid))
                return false;
        s->uids[s->n++] = uid;
        return true;
}

int seats_take_peer(Seats *s, int fd, uid_t *ret_uid) {
        socklen_t len = sizeof(struct ucred);
        struct ucred peer = {};

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
                return -errno;
        if (!seats_take(s, peer.uid))
                return -EUSERS;
        *ret_uid = peer.uid;
        return 0;
}

void seats_leave(Seats *s, uid_t uid) {
        size_t i = 0;

        while (i < s->n && s->uids[i] != uid)
                i++;
        assert(i < s->n);
        s->uids[i] = s->uids[--s->n];
}
