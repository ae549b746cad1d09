/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/rivals.h"

#include <string.h>

#include "base/fdio.h"
#include "kernel/proc-list.h"

static const char *const rivals[] = { "earlyoom", "systemd-oomd", "nohang", "nohang-desktop",
        "oomd", "bustd" };

static bool is_rival(Slice comm) {
        for (size_t i = 0; i < ELEMENTS(rivals); i++)
                if (slice_equals(comm, slice_of(rivals[i])))
                        return true;
        return false;
}

int rivals_find(int proc_fd, TextBuf *ret) {
        _cleanup_close_ int fd = FD_NONE;
        _Alignas(8) char buf[16 * 1024];
        ProcList list;
        pid_t pid;
        int n = 0;
        int r;

        fd = proc_list_open(proc_fd, ".");
        if (fd < 0)
                return fd;
        r = proc_list_init(&list, fd, buf, sizeof(buf));
        if (r < 0)
                return r;

        while ((r = proc_list_next(&list, &pid)) > 0) {
                char name[32], comm[64];
                Slice rest, line;
                TextBuf b;

                textbuf_init(&b, name, sizeof(name));
                textbuf_addf(&b, "%d/comm", (int) pid);
                if (fdio_read_at(proc_fd, name, comm, sizeof(comm)) < 0)
                        continue; /* gone meanwhile, or hidden from us */

                rest = slice_of(comm);
                if (slice_next_line(&rest, &line) && is_rival(line)) {
                        textbuf_add(ret, n++ > 0 ? ", " : "");
                        textbuf_add_slice(ret, line);
                        textbuf_addf(ret, " (pid %d)", (int) pid);
                }
        }
        return r < 0 ? r : n;
}
