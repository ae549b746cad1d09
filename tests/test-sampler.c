/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/sampler.h"

#include "config/config-load.h"
#include "tests/process-fixture.h"
#include "tests/tree-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define NOW (1000 * USEC_PER_SEC)

typedef struct Bed {
        Fixture fixture;
        bool live;
        SysRoot root;
        Config *config;
        Roster *roster;
        Scout *scout;
        Sampler *sampler;
        Sample sample;
} Bed;

static void bed_start(Bed *b, const char *path) {
        ConfigErrors errors = { 0 };
        ScoutOptions o;

        ck_assert_int_eq(sysroot_open(path, &b->root), 0);
        b->live = path == NULL;
        ck_assert_int_eq(config_load_builtin(&b->config, &errors), 0);
        ck_assert_int_eq(roster_new(&b->config->limits, &b->roster), 0);
        o = (ScoutOptions){ .root = &b->root, .roster = b->roster, .open_pids = b->live };
        ck_assert_int_eq(scout_new(&o, b->config, &b->scout), 0);
        ck_assert_int_eq(sampler_new(&b->root, &b->config->limits, &b->sampler), 0);
        b->sample = (Sample){ 0 };
}

static void bed_init(Bed *b) {
        fixture_init(&b->fixture);
        tree_meminfo(
                &b->fixture, "", 1024 * TREE_MIB, 512 * TREE_MIB, 256 * TREE_MIB, 128 * TREE_MIB);
        fixture_file(&b->fixture, "proc/swaps", "Filename Type Size Used Priority\n");
        tree_pressure(&b->fixture, "", "memory", 1000, 500);
        tree_pressure(&b->fixture, "", "io", 2000, 0);
        tree_pressure(&b->fixture, "", "cpu", 3000, 0);
        bed_start(b, b->fixture.path);
}

static void bed_done(Bed *b) {
        sampler_free(b->sampler);
        scout_free(b->scout);
        roster_free(b->roster);
        config_unref(b->config);
        sysroot_done(&b->root);
        if (!b->live)
                fixture_done(&b->fixture);
}

static const SystemRaw *read_system(Bed *b, usec_t now_usec) {
        sampler_read_system(b->sampler, NULL, now_usec, now_usec, &b->sample);
        return &b->sample.raw;
}

static void scan(Bed *b, usec_t now_usec) {
        ck_assert_int_eq(scout_pass(b->scout, now_usec, now_usec, true), 0);
}

static const ProcSample *read_process(Bed *b, usec_t now_usec, int32_t pid) {
        const RosterListing *l = roster_acquire(b->roster, ROSTER_SENTINEL);

        (void) read_system(b, now_usec);
        sampler_read_processes(b->sampler, b->roster, l, true, now_usec, &b->sample);
        for (size_t i = 0; i < b->sample.n_procs; i++)
                if (b->sample.procs[i].facts->pid == pid)
                        return &b->sample.procs[i];
        return NULL;
}

static bool has(const SystemRaw *raw, SourceId id) {
        return (raw->have & source_bit(id)) != 0;
}

static bool is_suspect(const SystemRaw *raw, SourceId id) {
        return (raw->suspect & source_bit(id)) != 0;
}

