/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/connect.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fdio.h"
#include "base/text.h"

int connect_socket(const char *path, int *ret) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = FD_NONE;

        if (!text_copy(address.sun_path, sizeof(address.sun_path), path))
                return -ENAMETOOLONG;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;

        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;

        *ret = TAKE_FD(fd);
        return 0;
}
