/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/scout.h"

#include "base/fdio.h"
#include "config/config-load.h"
#include "engine/scout-table.h"
#include "engine/slow-reader.h"
#include "kernel/proc-stat.h"
#include "kernel/proc.h"
#include "tests/cgroup-fixture.h"
#include "tests/process-fixture.h"
#include "tests/tree-fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A policy that watches processes, with a census of 30 s and smaller pools than a policy may ask
 * for. */
typedef struct Setup {
        uint32_t processes, kept, detailed;
        const char *match;
} Setup;

#define POLICY(...) (&(Setup){ __VA_ARGS__ })

typedef struct Bed {
        Fixture fixture;
        SysRoot root;
        Config *config;
        Roster *roster;
        Scout *scout;
        usec_t now_usec;
} Bed;

static Config *load(const Setup *setup) {
        ConfigErrors errors = { 0 };
        Config *config = NULL;
        char text[512], message[1024];
        TextBuf out;

        (void) snprintf(text, sizeof(text),
                "version: 1\npolicies:\n  - name: p\n    watch: { process: %s }\n"
                "    when: proc.anon > 1G\n    steps: [ notify: warning ]\n",
                setup->match);
        if (config_load_text("test.yaml", text, strlen(text), &config, &errors) < 0) {
                textbuf_init(&out, message, sizeof(message));
                config_errors_print(&errors, &out);
                ck_abort_msg("%s", message);
        }
        config->limits.processes = setup->processes;
        config->limits.kept = setup->kept;
        config->limits.detailed = setup->detailed;
        return config;
}

static void bed_start(Bed *b, const Setup *setup, bool live) {
        const ScoutOptions options = { .root = &b->root, .roster = NULL, .open_pids = live };
        ScoutOptions o = options;

        b->now_usec = 1000 * USEC_PER_SEC;
        b->config = load(setup);
        ck_assert_int_eq(roster_new(&b->config->limits, &b->roster), 0);
        o.roster = b->roster;
        o.self_pid = 0;
        ck_assert_int_eq(scout_new(&o, b->config, &b->scout), 0);
}

static void bed_init(Bed *b, const Setup *setup) {
        fixture_init(&b->fixture);
        tree_meminfo(&b->fixture, "", 1024 * TREE_MIB, 512 * TREE_MIB, 0, 0);
        tree_process(&b->fixture, "", &(TreeProcess){ .pid = 1, .comm = "init" });
        ck_assert_int_eq(sysroot_open(b->fixture.path, &b->root), 0);
        bed_start(b, setup, false);
}

/* A name that we and our children have, and nobody else; a policy that watches it keeps them,
 * however many larger ones there are on this machine. */
static const char *take_own_name(void) {
        static char match[64];
        char name[16];

        (void) snprintf(name, sizeof(name), "our-%d", getpid());
        ck_assert_int_eq(prctl(PR_SET_NAME, name), 0);
        (void) snprintf(match, sizeof(match), "{ comm: %s }", name);
        return match;
}

static void bed_init_live(Bed *b, const Setup *setup) {
        ck_assert_int_eq(sysroot_open(NULL, &b->root), 0);
        bed_start(b, setup, true);
}

static void bed_done(Bed *b, bool live) {
        scout_free(b->scout);
        roster_free(b->roster);
        config_unref(b->config);
        sysroot_done(&b->root);
        if (!live)
                fixture_done(&b->fixture);
}

static const RosterListing *pass(Bed *b, usec_t later_usec) {
        b->now_usec += later_usec;
        ck_assert_int_eq(scout_pass(b->scout, b->now_usec, b->now_usec, false), 0);
        return roster_acquire(b->roster, ROSTER_SENTINEL);
}

/* Position in the listing, or -1. */
static int find(Bed *b, const RosterListing *l, int32_t pid, ProcSample *ret) {
        for (size_t i = 0; i < l->n; i++) {
                roster_read(b->roster, l->slots[i], ret);
                if (ret->facts->pid == pid)
                        return (int) i;
        }
        return -1;
}

static ScoutStats stats_of(const Bed *b) {
        ScoutStats stats;

        scout_stats(b->scout, &stats);
        return stats;
}

static size_t count_fds(void) {
        DIR *d = opendir("/proc/self/fd");
        size_t n = 0;

        while (readdir(d))
                n++;
        closedir(d);
        return n;
}

/* Those of them that the roster holds, of whomever: of the kept, and of those that wait for the
 * reader to move on. How many these are is a matter of what else runs on this machine. */
static size_t count_fds_of_roster(const Bed *b) {
        size_t n = 0;

        for (uint32_t i = 0; i < b->config->limits.processes; i++) {
                const RosterSlot *s = roster_slot(b->roster, i);

                if (s->generation != 0) /* it was used */
                        n += (size_t) (s->statm_fd >= 0) + (s->status_fd >= 0) +
                                (s->score_fd >= 0) + (s->pidfd >= 0) + (s->reap_pidfd >= 0);
        }
        return n;
}

/* Descriptors of ours that lead below /proc/PID. */
static size_t count_fds_of(pid_t pid) {
        char below[32], link[280], path[256];
        DIR *d = opendir("/proc/self/fd");
        const struct dirent *e;
        size_t n = 0;

        (void) snprintf(below, sizeof(below), "/proc/%d/", pid);
        while ((e = readdir(d))) {
                ssize_t len;

                (void) snprintf(link, sizeof(link), "/proc/self/fd/%s", e->d_name);
                len = readlink(link, path, sizeof(path) - 1);
                path[len > 0 ? len : 0] = '\0';
                n += strncmp(path, below, strlen(below)) == 0;
        }
        closedir(d);
        return n;
}

/* ---- recorded trees ---- */