START_TEST(system_files_are_read_into_the_sample) {
        Bed b;
        const SystemRaw *raw;

        bed_init(&b);
        raw = read_system(&b, NOW);
        ck_assert(has(raw, SOURCE_MEMINFO) && has(raw, SOURCE_SWAPS) &&
                has(raw, SOURCE_PSI_MEMORY) && has(raw, SOURCE_PSI_IO) && has(raw, SOURCE_PSI_CPU));
        ck_assert(!has(raw, SOURCE_VMSTAT)); /* the scout's */
        ck_assert_uint_eq(raw->suspect, 0);
        ck_assert_uint_eq(raw->mem_total, 1024 * TREE_MIB);
        ck_assert_uint_eq(raw->mem_available, 512 * TREE_MIB);
        ck_assert_uint_eq(raw->swap_free, 128 * TREE_MIB);
        ck_assert_uint_eq(raw->psi[PSI_MEMORY].total_usec[PSI_SOME], 1000);
        ck_assert_uint_eq(raw->psi[PSI_MEMORY].total_usec[PSI_FULL], 500);
        ck_assert_uint_eq(raw->psi[PSI_MEMORY].avg_permyriad[PSI_SOME][0], 100);
        ck_assert_uint_eq(raw->psi[PSI_IO].total_usec[PSI_SOME], 2000);
        ck_assert_uint_eq(raw->psi[PSI_CPU].total_usec[PSI_SOME], 3000);
        ck_assert_uint_eq(raw->at_usec, NOW);
        ck_assert_uint_gt(raw->page_size, 0);
        for (int i = 0; i < _SOURCE_MAX; i++)
                ck_assert(!sampler_health(b.sampler, (SourceId) i)->degraded);
        bed_done(&b);
}
END_TEST

/* What a file may say, and what becomes of its source. */
static const struct {
        const char *name, *file, *text;
        SourceId source;
        bool have, suspect, degraded;
} text_cases[] = {
        { "meminfo cut off", "proc/meminfo", "MemTotal: 1024 kB\nMemFr", SOURCE_MEMINFO, false,
                false, true },
        { "meminfo empty", "proc/meminfo", "", SOURCE_MEMINFO, false, false, true },
        { "meminfo without MemAvailable", "proc/meminfo",
                "MemTotal: 1024 kB\nMemFree: 12 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
                SOURCE_MEMINFO, false, false, true },
        { "MemAvailable beyond MemTotal", "proc/meminfo",
                "MemTotal: 1024 kB\nMemFree: 12 kB\nMemAvailable: 9999 kB\nSwapTotal: 0 kB\n"
                "SwapFree: 0 kB\n",
                SOURCE_MEMINFO, true, true, false },
        { "SwapFree wrapped: the swap is suspect", "proc/meminfo",
                "MemTotal: 1024 kB\nMemFree: 12 kB\nMemAvailable: 20 kB\nSwapTotal: 100 kB\n"
                "SwapFree: 18446744073709551360 kB\n",
                SOURCE_SWAPS, true, true, false },
        { "SwapFree wrapped: memory is not", "proc/meminfo",
                "MemTotal: 1024 kB\nMemFree: 12 kB\nMemAvailable: 20 kB\nSwapTotal: 100 kB\n"
                "SwapFree: 18446744073709551360 kB\n",
                SOURCE_MEMINFO, true, false, false },
        { "pressure empty", "proc/pressure/memory", "", SOURCE_PSI_MEMORY, false, false, true },
        { "pressure of cpu without full", "proc/pressure/cpu",
                "some avg10=1.00 avg60=2.00 avg300=3.00 total=7\n", SOURCE_PSI_CPU, true, false,
                false },
        { "swaps of nonsense", "proc/swaps", "what is this\n", SOURCE_SWAPS, false, false, true },
};

START_TEST(bad_text_degrades_its_source_and_no_other) {
        Bed b;
        const SystemRaw *raw;
        const SourceHealth *h;
        uint64_t failures;

        bed_init(&b);
        (void) read_system(&b, NOW);
        h = sampler_health(b.sampler, text_cases[_i].source);
        failures = h->failures;
        fixture_file(&b.fixture, text_cases[_i].file, text_cases[_i].text);
        raw = read_system(&b, NOW + 60 * USEC_PER_SEC); /* all of them again */
        ck_assert_msg(has(raw, text_cases[_i].source) == text_cases[_i].have, "%s: have",
                text_cases[_i].name);
        ck_assert_msg(is_suspect(raw, text_cases[_i].source) == text_cases[_i].suspect,
                "%s: suspect", text_cases[_i].name);
        ck_assert_msg(h->degraded == text_cases[_i].degraded, "%s: degraded", text_cases[_i].name);
        ck_assert_uint_eq(h->failures, failures + text_cases[_i].degraded);
        ck_assert_int_eq(h->why[0] != '\0', text_cases[_i].degraded);
        ck_assert_uint_eq(h->suspects, text_cases[_i].suspect);
        if (text_cases[_i].source != SOURCE_PSI_IO)
                ck_assert(has(raw, SOURCE_PSI_IO));
        bed_done(&b);
}
END_TEST

