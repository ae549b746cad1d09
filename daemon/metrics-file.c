/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/text.h"
#include "engine/thread.h"

enum {
        STACK_BYTES = 64 * 1024,
        STOP_TIMEOUT_USEC = 2 * 1000 * 1000,
        PATH_MAX_BYTES = 4096,
};

struct MetricsFile {
        char path[PATH_MAX_BYTES];
        pthread_t thread;
        bool running;
        int wake_fd; /* read by the thread, written by main */
        atomic_bool stop;
        _Atomic(char *) next; /* to be written; NULL: nothing new */
        atomic_int result;
};

static int write_all(int fd, const char *text, size_t len) {
        while (len > 0) {
                ssize_t n = write(fd, text, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                text += n;
                len -= (size_t) n;
        }
        return 0;
}

/* The umask of a daemon is not what those who collect need. */
static int write_new(const char *path, const char *text, size_t len) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        int r;

        if (fd < 0)
                return -errno;
        r = write_all(fd, text, len);
        if (r == 0 && fchmod(fd, 0644) < 0)
                r = -errno;
        if (r == 0 && close(TAKE_FD(fd)) < 0)
                r = -errno; /* where quotas are told late */
        return r;
}

int metrics_file_save(const char *path, const char *text, size_t len) {
        char own[PATH_MAX_BYTES];
        TextBuf b;
        int r;

        textbuf_init(&b, own, sizeof(own));
        textbuf_addf(&b, "%s.tmp", path);
        if (b.truncated)
                return -ENAMETOOLONG;
        (void) unlink(
                own); /* left by one that was killed, or put there by somebody: not followed */
        r = write_new(own, text, len);
        if (r == 0 && rename(own, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlink(own);
        return r;
}

static void *run(void *ctx) {
        MetricsFile *f = ctx;

        while (!atomic_load(&f->stop)) {
                uint64_t ignored;
                char *text;

                (void) !read(f->wake_fd, &ignored, sizeof(ignored)); /* waits */
                text = atomic_exchange(&f->next, NULL);
                if (!text)
                        continue;
                atomic_store(&f->result, -EINPROGRESS);
                atomic_store(&f->result, metrics_file_save(f->path, text, strlen(text)));
                free(text);
        }
        (void) unlink(f->path);
        return NULL;
}

static void wake(MetricsFile *f) {
        uint64_t one = 1;

        (void) !write(f->wake_fd, &one, sizeof(one));
}

int metrics_file_new(const char *path, MetricsFile **ret) {
        MetricsFile *f = calloc(1, sizeof(*f));
        int r;

        if (!f)
                return -ENOMEM;
        f->wake_fd = eventfd(0, EFD_CLOEXEC);
        if (!text_copy(f->path, sizeof(f->path), path))
                r = -ENAMETOOLONG;
        else if (f->wake_fd < 0)
                r = -errno;
        else
                r = thread_start(&(ThreadSpec){ .name = "avert-metrics",
                                         .stack_bytes = STACK_BYTES,
                                         .run = run,
                                         .ctx = f },
                        &f->thread);
        f->running = r == 0;
        if (r < 0) {
                metrics_file_free(f);
                return r;
        }
        *ret = f;
        return 0;
}

MetricsFile *metrics_file_free(MetricsFile *f) {
        if (!f)
                return NULL;

        if (f->running) {
                atomic_store(&f->stop, true);
                wake(f);
                if (thread_join(f->thread, STOP_TIMEOUT_USEC) < 0)
                        return NULL; /* it hangs in the kernel: what it uses stays */
        }
        free(atomic_load(&f->next));
        close_fd(f->wake_fd);
        free(f);
        return NULL;
}

void metrics_file_put(MetricsFile *f, char *text) {
        free(atomic_exchange(&f->next, text));
        wake(f);
}

int metrics_file_result(const MetricsFile *f) {
        return atomic_load(&f->result);
}
