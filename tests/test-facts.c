/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/facts.h"

#include "base/fdio.h"
#include "kernel/proc.h"
#include "tests/tree-fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Bed {
        Fixture fixture;
        SysRoot root;
        FactStrings *strings;
        FactsReader reader;
} Bed;

static void bed_init(Bed *b) {
        fixture_init(&b->fixture);
        tree_meminfo(&b->fixture, "", 1024 * TREE_MIB, 512 * TREE_MIB, 0, 0);
        ck_assert_int_eq(sysroot_open(b->fixture.path, &b->root), 0);
        ck_assert_int_eq(fact_strings_new(&b->strings), 0);
        b->reader = (FactsReader){ .root = &b->root, .strings = b->strings, .ticks_per_sec = 100 };
}

static void bed_done(Bed *b) {
        (void) fact_strings_free(b->strings);
        sysroot_done(&b->root);
        fixture_done(&b->fixture);
}

static int read_facts(Bed *b, int pid, ProcFacts **ret) {
        _cleanup_close_ int fd = FD_NONE;
        ProcStat stat;
        ProcStatus status;

        ck_assert_int_eq(proc_dir_open(b->root.proc_fd, pid, &fd), PROC_OK);
        ck_assert_int_eq(proc_stat_read_at(fd, &stat), PROC_OK);
        ck_assert_int_eq(proc_status_read_at(fd, &status), PROC_OK);
        return facts_read(&b->reader, fd, &stat, &status, ret);
}

START_TEST(facts_come_from_all_files_of_a_process) {
        Bed b;
        ProcFacts *f;

        bed_init(&b);
        tree_process(&b.fixture, "",
                &(TreeProcess){ .pid = 42,
                        .ppid = 7,
                        .uid = 1000,
                        .comm = "a) S 1 (\n",
                        .exe = "/usr/bin/prog (deleted)",
                        .start = 12345,
                        .session = 42,
                        .tty = 136 << 8 | 3,
                        .adj = 200,
                        .cgroup = "/user.slice/user-1000.slice/user@1000.service/app.slice/"
                                  "app-x.scope" });
        ck_assert_int_eq(read_facts(&b, 42, &f), PROC_OK);
        ck_assert_int_eq(f->pid, 42);
        ck_assert_int_eq(f->ppid, 7);
        ck_assert_uint_eq(f->uid, 1000);
        ck_assert_str_eq(f->comm, "a) S 1 (\n");
        ck_assert_str_eq(f->exe, "/usr/bin/prog");
        ck_assert_uint_eq(f->start_ticks, 12345);
        ck_assert_uint_eq(f->born_usec, 123450000);
        ck_assert_str_eq(f->tty, "pts/3");
        ck_assert(f->tty_leader);
        ck_assert_int_eq(f->oom_score_adj, 200);
        ck_assert_str_eq(f->unit, "user@1000.service");
        ck_assert_str_eq(f->user_unit, "app-x.scope");
        ck_assert(!f->kthread);
        ck_assert(f->exe_is_host);
        ck_assert_uint_ne(f->class_hash, 0);
        ck_assert_uint_ne(f->group_hash, 0);
        facts_free(b.strings, f);
        ck_assert_uint_eq(fact_strings_count(b.strings), 0);
        bed_done(&b);
}
END_TEST

START_TEST(process_that_vanishes_between_two_files_gives_no_facts) {
        Bed b;
        _cleanup_close_ int fd = FD_NONE;
        ProcStat stat;
        ProcStatus status;
        ProcFacts *f = NULL;

        bed_init(&b);
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 42, .cgroup = "/a.slice" });
        ck_assert_int_eq(proc_dir_open(b.root.proc_fd, 42, &fd), PROC_OK);
        ck_assert_int_eq(proc_stat_read_at(fd, &stat), PROC_OK);
        ck_assert_int_eq(proc_status_read_at(fd, &status), PROC_OK);
        fixture_remove(&b.fixture, "proc/42/cgroup");
        ck_assert_int_eq(facts_read(&b.reader, fd, &stat, &status, &f), PROC_GONE);
        ck_assert_ptr_null(f);
        ck_assert_uint_eq(fact_strings_count(b.strings), 0); /* nothing is left behind */
        bed_done(&b);
}
END_TEST