START_TEST(pass_lists_processes_with_facts_and_amounts) {
        Bed b;
        ProcSample p;
        const RosterListing *l;

        bed_init(&b, POLICY(64, 8, 4, "{ comm: x }"));
        tree_process(&b.fixture, "",
                &(TreeProcess){ .pid = 100,
                        .uid = 1000,
                        .comm = "hog",
                        .exe = "/bin/hog",
                        .anon = 64 * TREE_MIB,
                        .swap = 8 * TREE_MIB,
                        .file = TREE_MIB,
                        .threads = 3,
                        .cmdline = "hog --much" });
        tree_process(
                &b.fixture, "", &(TreeProcess){ .pid = 2, .comm = "kthreadd", .flags = 0x200000 });
        fixture_file(&b.fixture, "proc/self", "not a process");

        l = pass(&b, 0);
        ck_assert_uint_eq(l->n, 3);
        ck_assert_uint_eq(l->n_seen, 3);
        ck_assert_uint_eq(l->n_kept, 1); /* neither init nor kernel threads are worth it */
        ck_assert_int_eq(find(&b, l, 100, &p), 0);
        ck_assert_uint_eq(p.anon, 64 * TREE_MIB);
        ck_assert_uint_eq(p.swap, 8 * TREE_MIB);
        ck_assert_uint_eq(p.file, TREE_MIB);
        ck_assert_uint_eq(p.threads, 3);
        ck_assert_uint_eq(p.at_usec, b.now_usec);
        ck_assert_str_eq(p.facts->cmdline, "hog --much");
        ck_assert_int_ge(find(&b, l, 2, &p), 0);
        ck_assert(p.facts->kthread);
        bed_done(&b, false);
}
END_TEST

START_TEST(process_that_vanishes_midway_is_skipped_and_others_stay) {
        Bed b;
        ProcSample p;
        const RosterListing *l;

        bed_init(&b, POLICY(64, 8, 4, "{ comm: x }"));
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 100 });
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 101 });
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 102 });
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 103 });
        fixture_remove(&b.fixture, "proc/100/stat");           /* gone after the listing */
        fixture_remove(&b.fixture, "proc/101/status");         /* after stat */
        fixture_file(&b.fixture, "proc/102/stat", "102 (cut"); /* nonsense */
        l = pass(&b, 0);
        ck_assert_uint_eq(l->n_seen, 5);
        ck_assert_uint_eq(l->n, 2);
        ck_assert_int_ge(find(&b, l, 103, &p), 0);
        ck_assert_uint_eq(stats_of(&b).vanished, 2);
        ck_assert_uint_eq(stats_of(&b).refused, 1);

        /* Whole again: known at the next pass. */
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 101 });
        ck_assert_int_ge(find(&b, pass(&b, USEC_PER_SEC), 101, &p), 0);
        bed_done(&b, false);
}
END_TEST

START_TEST(known_process_that_vanishes_midway_is_taken_out) {
        Bed b;
        ProcSample p;

        bed_init(&b, POLICY(64, 8, 4, "{ comm: x }"));
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 100 });
        ck_assert_int_ge(find(&b, pass(&b, 0), 100, &p), 0);
        fixture_remove(&b.fixture, "proc/100/status"); /* still listed */
        ck_assert_int_eq(find(&b, pass(&b, USEC_PER_SEC), 100, &p), -1);
        bed_done(&b, false);
}
END_TEST

START_TEST(number_used_again_is_another_process) {
        Bed b;
        ProcSample before, after;

        bed_init(&b, POLICY(64, 8, 4, "{ comm: x }"));
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 100, .start = 500, .anon = TREE_MIB });
        ck_assert_int_ge(find(&b, pass(&b, 0), 100, &before), 0);
        tree_process(&b.fixture, "",
                &(TreeProcess){ .pid = 100, .start = 900, .comm = "other", .anon = 2 * TREE_MIB });
        ck_assert_int_ge(find(&b, pass(&b, USEC_PER_SEC), 100, &after), 0);
        ck_assert(after.slot != before.slot || after.generation != before.generation);
        ck_assert_str_eq(after.facts->comm, "other");
        ck_assert_uint_eq(after.facts->start_ticks, 900);
        ck_assert_uint_eq(after.anon, 2 * TREE_MIB);
        bed_done(&b, false);
}
END_TEST

START_TEST(exec_keeps_the_slot_and_changes_the_facts) {
        Bed b;
        ProcSample before, after;

        bed_init(&b, POLICY(64, 8, 4, "{ comm: x }"));
        tree_process(&b.fixture, "",
                &(TreeProcess){ .pid = 100, .comm = "sh", .exe = "/bin/sh", .cmdline = "sh" });
        ck_assert_int_ge(find(&b, pass(&b, 0), 100, &before), 0);
        tree_process(&b.fixture, "",
                &(TreeProcess){
                        .pid = 100, .comm = "hog", .exe = "/bin/hog", .cmdline = "hog -x" });
        ck_assert_int_ge(find(&b, pass(&b, USEC_PER_SEC), 100, &after), 0);
        ck_assert_uint_eq(after.slot, before.slot);
        ck_assert_uint_eq(after.generation, before.generation);
        ck_assert_str_eq(after.facts->exe, "/bin/hog");
        ck_assert_str_eq(after.facts->cmdline, "hog -x");
        bed_done(&b, false);
}
END_TEST

START_TEST(largest_are_kept_and_the_largest_of_them_in_detail) {
        Bed b;
        const RosterListing *l;
        ProcSample p;

        bed_init(&b, POLICY(64, 16, 8, "{ comm: x }"));
        for (int i = 0; i < 40; i++)
                tree_process(&b.fixture, "",
                        &(TreeProcess){
                                .pid = 100 + i, .anon = (uint64_t) (1 + i) * 4 * TREE_MIB });
        l = pass(&b, 0);
        ck_assert_uint_eq(l->n, 41);
        ck_assert_uint_eq(l->n_kept, 16);
        ck_assert_uint_eq(l->n_detailed, 8);
        ck_assert_int_eq(find(&b, l, 139, &p), 0); /* the largest first */
        ck_assert_int_eq(find(&b, l, 138, &p), 1);
        for (size_t i = 0; i < l->n; i++) {
                const RosterSlot *s = roster_slot(b.roster, l->slots[i]);

                ck_assert_msg((s->statm_fd >= 0) == (i < 16), "position %zu", i);
                ck_assert_msg((s->status_fd >= 0) == (i < 8), "position %zu", i);
        }
        bed_done(&b, false);
}
END_TEST

