/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "kernel/pidfd.h"
#include "tests/harness.h"

#define MEMINFO                                                                                    \
        "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 500 kB\nSwapTotal: 100 kB\nSwapFree: "   \
        "50 kB\n"
#define PSI                                                                                        \
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 "  \
        "total=0\n"
#define STAT "%d (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 %d 0 77 1 1\n"

static Fixture f;

/* A whole machine with everything. */
static void set_up(void) {
        fixture_init(&f);
        fixture_file(&f, "proc/meminfo", MEMINFO);
        fixture_file(&f, "proc/vmstat",
                "oom_kill 0\nworkingset_refault_file 0\nworkingset_refault_anon 0\n");
        fixture_file(
                &f, "proc/zoneinfo", "Node 0, zone Normal\n min 1\n low 2\n high 3\n managed 10\n");
        fixture_file(&f, "proc/swaps",
                "Filename Type Size Used Priority\n/dev/zram0 partition 100 50 5\n");
        fixture_file(&f, "proc/pressure/memory", PSI);
        fixture_file(&f, "proc/pressure/io", PSI);
        fixture_file(&f, "proc/pressure/cpu", PSI);
        fixture_file(&f, "proc/spl/kstat/zfs/arcstats", "c_min 4 1\nsize 4 2\n");
        fixture_file(
                &f, "proc/self/mountinfo", "40 30 0:37 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        fixture_file(&f, "sys/block/zram0/mm_stat", "1 2 3 4 5 6 7 8 9\n");
        fixture_file(&f, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
        fixture_file(&f, "sys/fs/cgroup/cgroup.subtree_control", "cpu memory pids\n");
        fixture_file(&f, "sys/fs/cgroup/init.scope/cgroup.kill", "");
}

static void tear_down(void) {
        fixture_done(&f);
}

static Probe run(void) {
        SysRoot root = SYSROOT_INIT;
        Probe probe;

        ck_assert_int_eq(sysroot_open(f.path, &root), 0);
        probe_run(&root, &probe);
        sysroot_done(&root);
        return probe;
}

static void expect(const Probe *probe, ProbeId id, ProbeState state, const char *why) {
        const ProbeItem *item = &probe->items[id];

        ck_assert_msg(item->state == state, "%s: %s, not %s (%s)", item->name,
                probe_state_to_string(item->state), probe_state_to_string(state), item->why);
        ck_assert_msg(
                strstr(item->why, why) != NULL, "%s: '%s' lacks '%s'", item->name, item->why, why);
}

START_TEST(a_machine_with_everything_lacks_nothing) {
        Probe probe = run();

        for (ProbeId id = PROBE_MEMINFO; id <= PROBE_PROCESSES; id++) {
                if (id == PROBE_PSI_TRIGGERS)
                        continue; /* a recording has none */
                expect(&probe, id, PROBE_PRESENT, "");
                ck_assert_str_eq(probe.items[id].why, "");
                ck_assert_str_eq(probe.items[id].consequence, "");
        }
}
END_TEST

START_TEST(every_item_has_a_name_and_every_lack_a_reason) {
        Probe probe;

        for (int i = 0; i < 2; i++) {
                probe = run();
                for (ProbeId id = 0; id < _PROBE_MAX; id++) {
                        ck_assert_ptr_nonnull(probe.items[id].name);
                        ck_assert_ptr_nonnull(probe.items[id].consequence);
                        ck_assert_msg((probe.items[id].state == PROBE_PRESENT) ==
                                        (probe.items[id].why[0] == '\0'),
                                "%s: '%s'", probe.items[id].name, probe.items[id].why);
                        ck_assert_msg(strcmp(probe.items[id].why, "not asked") != 0, "%s",
                                probe.items[id].name);
                }
                fixture_done(&f); /* the second time an empty machine */
                fixture_init(&f);
                fixture_file(&f, "proc/x", "");
        }
}
END_TEST

static const struct {
        const char *file, *text; /* text NULL: removed */
        ProbeId id;
        ProbeState state;
        const char *why;
} lacks[] = {
        { "proc/meminfo", NULL, PROBE_MEMINFO, PROBE_ABSENT, "No such file" },
        { "proc/meminfo", "", PROBE_MEMINFO, PROBE_ABSENT, "does not say" },
        { "proc/meminfo",
                "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 500 kB\nSwapTotal: 100 "
                "kB\nSwapFree: "
                "18446744073709551360 kB\n",
                PROBE_MEMINFO, PROBE_DEGRADED, "SwapFree" },
        { "proc/vmstat", NULL, PROBE_VMSTAT, PROBE_ABSENT, "No such file" },
        { "proc/vmstat", "workingset_refault_file 0\n", PROBE_VMSTAT, PROBE_DEGRADED, "oom_kill" },
        { "proc/vmstat", "oom_kill 0\n", PROBE_VMSTAT, PROBE_DEGRADED, "refault" },
        { "proc/vmstat", "oom_kill 0\nworkingset_refault 0\n", PROBE_VMSTAT, PROBE_DEGRADED,
                "5.9" },
        { "proc/zoneinfo", NULL, PROBE_ZONEINFO, PROBE_ABSENT, "No such file" },
        { "proc/swaps", NULL, PROBE_SWAPS, PROBE_ABSENT, "No such file" },
        { "proc/swaps", NULL, PROBE_ZRAM, PROBE_ABSENT, "unknown" },
        { "proc/swaps", "Filename\n/dev/sda2 partition 10 0 -2\n", PROBE_ZRAM, PROBE_ABSENT,
                "no swap lives on zram" },
        { "sys/block/zram0/mm_stat", NULL, PROBE_ZRAM, PROBE_DEGRADED, "1 of 1" },
        { "proc/spl/kstat/zfs/arcstats", NULL, PROBE_ARC, PROBE_ABSENT, "ZFS" },
        { "proc/spl/kstat/zfs/arcstats", "size 4 2\n", PROBE_ARC, PROBE_DEGRADED, "arcstats" },
        { "proc/pressure/memory", NULL, PROBE_PSI_MEMORY, PROBE_ABSENT, "psi=1" },
        { "proc/pressure/io", NULL, PROBE_PSI_IO, PROBE_ABSENT, "/proc/pressure/io" },
        { "proc/pressure/cpu", "garbage", PROBE_PSI_CPU, PROBE_ABSENT, "does not say" },
        { "sys/fs/cgroup/cgroup.controllers", "cpu io\n", PROBE_CGROUP_MEMORY, PROBE_ABSENT,
                "cgroup_enable=memory" },
        { "sys/fs/cgroup/cgroup.controllers", "cpu memory_x\n", PROBE_CGROUP_MEMORY, PROBE_ABSENT,
                "booted without" },
        { "sys/fs/cgroup/cgroup.controllers", NULL, PROBE_CGROUP_MEMORY, PROBE_ABSENT,
                "No such file" },
        { "sys/fs/cgroup/cgroup.subtree_control", "cpu\n", PROBE_CGROUP_MEMORY, PROBE_DEGRADED,
                "below the root" },
        { "sys/fs/cgroup/init.scope/cgroup.kill", NULL, PROBE_CGROUP_KILL, PROBE_ABSENT, "5.14" },
        { "proc/self/mountinfo",
                "31 30 0:28 / /cg rw - cgroup cgroup rw,memory\n40 30 0:37 / "
                "/sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
                PROBE_CGROUP_MEMORY, PROBE_ABSENT, "v1" },
        { "proc/self/mountinfo", "20 1 0:20 / /proc rw - proc proc rw\n", PROBE_CGROUP2,
                PROBE_ABSENT, "mounted" },
};

START_TEST(each_lack_is_found_alone_and_named) {
        for (size_t i = 0; i < ELEMENTS(lacks); i++) {
                Probe probe;

                if (lacks[i].text)
                        fixture_file(&f, lacks[i].file, lacks[i].text);
                else
                        fixture_remove(&f, lacks[i].file);
                probe = run();
                expect(&probe, lacks[i].id, lacks[i].state, lacks[i].why);
                tear_down();
                set_up();
        }
}
END_TEST

START_TEST(a_proc_that_shows_processes_only_is_named_as_the_reason) {
        Probe probe;

        fixture_file(&f, "proc/self/mountinfo", "20 1 0:20 / /proc rw - proc proc rw,subset=pid\n");
        fixture_remove(&f, "proc/meminfo");
        fixture_remove(&f, "proc/pressure/memory");
        probe = run();
        expect(&probe, PROBE_MEMINFO, PROBE_ABSENT, "subset=pid");
        expect(&probe, PROBE_PSI_MEMORY, PROBE_ABSENT, "subset=pid");
}
END_TEST

START_TEST(hidden_processes_are_counted) {
        static const struct {
                const char *loadavg;
                ProbeState state;
                const char *why;
        } rows[] = {
                { "0.00 0.00 0.00 1/500 99\n", PROBE_DEGRADED, "can see 7 of 500 processes" },
                { "0.00 0.00 0.00 1/7 99\n", PROBE_PRESENT, "" },
                { "0.00 0.00 0.00 1/5 99\n", PROBE_PRESENT, "" }, /* some were born meanwhile */
                { "", PROBE_PRESENT, "" }, /* unknown: nothing to compare with */
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char text[128];
                Probe probe;

                fixture_file(&f, "proc/self/mountinfo",
                        "20 1 0:20 / /proc rw - proc proc rw,hidepid=invisible\n");
                snprintf(text, sizeof(text), STAT, 17, 3);
                fixture_file(&f, "proc/17/stat", text);
                snprintf(text, sizeof(text), STAT, 18, 4);
                fixture_file(&f, "proc/18/stat", text);
                fixture_file(&f, "proc/19/comm", "ended between listing and reading");
                fixture_file(&f, "proc/loadavg", rows[i].loadavg);
                probe = run();
                expect(&probe, PROBE_PROCESSES, rows[i].state, rows[i].why);
                ck_assert_uint_eq(probe.visible_tasks, 7);
        }
}
END_TEST

/* A recorded tree is only looked at. */
START_TEST(a_foreign_root_is_not_written_to_and_says_nothing_of_this_machine) {
        char before[512], after[512];
        Probe probe;

        ck_assert_int_gt(fdio_read_at(f.fd, "proc/pressure/memory", before, sizeof(before)), 0);
        probe = run();
        ck_assert_int_gt(fdio_read_at(f.fd, "proc/pressure/memory", after, sizeof(after)), 0);
        ck_assert_str_eq(before, after); /* no trigger was written */
        ck_assert_int_eq(probe.trigger_mode, PSI_TRIGGER_NONE);
        ck_assert_uint_eq(probe.cap_eff, 0);
        for (ProbeId id = PROBE_PIDFD; id < _PROBE_MAX; id++)
                expect(&probe, id, PROBE_ABSENT, "not this machine");
        expect(&probe, PROBE_PSI_TRIGGERS, PROBE_ABSENT, "not this machine");
}
END_TEST

START_TEST(this_machine_can_be_asked_and_leaves_nothing_behind) {
        int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;
        SysRoot root = SYSROOT_INIT;
        Probe probe;

        close_fd(before);
        ck_assert_int_eq(sysroot_open(NULL, &root), 0);
        probe_run(&root, &probe);
        sysroot_done(&root);
        expect(&probe, PROBE_MEMINFO, PROBE_PRESENT, "");
        expect(&probe, PROBE_VMSTAT, PROBE_PRESENT, "");
        expect(&probe, PROBE_ZONEINFO, PROBE_PRESENT, "");
        ck_assert_int_eq((probe.items[PROBE_PSI_TRIGGERS].state == PROBE_PRESENT),
                probe.trigger_mode == PSI_TRIGGER_PRIVILEGED);
        ck_assert_int_eq(probe.items[PROBE_MRELEASE].state == PROBE_PRESENT,
                pidfd_release(FD_NONE) == -EBADF);
        after = open("/dev/null", O_RDONLY | O_CLOEXEC);
        ck_assert_int_eq(after, before);
        close_fd(after);
        ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0); /* no child is left */
}
END_TEST

/* Runs the probe in a child whose filter answers process_mrelease with `action`; exits with the
 * item's state, or 100 when the sentence is not the expected one. */
static void probe_filtered(uint32_t action, const char *why) {
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 448, 0, 1), /* the same number everywhere */
                BPF_STMT(BPF_RET | BPF_K, action),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = { .len = ELEMENTS(code), .filter = code };
        SysRoot root = SYSROOT_INIT;
        Probe probe;

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
                _exit(101); /* no filters here */
        if (sysroot_open(NULL, &root) < 0)
                _exit(102);
        probe_run(&root, &probe);
        _exit(strstr(probe.items[PROBE_MRELEASE].why, why) ? (int) probe.items[PROBE_MRELEASE].state
                                                           : 100);
}

