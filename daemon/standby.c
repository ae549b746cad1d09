/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/standby.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "base/fdio.h"
#include "base/macro.h"

#include "daemon/log.h"
#include "daemon/options.h"
#include "engine/lock-memory.h"
#include "kernel/proc-maps.h"
#include "kernel/proc.h"

/* Its libraries are some 12 MiB; a manager of another make is not to take memory for itself. */
#define MANAGER_MAX_BYTES (UINT64_C(24) << 20)

/* A file that was replaced since is not there under its name, or another one: no harm either way.
 */
static bool lock_part(void *ctx, const ProcMapping *mapping) {
        uint64_t *bytes = ctx;
        char path[PATH_MAX];

        if (mapping->path.len >= sizeof(path))
                return true;
        memcpy(path, mapping->path.at, mapping->path.len);
        path[mapping->path.len] = '\0';
        if (memory_lock_file(path, mapping->offset, mapping->bytes) == 0)
                *bytes += mapping->bytes;
        return *bytes < MANAGER_MAX_BYTES;
}

/* Without the right to look at PID 1, or where that is something else, it is slower, and no more.
 */
static void lock_manager(void) {
        _cleanup_close_ int proc_fd = fdio_open_dir_at(AT_FDCWD, "/proc");
        _cleanup_close_ int fd = FD_NONE;
        uint64_t bytes = 0;
        int r = proc_fd < 0 ? proc_fd : proc_dir_open(proc_fd, 1, &fd);

        if (r == PROC_OK)
                r = proc_maps_read_at(fd, lock_part, &bytes);
        if (r != PROC_OK)
                log_notice("the service manager's program is not kept in memory: %s",
                        r == PROC_DENIED ? "it needs CAP_SYS_PTRACE" : "it could not be looked at");
}

int standby_run(void) {
        sigset_t ends;
        int signo, r;

        log_set(LOG_LEVEL_INFO, LOG_FORM_PREFIX);
        sigemptyset(&ends);
        sigaddset(&ends, SIGTERM);
        sigaddset(&ends, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &ends, NULL);

        r = memory_lock_text();
        if (r < 0) {
                log_error("memory cannot be locked: %s", strerror(-r));
                return EXIT_FAILED;
        }
        lock_manager();
        (void) sigwait(&ends, &signo);
        return EXIT_OK;
}