START_TEST(some_places_go_to_those_that_gain) {
        Bed b;
        const RosterListing *l;
        ProcSample p;

        bed_init(&b, POLICY(64, 8, 4, "{ comm: x }"));
        for (int i = 0; i < 20; i++)
                tree_process(
                        &b.fixture, "", &(TreeProcess){ .pid = 100 + i, .anon = 100 * TREE_MIB });
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 200, .anon = TREE_MIB });
        l = pass(&b, 0);
        ck_assert_int_ge(find(&b, l, 200, &p), 8);

        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 200, .anon = 20 * TREE_MIB });
        l = pass(&b, USEC_PER_SEC);
        ck_assert_int_lt(find(&b, l, 200, &p), 8); /* small, but nobody else grows */
        ck_assert_uint_eq(l->n_kept, 8);
        bed_done(&b, false);
}
END_TEST

START_TEST(watched_processes_are_kept_but_leave_half_of_the_places) {
        Bed b;
        const RosterListing *l;
        ProcSample p;
        int watched = 0;

        bed_init(&b, POLICY(64, 8, 4, "{ comm: worker }"));
        for (int i = 0; i < 10; i++) {
                tree_process(&b.fixture, "",
                        &(TreeProcess){ .pid = 100 + i, .comm = "worker", .anon = TREE_MIB });
                tree_process(&b.fixture, "",
                        &(TreeProcess){ .pid = 200 + i, .comm = "large", .anon = 50 * TREE_MIB });
        }
        l = pass(&b, 0);
        for (size_t i = 0; i < l->n_kept; i++) {
                roster_read(b.roster, l->slots[i], &p);
                watched += strcmp(p.facts->comm, "worker") == 0;
        }
        ck_assert_int_eq(watched, 4);
        bed_done(&b, false);
}
END_TEST

START_TEST(large_newcomer_beyond_the_limit_takes_the_place_of_a_small_one) {
        Bed b;
        ProcSample p;
        const RosterListing *l;

        bed_init(&b, POLICY(64, 8, 4, "{ comm: x }"));
        for (int i = 0; i < 80; i++)
                tree_process(&b.fixture, "", &(TreeProcess){ .pid = 100 + i, .anon = TREE_MIB });
        l = pass(&b, 0);
        ck_assert_uint_eq(l->n, 64);
        ck_assert_uint_eq(l->n_seen, 81);
        ck_assert_uint_eq(stats_of(&b).dropped, 17);
        ck_assert_uint_eq(stats_of(&b).evicted, 0); /* nobody is larger */

        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 900, .anon = 100 * TREE_MIB });
        l = pass(&b, 30 * USEC_PER_SEC);
        ck_assert_uint_eq(stats_of(&b).evicted, 1);
        l = pass(&b, 30 * USEC_PER_SEC);
        for (int i = 0; i < 3 && find(&b, l, 900, &p) < 0; i++)
                l = pass(&b, 30 * USEC_PER_SEC);
        ck_assert_int_eq(find(&b, l, 900, &p), 0);
        bed_done(&b, false);
}
END_TEST

START_TEST(next_tree_keeps_slots_of_the_same_processes) {
        Bed b;
        Fixture other;
        SysRoot next;
        ProcSample before, after;
        const RosterListing *l;
        size_t fds;

        bed_init(&b, POLICY(64, 8, 4, "{ comm: x }"));
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 100, .anon = TREE_MIB });
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 101 });
        fixture_init(&other);
        tree_process(&other, "", &(TreeProcess){ .pid = 1, .comm = "init" });
        tree_process(&other, "", &(TreeProcess){ .pid = 100, .anon = 9 * TREE_MIB });
        ck_assert_int_eq(sysroot_open(other.path, &next), 0);

        ck_assert_int_ge(find(&b, pass(&b, 0), 100, &before), 0);
        fds = count_fds();
        roster_release(b.roster, ROSTER_SENTINEL);
        scout_set_root(b.scout, &next);
        l = pass(&b, USEC_PER_SEC);
        ck_assert_uint_eq(l->n, 2);
        ck_assert_int_eq(find(&b, l, 100, &after), 0);
        ck_assert_uint_eq(after.slot, before.slot);
        ck_assert_uint_eq(after.anon, 9 * TREE_MIB);
        ck_assert_uint_le(count_fds(), fds); /* those of the old tree are closed */
        bed_done(&b, false);
        sysroot_done(&next);
        fixture_done(&other);
}
END_TEST

START_TEST(listing_that_fails_leaves_the_old_one) {
        Bed b;
        SysRoot broken;
        const RosterListing *l;

        bed_init(&b, POLICY(64, 8, 4, "{ comm: x }"));
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 100 });
        (void) pass(&b, 0);
        roster_release(b.roster, ROSTER_SENTINEL);
        broken = b.root;
        broken.proc_fd = FD_NONE;
        scout_set_root(b.scout, &broken);
        ck_assert_int_eq(scout_pass(b.scout, b.now_usec, b.now_usec, false), -EBADF);
        ck_assert_int_eq(stats_of(&b).last_error, -EBADF);

        scout_set_root(b.scout, &b.root);
        l = pass(&b, USEC_PER_SEC);
        ck_assert_uint_eq(l->n, 2);
        bed_done(&b, false);
}
END_TEST