START_TEST(source_recovers_when_the_file_does) {
        Bed b;

        bed_init(&b);
        fixture_file(&b.fixture, "proc/meminfo", "");
        ck_assert(!has(read_system(&b, NOW), SOURCE_MEMINFO));
        ck_assert_int_eq(sampler_health(b.sampler, SOURCE_MEMINFO)->error, EBADMSG);
        tree_meminfo(&b.fixture, "", 1024 * TREE_MIB, 300 * TREE_MIB, 0, 0);
        ck_assert(has(read_system(&b, NOW + 1), SOURCE_MEMINFO));
        ck_assert(!sampler_health(b.sampler, SOURCE_MEMINFO)->degraded);
        ck_assert_str_eq(sampler_health(b.sampler, SOURCE_MEMINFO)->why, "");
        bed_done(&b);
}
END_TEST

START_TEST(file_that_vanishes_midway_is_still_read_and_missed_in_the_next_tree) {
        Bed b;
        const SystemRaw *raw;

        bed_init(&b);
        fixture_remove(&b.fixture, "proc/pressure/memory");
        ck_assert(has(read_system(&b, NOW), SOURCE_PSI_MEMORY)); /* held open */
        sampler_set_root(b.sampler, &b.root);
        raw = read_system(&b, NOW + USEC_PER_SEC);
        ck_assert(!has(raw, SOURCE_PSI_MEMORY));
        ck_assert(has(raw, SOURCE_PSI_IO));
        ck_assert(sampler_health(b.sampler, SOURCE_PSI_MEMORY)->degraded);
        ck_assert_ptr_nonnull(strstr(sampler_health(b.sampler, SOURCE_PSI_MEMORY)->why, "psi=1"));
        bed_done(&b);
}
END_TEST

START_TEST(pressure_is_read_every_50_ms_at_most) {
        Bed b;

        bed_init(&b);
        ck_assert_uint_eq(read_system(&b, NOW)->psi[PSI_MEMORY].total_usec[PSI_SOME], 1000);
        tree_pressure(&b.fixture, "", "memory", 9000, 500);
        ck_assert_uint_eq(
                read_system(&b, NOW + 49 * USEC_PER_MSEC)->psi[PSI_MEMORY].total_usec[PSI_SOME],
                1000);
        ck_assert(has(&b.sample.raw, SOURCE_PSI_MEMORY));
        ck_assert_uint_eq(
                read_system(&b, NOW + 50 * USEC_PER_MSEC)->psi[PSI_MEMORY].total_usec[PSI_SOME],
                9000);
        bed_done(&b);
}
END_TEST

START_TEST(swaps_are_read_when_the_sums_move_or_they_are_old) {
        Bed b;
        uint64_t reads;

        bed_init(&b);
        (void) read_system(&b, NOW);
        fixture_file(&b.fixture, "proc/swaps",
                "Filename Type Size Used Priority\n/dev/zram0 partition 1024 100 100\n");
        reads = sampler_health(b.sampler, SOURCE_SWAPS)->reads;
        ck_assert_uint_eq(read_system(&b, NOW + 29 * USEC_PER_SEC)->zram_swap_total, 0);
        ck_assert(has(&b.sample.raw, SOURCE_SWAPS));
        ck_assert_uint_eq(sampler_health(b.sampler, SOURCE_SWAPS)->reads, reads);
        ck_assert_uint_eq(read_system(&b, NOW + 30 * USEC_PER_SEC)->zram_swap_total, 1024 * 1024);

        fixture_file(&b.fixture, "proc/swaps", "Filename Type Size Used Priority\n");
        tree_meminfo(&b.fixture, "", 1024 * TREE_MIB, 512 * TREE_MIB, 0, 0); /* swapoff */
        ck_assert_uint_eq(read_system(&b, NOW + 31 * USEC_PER_SEC)->zram_swap_total, 0);
        bed_done(&b);
}
END_TEST

