/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lease-fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/text.h"
#include "kernel/cgroup-memory.h"

static const struct {
        const char *name, *text;
} files[] = {
        { "cgroup.procs", "" },
        { "memory.high", "max\n" },
        { "memory.max", "1073741824\n" },
        { "memory.swap.max", "0\n" },
        { "cgroup.freeze", "0\n" },
};

static void name_file(char *ret, size_t size, const char *group, const char *file) {
        ck_assert_int_lt(snprintf(ret, size, "%s/%s", group, file), (int) size);
}

void lease_fixture_group(const LeaseFixture *f, const char *name) {
        char file[128];

        for (size_t i = 0; i < ELEMENTS(files); i++) {
                name_file(file, sizeof(file), name, files[i].name);
                fixture_file(&f->f, file, files[i].text);
        }
}

void lease_fixture_remove_group(const LeaseFixture *f, const char *name) {
        char file[128];

        for (size_t i = 0; i < ELEMENTS(files); i++) {
                name_file(file, sizeof(file), name, files[i].name);
                fixture_remove(&f->f, file);
        }
        fixture_remove(&f->f, name);
}

void lease_fixture_init(LeaseFixture *f) {
        fixture_init(&f->f);
        lease_fixture_group(f, "a");
        lease_fixture_group(f, "b");
        (void) snprintf(f->path, sizeof(f->path), "%s/leases", f->f.path);
        ck_assert_int_eq(lease_ledger_open(f->path, LEDGER_DAEMON, LEASE_BOOT, &f->ledger), 0);
}

void lease_fixture_done(LeaseFixture *f) {
        f->ledger = lease_ledger_free(f->ledger);
        fixture_done(&f->f);
}

void lease_fixture_reopen(LeaseFixture *f) {
        f->ledger = lease_ledger_free(f->ledger);
        ck_assert_int_eq(lease_ledger_open(f->path, LEDGER_DAEMON, LEASE_BOOT, &f->ledger), 0);
}

uint64_t lease_fixture_inode(const LeaseFixture *f, const char *name) {
        struct stat st;

        ck_assert_int_eq(fstatat(f->f.fd, name, &st, 0), 0);
        return st.st_ino;
}

uint64_t lease_fixture_value(const LeaseFixture *f, const char *file) {
        uint64_t value;

        ck_assert_int_eq(cgroup_value_read_at(f->f.fd, file, &value), CGROUP_OK);
        return value;
}

void lease_fixture_write(const LeaseFixture *f, const char *file, const char *text) {
        fixture_file(&f->f, file, text);
}

int lease_fixture_open(const LeaseFixture *f, const char *file) {
        int fd;

        ck_assert_int_eq(cgroup_file_open_both_at(f->f.fd, file, &fd), CGROUP_OK);
        return fd;
}

LeaseTerms lease_fixture_terms(const LeaseFixture *f, const char *name, LeaseFile file) {
        LeaseTerms terms = { .file = file, .inode = lease_fixture_inode(f, name) };

        (void) snprintf(terms.path, sizeof(terms.path), "/%s", name);
        (void) text_copy(terms.policy, sizeof(terms.policy), "squeeze");
        return terms;
}