START_TEST(zombie_leader_is_as_large_as_its_threads) {
        Bed b;
        ProcSample p;

        bed_init(&b, POLICY(64, 8, 4, "{ comm: x }"));
        tree_process(&b.fixture, "",
                &(TreeProcess){ .pid = 100, .state = 'Z', .threads = 2, .score = 800 });
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 101, .state = 'Z', .threads = 1 });
        fixture_file(&b.fixture, "proc/100/task/100/statm", "0 0 0 0 0 0 0\n");
        fixture_file(&b.fixture, "proc/100/task/105/statm", "9000 5120 1024 0 0 0 0\n");
        ck_assert_int_ge(find(&b, pass(&b, 0), 100, &p), 0);
        ck_assert(p.zombie_leader);
        ck_assert(!p.exiting);
        ck_assert_uint_eq(p.anon, 16 * TREE_MIB);
        ck_assert_uint_eq(p.oom_score, 800);
        ck_assert_int_ge(find(&b, pass(&b, 0), 101, &p), 0);
        ck_assert(!p.zombie_leader);
        ck_assert(p.exiting);
        bed_done(&b, false);
}
END_TEST

START_TEST(slow_values_are_published_with_their_age) {
        Bed b;
        SystemRaw raw = { 0 };

        bed_init(&b, POLICY(64, 8, 4, "{ comm: x }"));
        fixture_file(&b.fixture, "proc/vmstat",
                "workingset_refault_anon 3\nworkingset_refault_file 4\nworkingset_restore_file 5\n"
                "pgmajfault 6\npgscan_direct 10\npgscan_kswapd 20\npgsteal_direct "
                "1\npgsteal_kswapd 2\n"
                "oom_kill 7\n");
        fixture_file(&b.fixture, "proc/swaps",
                "Filename Type Size Used Priority\n"
                "/dev/zram0 partition 1048576 1024 100\n"
                "/dev/sda2 partition 2097152 0 -2\n");
        fixture_file(
                &b.fixture, "sys/block/zram0/mm_stat", "1000000 300000 400000 0 500000 1 2 0 0\n");
        /* A zram that carries a file system is nobody's swap. */
        fixture_file(&b.fixture, "sys/block/zram1/mm_stat",
                "9000000 8000000 8500000 0 8500000 1 2 0 0\n");
        /* Files are opened at the start, but for zram, which comes and goes. */
        sysroot_done(&b.root);
        ck_assert_int_eq(sysroot_open(b.fixture.path, &b.root), 0);
        scout_set_root(b.scout, &b.root);
        (void) pass(&b, 0);
        scout_fill_raw(b.scout, &raw);
        ck_assert_uint_eq(raw.have, source_bit(SOURCE_VMSTAT) | source_bit(SOURCE_ZRAM));
        ck_assert_uint_eq(raw.vmstat_at_usec, b.now_usec);
        ck_assert_uint_eq(raw.refault_anon, 3);
        ck_assert_uint_eq(raw.major_faults, 6);
        ck_assert_uint_eq(raw.oom_kills, 7);
        ck_assert_uint_eq(raw.scan, 30 * 4096);
        ck_assert_uint_eq(raw.steal, 3 * 4096);
        ck_assert_uint_eq(raw.zram_original, 1000000);
        ck_assert_uint_eq(raw.zram_physical, 400000);
        ck_assert_int_lt(scout_source_error(b.scout, SOURCE_ZONEINFO), 0);
        ck_assert_int_eq(scout_source_error(b.scout, SOURCE_ARC), 0); /* no ZFS is no error */

        /* The device goes with swapoff. */
        fixture_file(&b.fixture, "proc/swaps", "Filename Type Size Used Priority\n");
        (void) pass(&b, USEC_PER_SEC);
        raw = (SystemRaw){ 0 };
        scout_fill_raw(b.scout, &raw);
        ck_assert_uint_eq(raw.have, source_bit(SOURCE_VMSTAT));
        ck_assert_uint_eq(raw.zram_physical, 0);
        bed_done(&b, false);
}
END_TEST

START_TEST(table_finds_what_was_added_and_nothing_else) {
        enum { SIZE = 500, PIDS = 4096 };
        uint32_t model[PIDS];
        ScoutTable *t;
        uint32_t seed = 12345, used = 0;

        ck_assert_int_eq(scout_table_new(SIZE, &t), 0);
        for (int i = 0; i < PIDS; i++)
                model[i] = SCOUT_TABLE_NONE;
        for (int i = 0; i < 50000; i++) {
                uint32_t pid;

                seed = seed * 1664525 + 1013904223;
                pid = 1 + (seed >> 16) % (PIDS - 1);
                if (model[pid] != SCOUT_TABLE_NONE) {
                        scout_table_remove(t, (int32_t) pid);
                        model[pid] = SCOUT_TABLE_NONE;
                        used--;
                } else if (used < SIZE) {
                        scout_table_add(t, (int32_t) pid, (uint32_t) i);
                        model[pid] = (uint32_t) i;
                        used++;
                }
                if (i % 1000 == 0)
                        for (int p = 1; p < PIDS; p++)
                                ck_assert_uint_eq(scout_table_find(t, p), model[p]);
        }
        scout_table_remove(t, PIDS + 7); /* unknown */
        (void) scout_table_free(t);
}
END_TEST

/* ---- the live system ---- */

START_TEST(child_is_kept_and_let_go) {
        Bed b;
        Victim v;
        ProcSample p;
        const RosterListing *l;
        RosterSlot *s;
        char text[64];
        int at;

        bed_init_live(&b, POLICY(8192, 256, 64, take_own_name()));
        (void) pass(&b, 0);
        victim_start(VICTIM_PLAIN, &v);
        l = pass(&b, USEC_PER_SEC);
        at = find(&b, l, v.pid, &p);
        ck_assert_int_ge(at, 0);
        ck_assert_uint_lt((size_t) at, l->n_kept);
        s = roster_slot(b.roster, p.slot);
        ck_assert_int_gt(fdio_pread_once(s->statm_fd, text, sizeof(text)), 0);
        ck_assert_int_ne(s->pidfd, s->reap_pidfd);
        ck_assert_uint_ge(count_fds_of(v.pid), 1);

        victim_done(&v);
        ck_assert_int_eq(fdio_pread_once(s->statm_fd, text, sizeof(text)), -ESRCH);
        l = pass(&b, USEC_PER_SEC);
        ck_assert_int_eq(find(&b, l, v.pid, &p), -1);
        (void) pass(&b, USEC_PER_SEC); /* the reader has moved on meanwhile */
        ck_assert_uint_eq(count_fds_of(v.pid), 0);
        bed_done(&b, true);
}
END_TEST