START_TEST(processes_without_news_stay_as_they_are) {
        Bed b;
        const RosterListing *l;
        uint64_t version;

        bed_init(&b);
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 10, .anon = 5 * TREE_MIB });
        scan(&b, NOW);
        l = roster_acquire(b.roster, ROSTER_SENTINEL);
        sampler_read_processes(b.sampler, b.roster, l, true, NOW, &b.sample);
        version = b.sample.procs_version;
        ck_assert_uint_ne(version, 0);
        b.sample.procs[0].gained = 77; /* derived by others */
        b.sample.procs = NULL;
        b.sample.n_procs = 0;
        sampler_read_processes(b.sampler, b.roster, l, false, NOW + 1, &b.sample);
        ck_assert_uint_eq(b.sample.procs_version, version);
        ck_assert_uint_eq(b.sample.n_procs, 1);
        ck_assert_uint_eq(b.sample.procs[0].gained, 77);
        ck_assert(!b.sample.procs_fresh);

        scan(&b, NOW + 2); /* another listing is news */
        l = roster_acquire(b.roster, ROSTER_SENTINEL);
        sampler_read_processes(b.sampler, b.roster, l, false, NOW + 3, &b.sample);
        ck_assert_uint_ne(b.sample.procs_version, version);
        ck_assert_uint_eq(b.sample.procs[0].gained, 0);
        bed_done(&b);
}
END_TEST

START_TEST(swap_on_zram_is_told_apart) {
        Bed b;
        const SystemRaw *raw;

        bed_init(&b);
        fixture_file(&b.fixture, "proc/swaps",
                "Filename Type Size Used Priority\n/dev/zram0 partition 1024 100 100\n"
                "/dev/sda2 partition 4096 50 -2\n/dev/zram1 partition 1024 28 100\n");
        raw = read_system(&b, NOW);
        ck_assert_uint_eq(raw->zram_swap_total, 2048 * 1024);
        ck_assert_uint_eq(raw->zram_swap_used, 128 * 1024);
        bed_done(&b);
}
END_TEST

START_TEST(health_of_the_scouts_sources_is_shown) {
        Bed b;

        bed_init(&b);
        scan(&b, NOW);
        sampler_read_system(b.sampler, b.scout, NOW, NOW, &b.sample);
        ck_assert(sampler_health(b.sampler, SOURCE_VMSTAT)->degraded);
        ck_assert_int_eq(sampler_health(b.sampler, SOURCE_VMSTAT)->error, ENOENT);
        ck_assert(!sampler_health(b.sampler, SOURCE_ARC)->degraded); /* nobody needs ZFS */
        ck_assert(!sampler_health(b.sampler, SOURCE_ARC)->present);
        ck_assert(!sampler_health(b.sampler, SOURCE_ZRAM)->degraded);
        bed_done(&b);
}
END_TEST

START_TEST(processes_come_in_the_order_of_the_listing) {
        Bed b;
        const ProcSample *p;

        bed_init(&b);
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 1 });
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 10, .anon = 5 * TREE_MIB });
        tree_process(&b.fixture, "",
                &(TreeProcess){ .pid = 11, .anon = 9 * TREE_MIB, .swap = TREE_MIB });
        scan(&b, NOW);
        p = read_process(&b, NOW + 5, 11);
        ck_assert_uint_eq(b.sample.n_procs, 3);
        ck_assert_ptr_eq(p, &b.sample.procs[0]);
        ck_assert(p->kept);
        ck_assert(p->has_status);
        ck_assert_uint_eq(p->at_usec, NOW + 5);
        ck_assert_uint_eq(p->anon, 9 * TREE_MIB);
        ck_assert_uint_eq(p->swap, TREE_MIB);
        ck_assert(!read_process(&b, NOW + 6, 1)->kept);
        ck_assert_uint_eq(read_process(&b, NOW + 6, 1)->at_usec, NOW); /* of the census */
        ck_assert(b.sample.procs_fresh);
        ck_assert_uint_eq(b.sample.procs_at_usec, NOW + 6);
        ck_assert(has(&b.sample.raw, SOURCE_PROCESSES));
        bed_done(&b);
}
END_TEST

