/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/standby.h"

#include <signal.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/options.h"
#include "engine/lock-memory.h"

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
        (void) sigwait(&ends, &signo);
        return EXIT_OK;
}
