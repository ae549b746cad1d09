/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/harness.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fixture_init(Fixture *f) {
        const char *base = getenv("TMPDIR");
        char *made;

        snprintf(f->path, sizeof(f->path), "%s/avert-test-XXXXXX", base && *base ? base : "/tmp");
        made = mkdtemp(f->path);
        ck_assert_msg(made != NULL, "cannot make %s", f->path);
        f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ck_assert_int_ge(f->fd, 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

void fixture_done(Fixture *f) {
        close(f->fd);
        nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_parents(const Fixture *f, const char *name) {
        char path[512];

        snprintf(path, sizeof(path), "%s", name);
        for (char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
                *p = '\0';
                (void) mkdirat(f->fd, path, 0755); /* it may be there already */
                *p = '/';
        }
}

void fixture_bytes(const Fixture *f, const char *name, const void *data, size_t len) {
        int fd;

        make_parents(f, name);
        fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        ck_assert_msg(fd >= 0, "cannot write %s", name);
        ck_assert_int_eq(write(fd, data, len), (ssize_t) len);
        close(fd);
}

void fixture_file(const Fixture *f, const char *name, const char *text) {
        fixture_bytes(f, name, text, strlen(text));
}

void fixture_link(const Fixture *f, const char *name, const char *target) {
        make_parents(f, name);
        ck_assert_int_eq(symlinkat(target, f->fd, name), 0);
}

void fixture_remove(const Fixture *f, const char *name) {
        struct stat st;

        ck_assert_int_eq(fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
        ck_assert_int_eq(unlinkat(f->fd, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0), 0);
}

int harness_run(Suite *suite) {
        SRunner *runner = srunner_create(suite);
        int failed;

        srunner_set_tap(runner, "-");
        srunner_run_all(runner, CK_SILENT);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed == 0 ? 0 : 1;
}