/* One that ends with the test, however that ends. */
static pid_t fork_child(void) {
        pid_t parent = getpid(), pid = fork();

        if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent))
                _exit(1);
        return pid;
}

static pid_t start_shell(const char *script) {
        pid_t pid = fork_child();

        if (pid == 0) {
                execl("/bin/sh", "sh", "-c", script, (char *) NULL);
                _exit(127);
        }
        return pid;
}

/* Waits for a child to become another program. */
static void wait_for_exe(pid_t pid, const char *part) {
        char name[64], path[256] = "";

        (void) snprintf(name, sizeof(name), "/proc/%d/exe", pid);
        for (int i = 0; i < HARNESS_PATIENCE_MSEC && !strstr(path, part); i++) {
                ssize_t n = readlink(name, path, sizeof(path) - 1);

                path[n > 0 ? n : 0] = '\0';
                (void) poll(NULL, 0, 1);
        }
        ck_assert_ptr_nonnull(strstr(path, part));
}

/* systemd-run --scope, and a login, move a process that is there already; nothing tells. */
START_TEST(who_moves_to_another_cgroup_is_known_there_at_the_next_census) {
        CgroupFixture cgroups;
        char text[32], path[128];
        ProcSample p;
        int dir, ready[2];
        pid_t pid;
        Bed b;

        if (!cgroup_fixture_init(&cgroups))
                return;
        dir = cgroup_fixture_make(&cgroups, cgroups.fd, "a.scope");
        (void) snprintf(path, sizeof(path), "/%s/a.scope", cgroups.name);
        ck_assert_int_eq(pipe(ready), 0);
        pid = fork_child();
        if (pid == 0) {
                size_t size = 64 * TREE_MIB;
                char *memory = malloc(size);

                memset(memory, 1, size);
                (void) !write(ready[1], memory, 1);
                for (;;)
                        pause();
        }
        ck_assert_int_eq(read(ready[0], text, 1), 1);

        bed_init_live(&b, POLICY(8192, 4096, 64, "{ comm: x }"));
        b.now_usec = clock_boottime_usec() + 60 * USEC_PER_SEC; /* it is no newborn any more */
        (void) pass(&b, 0);
        ck_assert_int_ge(find(&b, pass(&b, 30 * USEC_PER_SEC), pid, &p), 0);
        ck_assert_str_ne(p.facts->cgroup, path);
        (void) snprintf(text, sizeof(text), "%d", pid);
        ck_assert_int_eq(fdio_write_at(dir, "cgroup.procs", text), 0);
        ck_assert_int_ge(find(&b, pass(&b, 30 * USEC_PER_SEC), pid, &p), 0);
        ck_assert_str_eq(p.facts->cgroup, path);
        bed_done(&b, true);

        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
        cgroup_fixture_await_empty(dir);
        close_fd(dir);
        cgroup_fixture_done(&cgroups);
}
END_TEST

START_TEST(exec_of_a_known_process_is_noticed_at_the_census) {
        Bed b;
        ProcSample p;
        int pipe_fds[2];
        pid_t pid;

        bed_init_live(&b, POLICY(8192, 256, 64, "{ comm: x }"));
        ck_assert_int_eq(pipe(pipe_fds), 0);
        pid = fork_child();
        if (pid == 0) {
                char byte;

                (void) !read(pipe_fds[0], &byte, 1);
                execl("/bin/sleep", "sleep", "60", (char *) NULL);
                _exit(127);
        }
        b.now_usec = clock_boottime_usec() + 60 * USEC_PER_SEC; /* it is no newborn any more */
        ck_assert_int_ge(find(&b, pass(&b, 0), pid, &p), 0);
        ck_assert_ptr_nonnull(strstr(p.facts->exe, "test-scout"));
        ck_assert_int_eq(write(pipe_fds[1], "x", 1), 1);
        wait_for_exe(pid, "sleep");
        for (int i = 0; i < 64; i++) /* its turn comes */
                ck_assert_int_ge(find(&b, pass(&b, 30 * USEC_PER_SEC), pid, &p), 0);
        ck_assert_ptr_nonnull(strstr(p.facts->exe, "sleep"));
        ck_assert_str_eq(p.facts->comm, "sleep");
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
        bed_done(&b, true);
}
END_TEST

START_TEST(exec_of_a_kept_process_is_noticed_when_passes_are_asked_for) {
        Bed b;
        ProcSample p;
        int pipe_fds[2];
        pid_t pid;

        bed_init_live(&b, POLICY(8192, 256, 64, take_own_name()));
        ck_assert_int_eq(pipe(pipe_fds), 0);
        pid = fork_child();
        if (pid == 0) {
                char byte;

                (void) !read(pipe_fds[0], &byte, 1);
                execl("/bin/sleep", "sleep", "60", (char *) NULL);
                _exit(127);
        }
        b.now_usec = clock_boottime_usec() + 60 * USEC_PER_SEC;
        ck_assert_int_ge(find(&b, pass(&b, 0), pid, &p), 0);
        ck_assert_int_eq(write(pipe_fds[1], "x", 1), 1);
        wait_for_exe(pid, "sleep");
        for (int i = 0; i < 9; i++) /* less than two seconds of them */
                ck_assert_int_ge(find(&b, pass(&b, 200 * USEC_PER_MSEC), pid, &p), 0);
        ck_assert_ptr_nonnull(strstr(p.facts->exe, "sleep"));
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
        bed_done(&b, true);
}
END_TEST

/* In a child that is nobody, with a /proc of its own mounted so. Exits with 77 where that is not
 * possible. */