START_TEST(kept_process_is_read_now_or_left_as_the_census_had_it) {
        Bed b;
        const RosterListing *l;

        bed_init(&b);
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 10, .anon = 5 * TREE_MIB });
        scan(&b, NOW);
        tree_process(&b.fixture, "", &(TreeProcess){ .pid = 10, .anon = 7 * TREE_MIB });
        l = roster_acquire(b.roster, ROSTER_SENTINEL);
        b.sample.procs_at_usec = 77;
        sampler_read_processes(b.sampler, b.roster, l, false, NOW + 1, &b.sample);
        ck_assert_uint_eq(b.sample.procs[0].anon, 5 * TREE_MIB);
        ck_assert(!b.sample.procs_fresh);
        ck_assert_uint_eq(b.sample.procs_at_usec, 77);
        ck_assert_uint_eq(read_process(&b, NOW + 2, 10)->anon, 7 * TREE_MIB);
        bed_done(&b);
}
END_TEST

START_TEST(without_detail_statm_is_enough) {
        Bed b;
        const ProcSample *p;

        bed_init(&b);
        b.config->limits.detailed = 0;
        (void) scout_free(b.scout);
        ck_assert_int_eq(scout_new(&(ScoutOptions){ .root = &b.root, .roster = b.roster }, b.config,
                                 &b.scout),
                0);
        tree_process(&b.fixture, "",
                &(TreeProcess){
                        .pid = 10, .anon = 5 * TREE_MIB, .swap = 3 * TREE_MIB, .file = TREE_MIB });
        scan(&b, NOW);
        fixture_file(&b.fixture, "proc/10/statm", "5000 2048 256 0 0 0 0\n");
        p = read_process(&b, NOW + 1, 10);
        ck_assert(!p->has_status);
        ck_assert_uint_eq(p->rss, 8 * TREE_MIB);
        ck_assert_uint_eq(p->anon, 7 * TREE_MIB);
        ck_assert_uint_eq(p->swap, 3 * TREE_MIB); /* as the census had it */
        ck_assert_uint_eq(atomic_load(&roster_slot(b.roster, p->slot)->read_bytes), 10 * TREE_MIB);
        bed_done(&b);
}
END_TEST

/* ---- the live system ---- */

START_TEST(process_that_is_gone_is_left_out) {
        Bed b;
        Victim v;

        victim_start(VICTIM_PLAIN, &v);
        bed_start(&b, NULL);
        scan(&b, NOW);
        ck_assert_ptr_nonnull(read_process(&b, NOW + 1, v.pid));
        ck_assert_int_eq(kill(v.pid, SIGKILL), 0);
        ck_assert(victim_has_ended(&v, 5000));

        /* Not reaped yet: a zombie, with nothing left to free. */
        ck_assert_ptr_nonnull(read_process(&b, NOW + 2, v.pid));
        ck_assert_int_eq(read_process(&b, NOW + 3, v.pid)->state, 'Z');
        ck_assert(read_process(&b, NOW + 4, v.pid)->exiting);
        ck_assert(!read_process(&b, NOW + 5, v.pid)->zombie_leader);
        ck_assert_uint_eq(read_process(&b, NOW + 6, v.pid)->anon, 0);

        victim_done(&v);
        ck_assert_ptr_null(read_process(&b, NOW + 7, v.pid));
        bed_done(&b);
}
END_TEST

