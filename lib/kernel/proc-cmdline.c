/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-cmdline.h"

#include <errno.h>

#include "base/fdio.h"
#include "kernel/proc.h"

size_t proc_cmdline_join(char *data, size_t len) {
        while (len > 0 && data[len - 1] == '\0')
                len--;

        for (size_t i = 0; i < len; i++)
                if (data[i] == '\0')
                        data[i] = ' ';
        data[len] = '\0';
        return len;
}

int proc_cmdline_read_at(int pid_fd, char *buf, size_t size) {
        _cleanup_close_ int fd = fdio_open_at(pid_fd, "cmdline");
        ssize_t n;

        if (fd < 0)
                return proc_outcome(fd);

        n = fdio_pread_all(fd, buf, size);
        if (n == -EOVERFLOW)
                n = (ssize_t) size - 1;
        if (n < 0)
                return proc_outcome(n);

        (void) proc_cmdline_join(buf, (size_t) n); /* callers take the text */
        return PROC_OK;
}