START_TEST(process_without_exe_and_adj_is_not_overlooked) {
        Bed b;
        ProcFacts *f;

        bed_init(&b);
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 42 });
        fixture_remove(&b.fixture, "proc/42/oom_score_adj"); /* a recording may lack it */
        ck_assert_int_eq(read_facts(&b, 42, &f), PROC_OK);
        ck_assert_str_eq(f->exe, "");
        ck_assert(!f->exe_is_host);
        ck_assert_int_eq(f->oom_score_adj, 0);
        facts_free(b.strings, f);
        bed_done(&b);
}
END_TEST

static const struct {
        const char *name;
        unsigned uid;
        const char *cgroup;
        int adj;
        bool inherited;
} adj_cases[] = {
        { "session of a user", 1000, "/user.slice/user-1000.slice/session-3.scope", -1000, true },
        { "app of a user", 1000,
                "/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope", -1000,
                true },
        { "service with a user of its own", 999, "/system.slice/db.service", -1000, false },
        { "root in a session", 0, "/user.slice/user-0.slice/session-1.scope", -1000, false },
        { "less than -1000", 1000, "/user.slice/user-1000.slice/session-3.scope", -999, false },
        { "no cgroup known", 1000, "/", -1000, false },
};

START_TEST(adj_is_intent_or_inheritance) {
        Bed b;
        ProcFacts *f;

        bed_init(&b);
        tree_process(&b.fixture, "",
                &(TreeProcess){ .pid = 42,
                        .uid = adj_cases[_i].uid,
                        .cgroup = adj_cases[_i].cgroup,
                        .adj = adj_cases[_i].adj });
        ck_assert_int_eq(read_facts(&b, 42, &f), PROC_OK);
        ck_assert_msg(f->adj_inherited == adj_cases[_i].inherited, "%s", adj_cases[_i].name);
        facts_free(b.strings, f);
        bed_done(&b);
}
END_TEST

START_TEST(program_of_a_container_is_not_the_hosts) {
        Bed b;
        ProcFacts *f;

        bed_init(&b);
        tree_process(&b.fixture, "",
                &(TreeProcess){ .pid = 42,
                        .exe = "/usr/sbin/sshd",
                        .cgroup = "/system.slice/docker-"
                                  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                  ".scope" });
        ck_assert_int_eq(read_facts(&b, 42, &f), PROC_OK);
        ck_assert_uint_eq(strlen(f->container), 64);
        ck_assert(!f->exe_is_host);
        facts_free(b.strings, f);
        bed_done(&b);
}
END_TEST

START_TEST(own_program_is_the_hosts_on_the_live_system) {
        SysRoot root;
        FactStrings *strings;
        FactsReader reader;
        ProcStat stat;
        ProcStatus status;
        ProcFacts *f;
        int fd;

        ck_assert_int_eq(sysroot_open(NULL, &root), 0);
        ck_assert_int_eq(fact_strings_new(&strings), 0);
        reader = (FactsReader){ .root = &root, .strings = strings, .ticks_per_sec = 100 };
        ck_assert_int_eq(proc_dir_open(root.proc_fd, getpid(), &fd), PROC_OK);
        ck_assert_int_eq(proc_stat_read_at(fd, &stat), PROC_OK);
        ck_assert_int_eq(proc_status_read_at(fd, &status), PROC_OK);
        ck_assert_int_eq(facts_read(&reader, fd, &stat, &status, &f), PROC_OK);
        ck_assert(f->exe_is_host);
        ck_assert_ptr_nonnull(strstr(f->exe, "test-facts"));
        facts_free(strings, f);
        (void) close_fd(fd);
        (void) fact_strings_free(strings);
        sysroot_done(&root);
}
END_TEST

START_TEST(kernel_thread_has_nothing_but_its_name) {
        Bed b;
        ProcFacts *f;

        bed_init(&b);
        tree_process(&b.fixture, "",
                &(TreeProcess){ .pid = 9, .ppid = 2, .comm = "kswapd0", .flags = 0x200000 });
        fixture_remove(&b.fixture, "proc/9/cgroup"); /* would be an error for others */
        ck_assert_int_eq(read_facts(&b, 9, &f), PROC_OK);
        ck_assert(f->kthread);
        facts_free(b.strings, f);
        bed_done(&b);
}
END_TEST