START_TEST(leader_that_left_its_threads_behind_is_sized_again) {
        enum { SIZE = 32 * 1024 * 1024 };
        Bed b;
        Victim v;
        const ProcSample *p;
        char *memory = victim_memory(SIZE);

        victim_start(VICTIM_HEADLESS, &v);
        bed_start(&b, NULL);
        scan(&b, NOW);
        (void) read_process(&b, NOW + 1, v.pid);
        p = read_process(&b, NOW + 2, v.pid);
        ck_assert_ptr_nonnull(p);
        ck_assert(p->zombie_leader);
        ck_assert(!p->exiting);
        ck_assert_uint_ge(p->anon, SIZE / 2); /* the kernel counts in batches */
        victim_done(&v);
        free(memory);
        bed_done(&b);
}
END_TEST

/* ---- nothing is opened or allocated ---- */

static volatile size_t allocations; /* behind the back of a compiler that knows malloc */

#if !SANITIZED
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

void *malloc(size_t size) {
        allocations = allocations + 1;
        return __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
        allocations = allocations + 1;
        return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size) {
        allocations = allocations + 1;
        return __libc_realloc(p, size);
}
#endif

#define ALLOW(nr)                                                                                  \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1),                                           \
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* From here on only what reads through descriptors that are open; anything else is the end. */
static void forbid_everything_else(void) {
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                ALLOW(SYS_pread64),
                ALLOW(SYS_poll),
                ALLOW(SYS_exit_group),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        };
        struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
                _exit(77);
}

/* In a child, on the live system: the sentinel's reads, under that filter. */
static int read_under_filter(bool cheat) {
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                Bed b;
                const RosterListing *l;
                size_t before;

                bed_start(&b, NULL);
                scan(&b, NOW);
                l = roster_acquire(b.roster, ROSTER_SENTINEL);
                forbid_everything_else();
                before = allocations;
                for (usec_t i = 0; i < 20; i++) {
                        usec_t now = NOW + i * USEC_PER_SEC;

                        sampler_read_system(b.sampler, b.scout, now, now, &b.sample);
                        sampler_read_processes(b.sampler, b.roster, l, true, now, &b.sample);
                }
                if (cheat)
                        (void) open("/dev/null", O_RDONLY);
                _exit(allocations != before ? 3 : b.sample.n_procs == 0 ? 4 : 0);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        return status;
}

START_TEST(reading_opens_nothing_and_allocates_nothing) {
        int status;

#if !SANITIZED
        size_t before = allocations;
        void *volatile p = malloc(10);

        ck_assert_uint_eq(allocations, before + 1); /* they would be counted */
        free(p);
#endif
        status = read_under_filter(false);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
        status = read_under_filter(true);
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "status %#x", status);
}
END_TEST

int main(void) {
        Suite *s = suite_create("sampler");
        TCase *tc = tcase_create("sampler");

        tcase_add_test(tc, system_files_are_read_into_the_sample);
        tcase_add_loop_test(tc, bad_text_degrades_its_source_and_no_other, 0,
                (int) (sizeof(text_cases) / sizeof(text_cases[0])));
        tcase_add_test(tc, source_recovers_when_the_file_does);
        tcase_add_test(tc, file_that_vanishes_midway_is_still_read_and_missed_in_the_next_tree);
        tcase_add_test(tc, pressure_is_read_every_50_ms_at_most);
        tcase_add_test(tc, swaps_are_read_when_the_sums_move_or_they_are_old);
        tcase_add_test(tc, processes_without_news_stay_as_they_are);
        tcase_add_test(tc, swap_on_zram_is_told_apart);
        tcase_add_test(tc, health_of_the_scouts_sources_is_shown);
        tcase_add_test(tc, processes_come_in_the_order_of_the_listing);
        tcase_add_test(tc, kept_process_is_read_now_or_left_as_the_census_had_it);
        tcase_add_test(tc, without_detail_statm_is_enough);
        tcase_add_test(tc, process_that_is_gone_is_left_out);
        tcase_add_test(tc, leader_that_left_its_threads_behind_is_sized_again);
        if (!SANITIZED) /* it makes calls of its own */
                tcase_add_test(tc, reading_opens_nothing_and_allocates_nothing);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