START_TEST(a_filter_that_kills_ends_the_question_not_us) {
        static const struct {
                uint32_t action;
                const char *why;
        } rows[] = {
                { SECCOMP_RET_KILL_PROCESS, "kills" },
                { SECCOMP_RET_ERRNO | EPERM, "forbids" },
                { SECCOMP_RET_ERRNO | ENOSYS, "lacks" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                pid_t pid = fork();
                int status;

                if (pid == 0)
                        probe_filtered(rows[i].action, rows[i].why);
                ck_assert_int_eq(waitpid(pid, &status, 0), pid);
                ck_assert_msg(WIFEXITED(status), "row %zu: the filter ended the probe itself", i);
                if (WEXITSTATUS(status) == 101)
                        return;
                ck_assert_int_eq(WEXITSTATUS(status), PROBE_ABSENT);
        }
}
END_TEST

START_TEST(capabilities_are_our_own_effective_ones) {
        int status;
        pid_t pid;

        if (geteuid() != 0)
                return; /* only root has any to lose */
        pid = fork();
        if (pid == 0) {
                SysRoot root = SYSROOT_INIT;
                Probe probe;

                if (setgid(65534) < 0 || setuid(65534) < 0 || sysroot_open(NULL, &root) < 0)
                        _exit(100);
                probe_run(&root, &probe);
                if (probe.cap_eff != 0)
                        _exit(101);
                for (ProbeId id = PROBE_CAP_KILL; id < _PROBE_MAX; id++)
                        if (probe.items[id].state != PROBE_ABSENT ||
                                !strstr(probe.items[id].why, "is missing"))
                                _exit((int) id);
                _exit(0);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

int main(void) {
        Suite *s = suite_create("probe");
        TCase *tc = tcase_create("probe");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, a_machine_with_everything_lacks_nothing);
        tcase_add_test(tc, every_item_has_a_name_and_every_lack_a_reason);
        tcase_add_test(tc, each_lack_is_found_alone_and_named);
        tcase_add_test(tc, a_proc_that_shows_processes_only_is_named_as_the_reason);
        tcase_add_test(tc, hidden_processes_are_counted);
        tcase_add_test(tc, a_foreign_root_is_not_written_to_and_says_nothing_of_this_machine);
        tcase_add_test(tc, this_machine_can_be_asked_and_leaves_nothing_behind);
        tcase_add_test(tc, a_filter_that_kills_ends_the_question_not_us);
        tcase_add_test(tc, capabilities_are_our_own_effective_ones);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
