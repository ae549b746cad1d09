/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-statm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/number.h"
#include "kernel/proc-list.h"
#include "kernel/proc.h"

int proc_statm_parse(const char *text, ProcStatm *ret) {
        size_t left = strlen(text);
        uint64_t pages[3];

        for (size_t i = 0; i < ELEMENTS(pages); i++) {
                int n = number_scan_u64(text, left, &pages[i]);

                if (n <= 0 ||
                        text[n] !=
                                ' ') /* more columns follow: a number that ends the text was cut */
                        return -EBADMSG;
                text += n + 1;
                left -= (size_t) n + 1;
        }

        *ret = (ProcStatm){
                .size_pages = pages[0],
                .resident_pages = pages[1],
                .shared_pages = pages[2],
                .anon_pages = sub_sat_u64(pages[1], pages[2]),
        };
        return 0;
}

int proc_statm_read_fd(int fd, ProcStatm *ret) {
        char buf[160];
        ssize_t n;

        n = fdio_pread_once(fd, buf, sizeof(buf));
        return n < 0 ? proc_outcome(n) : proc_statm_parse(buf, ret);
}

int proc_statm_read_at(int pid_fd, ProcStatm *ret) {
        _cleanup_close_ int fd = fdio_open_at(pid_fd, "statm");

        return fd < 0 ? proc_outcome(fd) : proc_statm_read_fd(fd, ret);
}

static int read_thread(int task_fd, pid_t tid, ProcStatm *ret) {
        _cleanup_close_ int fd = FD_NONE;
        char name[32];

        snprintf(name, sizeof(name), "%d/statm", tid);
        fd = fdio_open_at(task_fd, name);
        return fd < 0 ? proc_outcome(fd) : proc_statm_read_fd(fd, ret);
}

int proc_statm_read_threads(int pid_fd, void *buf, size_t size, ProcStatm *ret) {
        _cleanup_close_ int task_fd = proc_list_open(pid_fd, "task");
        bool any = false;
        ProcStatm found = { 0 };
        ProcList list;
        pid_t tid;
        int r;

        if (task_fd < 0)
                return proc_outcome(task_fd);
        r = proc_list_init(&list, task_fd, buf, size);
        if (r < 0)
                return r;

        while (found.resident_pages == 0 && (r = proc_list_next(&list, &tid)) > 0) {
                r = read_thread(task_fd, tid, &found);
                if (r == PROC_GONE)
                        continue;
                if (r != PROC_OK)
                        return r;
                any = true;
        }
        if (r < 0)
                return proc_outcome(r);
        if (!any)
                return PROC_GONE;

        *ret = found;
        return PROC_OK;
}