static int scan_hidden(const char *mount_options, ScoutStats *ret) {
        int pipe_fds[2], status;
        Fixture f;
        pid_t pid;

        fixture_init(&f);
        ck_assert_int_eq(pipe(pipe_fds), 0);
        pid = fork_child();
        if (pid == 0) {
                char path[300];
                Bed b;

                (void) snprintf(path, sizeof(path), "%s/proc", f.path);
                if (unshare(CLONE_NEWNS) != 0 ||
                        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
                        mkdir(path, 0755) != 0 || chmod(f.path, 0755) != 0 ||
                        mount("proc", path, "proc", 0, mount_options) != 0 || setgid(65534) != 0 ||
                        setuid(65534) != 0 || sysroot_open(f.path, &b.root) != 0)
                        _exit(77);
                b.root.foreign = false; /* it is the live one, seen through another door */
                bed_start(&b, POLICY(8192, 256, 64, "{ comm: x }"), true);
                (void) pass(&b, 0);
                (void) pass(&b, 30 * USEC_PER_SEC);
                scout_stats(b.scout, ret);
                (void) !write(pipe_fds[1], ret, sizeof(*ret));
                _exit(0);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        if (WEXITSTATUS(status) == 0)
                ck_assert_int_eq(read(pipe_fds[0], ret, sizeof(*ret)), sizeof(*ret));
        fixture_done(&f);
        return WEXITSTATUS(status);
}

START_TEST(hidden_processes_are_said_to_be_hidden) {
        ScoutStats stats;

        if (scan_hidden("hidepid=2", &stats) == 77)
                return; /* neither root nor a mount of ours: nothing to be seen */
        ck_assert(stats.hidden);
        ck_assert_uint_ge(stats.known, 1); /* itself at least */
        ck_assert_uint_eq(stats.refused, 0);

        ck_assert_int_eq(scan_hidden("hidepid=1", &stats), 0);
        ck_assert(stats.hidden);
        ck_assert_uint_gt(stats.seen, stats.known);
        ck_assert_uint_gt(stats.refused, 0);

        ck_assert_int_eq(scan_hidden("hidepid=0", &stats), 0);
        ck_assert(!stats.hidden);
}
END_TEST

/* When the kernel says that a child of ours was born, in microseconds of CLOCK_BOOTTIME. */
static usec_t birth_of(pid_t pid) {
        _cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int pid_fd = FD_NONE;
        ProcStat stat;

        ck_assert_int_eq(proc_dir_open(proc_fd, pid, &pid_fd), PROC_OK);
        ck_assert_int_eq(proc_stat_read_at(pid_fd, &stat), PROC_OK);
        return stat.starttime_ticks * (USEC_PER_SEC / (usec_t) sysconf(_SC_CLK_TCK));
}

/* The clock of the passes is that of the birth: how long this test takes plays no role. */
START_TEST(newborn_is_looked_at_again_who_it_became) {
        Bed b;
        ProcSample p;
        int to_child[2], to_us[2];
        char byte;
        pid_t pid;

        bed_init_live(&b, POLICY(8192, 256, 64, "{ comm: x }"));
        ck_assert_int_eq(pipe(to_child), 0);
        ck_assert_int_eq(pipe(to_us), 0);
        pid = fork_child();
        if (pid == 0) {
                (void) !read(to_child[0], &byte, 1);
                (void) setsid();
                (void) !write(to_us[1], "y", 1);
                (void) pause();
                _exit(0);
        }
        close(to_us[1]); /* its end is the end of the file */
        b.now_usec = birth_of(pid);
        ck_assert_int_ge(find(&b, pass(&b, 0), pid, &p), 0);
        ck_assert_int_ne(p.facts->session, pid);
        ck_assert_int_eq(write(to_child[1], "x", 1), 1);
        ck_assert_int_eq(read(to_us[0], &byte, 1), 1);
        ck_assert_int_ge(find(&b, pass(&b, USEC_PER_SEC), pid, &p), 0);
        ck_assert_int_eq(p.facts->session, pid);
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
        close(to_child[0]);
        close(to_child[1]);
        close(to_us[0]);
        bed_done(&b, true);
}
END_TEST

START_TEST(three_hundred_children_leave_no_trace) {
        enum { N = 300 };
        Bed b;
        pid_t pids[N];
        const RosterListing *l;
        ProcSample p;
        size_t others;

        bed_init_live(&b, POLICY(8192, 32, 8, "{ comm: x }"));
        (void) pass(&b, 0);
        others = count_fds() - count_fds_of_roster(&b);
        for (int i = 0; i < N; i++) {
                pids[i] = fork_child();
                if (pids[i] == 0) {
                        (void) pause();
                        _exit(0);
                }
                ck_assert_int_gt(pids[i], 0);
        }
        l = pass(&b, USEC_PER_SEC);
        ck_assert_uint_ge(l->n, N);
        ck_assert_uint_le(l->n_kept, 32);
        ck_assert_uint_ge(l->n_kept, 16); /* others on this machine may have ended meanwhile */
        ck_assert_uint_le(l->n_detailed, 8);
        for (int i = 0; i < N; i++)
                ck_assert_int_ge(find(&b, l, pids[i], &p), 0);
        for (int i = 0; i < N; i++)
                (void) kill(pids[i], SIGKILL);
        for (int i = 0; i < N; i++)
                (void) waitpid(pids[i], NULL, 0);
        l = pass(&b, USEC_PER_SEC);
        for (int i = 0; i < N; i++)
                ck_assert_int_eq(find(&b, l, pids[i], &p), -1);
        (void) pass(&b, USEC_PER_SEC);
        (void) pass(&b, USEC_PER_SEC);
        for (int i = 0; i < N; i++)
                ck_assert_uint_eq(count_fds_of(pids[i]), 0);
        ck_assert_uint_eq(count_fds() - count_fds_of_roster(&b), others);
        bed_done(&b, true);
}
END_TEST

START_TEST(running_out_of_descriptors_keeps_fewer_and_recovers) {
        Bed b;
        struct rlimit limit, low;
        pid_t pids[64];
        const RosterListing *l;
        size_t n;

        for (int i = 0; i < 64; i++) {
                pids[i] = fork_child();
                if (pids[i] == 0) {
                        (void) pause();
                        _exit(0);
                }
        }
        bed_init_live(&b, POLICY(8192, 256, 64, "{ comm: x }"));
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
        low = limit;
        low.rlim_cur = count_fds() + 60;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
        for (int i = 0; i < 20; i++)
                l = pass(&b, USEC_PER_SEC);
        ck_assert_uint_ge(l->n, 64); /* everybody is still known */
        ck_assert_uint_lt(l->n_kept, 64);
        ck_assert(stats_of(&b).short_of_fds);
        ck_assert_int_eq(stats_of(&b).last_error, -EMFILE);
        n = l->n_kept;

        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        for (int i = 0; i < 20; i++)
                l = pass(&b, 30 * USEC_PER_SEC);
        ck_assert_uint_gt(l->n_kept, n);
        ck_assert_uint_ge(l->n_kept, 64);
        ck_assert(!stats_of(&b).short_of_fds);
        for (int i = 0; i < 64; i++) {
                (void) kill(pids[i], SIGKILL);
                (void) waitpid(pids[i], NULL, 0);
        }
        bed_done(&b, true);
}
END_TEST

START_TEST(nothing_can_be_opened_and_the_old_listing_stays) {
        Bed b;
        struct rlimit limit, low;
        const RosterListing *l;
        ProcSample p;

        bed_init_live(&b, POLICY(8192, 256, 64, "{ comm: x }"));
        ck_assert_int_ge(find(&b, pass(&b, 0), getpid(), &p), 0);
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
        low = limit;
        low.rlim_cur = 3;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
        for (int i = 0; i < 5; i++)
                (void) pass(&b, 30 * USEC_PER_SEC);
        l = roster_acquire(b.roster, ROSTER_SENTINEL);
        ck_assert_int_ge(find(&b, l, getpid(), &p), 0);
        ck_assert_int_ge(find(&b, l, getppid(), &p), 0);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        bed_done(&b, true);
}
END_TEST

/* Of a crowd of whomever on this machine some are asked about in each pass, so it may take a few.
 */
static uint32_t group_of(Bed *b, pid_t pid, bool is_shared, usec_t pause_usec) {
        uint32_t group = 0;
        ProcSample p;

        for (int i = 0; i < 20; i++) {
                ck_assert_int_ge(find(b, pass(b, pause_usec), pid, &p), 0);
                group = p.facts->mm_group;
                if ((group != 0) == is_shared)
                        break;
        }
        return group;
}

START_TEST(processes_that_share_their_memory_are_one_group) {
        enum { SIZE = 32 * 1024 * 1024 };
        Bed b;
        Victim pair[2], other;
        ProcSample p;
        uint32_t group;
        const char *match = take_own_name();
        char *memory = victim_memory(SIZE); /* the children have one size, all of them */

        if (HARNESS_SANITIZES_THREADS) {
                free(memory);
                return;
        }
        victim_start_pair(pair);
        victim_start(VICTIM_PLAIN, &other);
        bed_init_live(&b, POLICY(8192, 256, 64, match));
        ck_assert_int_ge(find(&b, pass(&b, 0), pair[0].pid, &p), 0);
        ck_assert_uint_ge(p.anon, SIZE / 2); /* the kernel counts in batches */
        group = group_of(&b, pair[0].pid, true, USEC_PER_SEC);
        ck_assert_uint_ne(group, 0);
        ck_assert_uint_eq(group_of(&b, pair[1].pid, true, USEC_PER_SEC), group);
        ck_assert_uint_eq(group_of(&b, other.pid, false, USEC_PER_SEC), 0);

        /* Who lives alone again is told apart at the next census. */
        victim_done(&pair[1]);
        ck_assert_uint_eq(group_of(&b, pair[0].pid, false, 31 * USEC_PER_SEC), 0);
        victim_done(&pair[0]);
        victim_done(&other);
        free(memory);
        bed_done(&b, true);
}
END_TEST

START_TEST(a_pair_born_between_two_censuses_is_known_as_one_in_time) {
        enum { SIZE = 32 * 1024 * 1024 };
        Bed b;
        Victim pair[2];
        uint32_t group;
        const char *match = take_own_name();
        char *memory = victim_memory(SIZE); /* the children have one size, all of them */

        if (HARNESS_SANITIZES_THREADS) {
                free(memory);
                return;
        }
        bed_init_live(&b, POLICY(8192, 256, 64, match));
        (void) pass(&b, 0); /* the census */
        victim_start_pair(pair);
        (void) pass(&b, USEC_PER_SEC / 2);
        group = group_of(&b, pair[0].pid, true, USEC_PER_SEC); /* in 20 s: before the next census */
        ck_assert_uint_ne(group, 0);
        ck_assert_uint_eq(group_of(&b, pair[1].pid, true, 0), group);
        victim_done(&pair[0]);
        victim_done(&pair[1]);
        free(memory);
        bed_done(&b, true);
}
END_TEST

/* The workers of a server are alike and relatives: more pairs than may be asked about at once. */
START_TEST(a_pair_is_found_beside_a_crowd_of_larger_ones) {
        enum { CROWD = 48, SIZE = 24 * 1024 * 1024, MORE = 8 * 1024 * 1024 };
        const char *match = take_own_name();
        char *memory = victim_memory(SIZE), *more = victim_memory(MORE);
        Victim crowd[CROWD], pair[2];
        uint32_t group;
        Bed b;

        if (HARNESS_SANITIZES_THREADS) {
                free(memory);
                free(more);
                return;
        }
        for (int i = 0; i < CROWD; i++)
                victim_start(VICTIM_PLAIN, &crowd[i]);
        free(more);
        victim_start_pair(pair);
        bed_init_live(&b, POLICY(8192, 256, 64, match));
        group = group_of(&b, pair[0].pid, true, USEC_PER_SEC);
        ck_assert_uint_ne(group, 0);
        ck_assert_uint_eq(group_of(&b, pair[1].pid, true, USEC_PER_SEC), group);
        for (int i = 0; i < CROWD; i++)
                ck_assert_uint_eq(group_of(&b, crowd[i].pid, false, 0), 0);
        for (int i = 0; i < CROWD; i++)
                victim_done(&crowd[i]);
        victim_done(&pair[0]);
        victim_done(&pair[1]);
        free(memory);
        bed_done(&b, true);
}
END_TEST

START_TEST(ourselves_and_our_children_are_marked) {
        Bed b;
        ScoutOptions o;
        ProcSample p;
        pid_t pid = start_shell("sleep 60 & wait");
        const RosterListing *l;

        ck_assert_int_eq(sysroot_open(NULL, &b.root), 0);
        b.now_usec = clock_boottime_usec();
        b.config = load(POLICY(8192, 256, 64, "{ comm: x }"));
        ck_assert_int_eq(roster_new(&b.config->limits, &b.roster), 0);
        o = (ScoutOptions){
                .root = &b.root, .roster = b.roster, .open_pids = true, .self_pid = getpid()
        };
        ck_assert_int_eq(scout_new(&o, b.config, &b.scout), 0);
        l = pass(&b, 0);
        ck_assert_int_ge(find(&b, l, getpid(), &p), (int) l->n_kept); /* known, never kept */
        ck_assert(p.facts->self);
        ck_assert_int_ge(find(&b, l, pid, &p), (int) l->n_kept);
        ck_assert(p.facts->self);
        ck_assert(find(&b, l, getppid(), &p) < 0 || !p.facts->self);
        (void) kill(pid, SIGTERM);
        (void) waitpid(pid, NULL, 0);
        bed_done(&b, true);
}
END_TEST

START_TEST(command_lines_come_when_a_policy_asks) {
        Bed b;
        ScoutOptions o;
        SlowReader *slow;
        ProcSample p;
        pid_t pid;

        ck_assert_int_eq(slow_reader_new(NULL, HARNESS_PATIENCE_MSEC * USEC_PER_MSEC, &slow), 0);
        pid = start_shell("exec sleep 61");
        wait_for_exe(pid, "sleep");
        ck_assert_int_eq(sysroot_open(NULL, &b.root), 0);
        b.now_usec = clock_boottime_usec() + 60 * USEC_PER_SEC;
        b.config = load(POLICY(8192, 256, 64, "{ comm: x }"));
        ck_assert_int_eq(roster_new(&b.config->limits, &b.roster), 0);
        o = (ScoutOptions){ .root = &b.root, .roster = b.roster, .open_pids = true, .slow = slow };
        ck_assert_int_eq(scout_new(&o, b.config, &b.scout), 0);
        (void) pass(&b, 0);
        ck_assert_uint_eq(stats_of(&b).texts_asked, 0); /* nobody needs them */

        config_unref(b.config);
        b.config = load(POLICY(8192, 256, 64, "{ cmdline: \"*sleep*\" }"));
        scout_set_config(b.scout, b.config);
        for (int i = 0; i < HARNESS_PATIENCE_MSEC / 5; i++) {
                ck_assert_int_ge(find(&b, pass(&b, USEC_PER_SEC), pid, &p), 0);
                if (p.facts->cmdline[0] != '\0')
                        break;
                (void) poll(NULL, 0, 5);
        }
        ck_assert_str_eq(p.facts->cmdline, "sleep 61");
        ck_assert_uint_gt(stats_of(&b).texts_asked, 0);
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, 0);
        bed_done(&b, true);
        slow_reader_free(slow);
}
END_TEST

