/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/psi.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/number.h"

#define WINDOW_MAX (10 * USEC_PER_SEC)
#define WINDOW_LEAST (500 * USEC_PER_MSEC) /* with CAP_SYS_RESOURCE, before 6.5 */
#define WINDOW_COARSE (2 * USEC_PER_SEC)   /* without it: a multiple of this */

int psi_trigger_format(PsiStall kind, usec_t threshold_usec, usec_t window_usec, char *buf) {
        return 1 +
                snprintf(buf, PSI_TRIGGER_TEXT_MAX, "%s %" PRIu64 " %" PRIu64,
                        kind == PSI_STALL_FULL ? "full" : "some", threshold_usec, window_usec);
}

static int outcome(int r) {
        switch (r) {
        case -ENOENT:
        case -ENODEV:
                return PSI_GONE;
        case -EOPNOTSUPP:
                return PSI_UNSUPPORTED;
        case -EPERM: /* before 6.x the file cannot be opened for writing without the capability */
        case -EACCES:
        case -EROFS:
                return PSI_REFUSED;
        default:
                return r;
        }
}

/* The kernel asks the credentials of the opener, in whatever user namespace. */
static bool has_sys_resource(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

        return syscall(SYS_capget, &header, data) == 0 &&
                (data[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective & CAP_TO_MASK(CAP_SYS_RESOURCE)) !=
                0;
}

static int arm(int fd, PsiStall kind, usec_t threshold_usec, usec_t window_usec) {
        char text[PSI_TRIGGER_TEXT_MAX];
        int len = psi_trigger_format(kind, threshold_usec, window_usec, text);
        ssize_t n;

        do
                n = write(fd, text, (size_t) len);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return n == len ? 0 : -EIO;
}

/* Windows to try after the wanted one was invalid, in order. USEC_UNSET: none is left. */
static usec_t next_window(usec_t refused_usec) {
        if (refused_usec < WINDOW_LEAST)
                return WINDOW_LEAST;
        if (refused_usec % WINDOW_COARSE != 0)
                return (refused_usec / WINDOW_COARSE + 1) * WINDOW_COARSE;
        return USEC_UNSET;
}

static int read_baseline(int fd, PsiStall kind, uint64_t *ret) {
        PsiStats stats;
        int r = psi_read_fd(fd, &stats);

        if (r == PSI_OK)
                *ret = kind == PSI_STALL_FULL ? stats.full.total_usec : stats.some.total_usec;
        return r;
}

int psi_trigger_open(int dirfd, const char *name, PsiStall kind, usec_t threshold_usec,
        usec_t window_usec, PsiTrigger *ret) {
        _cleanup_close_ int fd = FD_NONE;
        uint64_t baseline = 0;
        usec_t window = window_usec, threshold = threshold_usec;
        int r;

        if (threshold == 0 || threshold > window || window > WINDOW_MAX)
                return -EINVAL;

        fd = openat(dirfd, name, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
        if (fd < 0)
                return outcome(-errno);
        r = read_baseline(fd, kind, &baseline);
        if (r != PSI_OK)
                return r;

        while ((r = arm(fd, kind, threshold, window)) == -EINVAL) {
                window = next_window(window);
                if (window == USEC_UNSET)
                        return PSI_REFUSED;
                threshold = mul_div_u64(threshold_usec, window, window_usec);
        }
        if (r < 0)
                return outcome(r);

        *ret = (PsiTrigger){
                .fd = TAKE_FD(fd),
                .mode = window % WINDOW_COARSE == 0 && !has_sys_resource() ? PSI_TRIGGER_COARSE
                                                                           : PSI_TRIGGER_PRIVILEGED,
                .threshold_usec = threshold,
                .window_usec = window,
                .baseline_usec = baseline,
        };
        return PSI_OK;
}

void psi_trigger_done(PsiTrigger *t) {
        close_fd(t->fd);
        *t = PSI_TRIGGER_INIT;
}
