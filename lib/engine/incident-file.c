/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/incident-file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fdio.h"

int incident_file_read(int dir_fd, const char *file, char **ret) {
        _cleanup_close_ int fd = fdio_open_at(dir_fd, file);
        _cleanup_free_ char *text = NULL;
        struct stat st;
        ssize_t n;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size > INCIDENT_FILE_MAX)
                return -EFBIG;
        text = malloc((size_t) st.st_size + 2);
        if (!text)
                return -ENOMEM;
        n = fdio_pread_all(fd, text, (size_t) st.st_size + 2);
        if (n < 0)
                return (int) n;
        *ret = TAKE_PTR(text);
        return 0;
}