START_TEST(thread_wakes_and_stops) {
        Bed b;
        Victim v;
        ProcSample p;
        int at = -1;

        bed_init_live(&b, POLICY(8192, 256, 64, "{ comm: x }"));
        ck_assert_int_eq(scout_start(b.scout), 0);
        victim_start(VICTIM_PLAIN, &v);
        for (int i = 0; i < 2000 && at < 0; i++) {
                const RosterListing *l = roster_acquire(b.roster, ROSTER_SENTINEL);

                scout_wake(b.scout);
                if (l)
                        at = find(&b, l, v.pid, &p);
                (void) poll(NULL, 0, 5);
        }
        ck_assert_int_ge(at, 0); /* long before the census of 30 s */
        ck_assert(scout_is_alive(b.scout, clock_monotonic_usec(), USEC_PER_SEC));
        ck_assert(
                !scout_is_alive(b.scout, clock_monotonic_usec() + 40 * USEC_PER_SEC, USEC_PER_SEC));
        ck_assert(scout_stop(b.scout));
        victim_done(&v);
        bed_done(&b, true);
}
END_TEST

HARNESS_MAIN("scout", pass_lists_processes_with_facts_and_amounts,
        process_that_vanishes_midway_is_skipped_and_others_stay,
        known_process_that_vanishes_midway_is_taken_out, number_used_again_is_another_process,
        exec_keeps_the_slot_and_changes_the_facts,
        largest_are_kept_and_the_largest_of_them_in_detail, some_places_go_to_those_that_gain,
        watched_processes_are_kept_but_leave_half_of_the_places,
        large_newcomer_beyond_the_limit_takes_the_place_of_a_small_one,
        next_tree_keeps_slots_of_the_same_processes, listing_that_fails_leaves_the_old_one,
        zombie_leader_is_as_large_as_its_threads, slow_values_are_published_with_their_age,
        table_finds_what_was_added_and_nothing_else, child_is_kept_and_let_go,
        who_moves_to_another_cgroup_is_known_there_at_the_next_census,
        exec_of_a_known_process_is_noticed_at_the_census,
        exec_of_a_kept_process_is_noticed_when_passes_are_asked_for,
        hidden_processes_are_said_to_be_hidden, newborn_is_looked_at_again_who_it_became,
        three_hundred_children_leave_no_trace, running_out_of_descriptors_keeps_fewer_and_recovers,
        nothing_can_be_opened_and_the_old_listing_stays,
        processes_that_share_their_memory_are_one_group,
        a_pair_born_between_two_censuses_is_known_as_one_in_time,
        a_pair_is_found_beside_a_crowd_of_larger_ones, ourselves_and_our_children_are_marked,
        command_lines_come_when_a_policy_asks, thread_wakes_and_stops)