START_TEST(copy_has_references_of_its_own) {
        Bed b;
        ProcFacts *f, *copy;

        bed_init(&b);
        tree_process(&b.fixture, "",
                &(TreeProcess){ .pid = 42, .exe = "/bin/x", .cgroup = "/a.slice/b.service" });
        ck_assert_int_eq(read_facts(&b, 42, &f), PROC_OK);
        copy = facts_copy(b.strings, f);
        ck_assert(facts_equal(copy, f));
        ck_assert_int_eq(facts_set_cmdline(b.strings, copy, "x --all", 7), 0);
        facts_free(b.strings, f);
        ck_assert_str_eq(copy->exe, "/bin/x");
        ck_assert_str_eq(copy->cmdline, "x --all");
        facts_free(b.strings, copy);
        ck_assert_uint_eq(fact_strings_count(b.strings), 0);
        bed_done(&b);
}
END_TEST

START_TEST(texts_are_shared_and_counted) {
        FactStrings *t;
        const char *a, *b;

        ck_assert_int_eq(fact_strings_new(&t), 0);
        a = fact_strings_ref(t, "one", 3);
        b = fact_strings_ref(t, "one more", 3);
        ck_assert_ptr_eq(a, b);
        ck_assert_ptr_ne(fact_strings_ref(t, "one more", 8), a);
        ck_assert_uint_eq(fact_strings_count(t), 2);
        fact_strings_unref(t, a);
        ck_assert_str_eq(b, "one");
        fact_strings_unref(t, b);
        ck_assert_uint_eq(fact_strings_count(t), 1);
        ck_assert_str_eq(fact_strings_ref(t, "", 0), "");
        fact_strings_unref(t, "");
        fact_strings_unref(t, NULL);
        ck_assert_uint_eq(fact_strings_count(t), 1);
        (void) fact_strings_free(t);
}
END_TEST

START_TEST(thousands_of_texts_are_found_again) {
        const char *refs[3000];
        FactStrings *t;
        char text[32];

        ck_assert_int_eq(fact_strings_new(&t), 0);
        for (int i = 0; i < 3000; i++) {
                (void) snprintf(text, sizeof(text), "text %d", i);
                refs[i] = fact_strings_ref(t, text, strlen(text));
        }
        for (int i = 0; i < 3000; i++) {
                (void) snprintf(text, sizeof(text), "text %d", i);
                ck_assert_ptr_eq(fact_strings_ref(t, text, strlen(text)), refs[i]);
                fact_strings_unref(t, refs[i]);
        }
        ck_assert_uint_eq(fact_strings_count(t), 3000);
        for (int i = 0; i < 3000; i++)
                fact_strings_unref(t, refs[i]);
        ck_assert_uint_eq(fact_strings_count(t), 0);
        (void) fact_strings_free(t);
}
END_TEST

static const struct {
        int nr;
        const char *name;
} tty_cases[] = {
        { 0, "" },
        { 136 << 8, "pts/0" },
        { 136 << 8 | 255, "pts/255" },
        { 136 << 8 | 0x100000 | 1, "pts/257" },
        { 137 << 8 | 2, "pts/258" },
        { 4 << 8 | 1, "tty1" },
        { 4 << 8 | 64, "ttyS0" },
        { 204 << 8 | 64, "204:64" },
        { -1, "4095:1048575" },
};

START_TEST(terminals_have_names) {
        char buf[32];

        facts_tty_name(tty_cases[_i].nr, buf, sizeof(buf));
        ck_assert_str_eq(buf, tty_cases[_i].name);
}
END_TEST

int main(void) {
        Suite *s = suite_create("facts");
        TCase *tc = tcase_create("facts");

        tcase_add_test(tc, facts_come_from_all_files_of_a_process);
        tcase_add_test(tc, process_that_vanishes_between_two_files_gives_no_facts);
        tcase_add_test(tc, process_without_exe_and_adj_is_not_overlooked);
        tcase_add_loop_test(tc, adj_is_intent_or_inheritance, 0, (int) ELEMENTS(adj_cases));
        tcase_add_test(tc, program_of_a_container_is_not_the_hosts);
        tcase_add_test(tc, own_program_is_the_hosts_on_the_live_system);
        tcase_add_test(tc, kernel_thread_has_nothing_but_its_name);
        tcase_add_test(tc, copy_has_references_of_its_own);
        tcase_add_test(tc, texts_are_shared_and_counted);
        tcase_add_test(tc, thousands_of_texts_are_found_again);
        tcase_add_loop_test(tc, terminals_have_names, 0, (int) ELEMENTS(tty_cases));
        suite_add_tcase(s, tc);
        return harness_run(s);
}
