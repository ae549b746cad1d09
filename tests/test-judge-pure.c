/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What judging may not do: call the kernel, allocate, or use much
 * stack. */

#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/explain.h"
#include "tests/core-story.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static const char *const globs[] = { "/system.slice/**" };
static MatchSpec every_unit;

/* Cgroups around them, one at its limit, their kills and pressures. */
static void add_cgroups(World *w) {
        Policy *p;

        every_unit = (MatchSpec){ .key_mask = UINT32_C(1) << MATCH_CGROUP };
        every_unit.patterns[MATCH_CGROUP].patterns = globs;
        every_unit.patterns[MATCH_CGROUP].n = 1;
        p = world_policy(w, "units", WATCH_CGROUP,
                CONDITION(w, COND_ALL,
                        atom_share(METRIC_CGROUP_USAGE, "cgroup.usage", COMPARE_GT, 8000)));
        p->watch_match = (MatchList){ &every_unit, 1 };
        p->targets.kind = TARGET_CGROUP;
        p->targets.max_victims = 12;
        p->budget_count = 1;
        p->budget_window_usec = SEC(600);
        p->on_budget = ON_BUDGET_WIDEN;
        world_unit(w, "/system.slice/a.service", "a.service", 0, GIB(2));
        world_unit(w, "/system.slice/b.service", "b.service", 0, UINT64_MAX);
        world_group(w, "/system.slice/b.service/x", 0)->psi_have = 7;
        world_group(w, "/system.slice", 0);
}

static const char *cgroup_of(int i) {
        return i < 20    ? "/system.slice/a.service"
                : i < 30 ? "/system.slice/b.service"
                         : "/system.slice/b.service/x";
}

/* A machine in trouble, with a tree of workers, sharers, a user and a process policy. */
static Story *busy_machine(void) {
        Story *st = story_new(GIB(16));
        World *w = st->w;

        world_policy(w, "host", WATCH_SYSTEM,
                CONDITION(w, COND_ALL, available_below(800), swap_below(1000)))
                ->targets.kind = TARGET_AUTO;
        world_policy(w, "large", WATCH_PROCESS,
                CONDITION(w, COND_ALL, atom_bytes(METRIC_PROC_ANON, "a", COMPARE_GT, GIB(3))));
        world_policy(w, "users", WATCH_USER,
                CONDITION(w, COND_ALL, atom_bytes(METRIC_USER_ANON, "a", COMPARE_GT, GIB(9))));
        for (int i = 0; i < 40; i++) {
                ProcSample *p =
                        story_process(st, "worker", MIB(100), (int64_t) MIB(40), (Answer) (i % 7));

                world_facts(w, p)->ppid = i == 0 ? 1 : w->facts[(i - 1) / 3].pid;
                world_facts(w, p)->unit = i < 20 ? "a.service" : "b.service";
                world_facts(w, p)->mm_group = i % 9 == 0 ? 5 : 0;
                world_facts(w, p)->cgroup = cgroup_of(i);
        }
        add_cgroups(w);
        world_rehash(w);
        return st;
}

static char text[65536];

static void judge_for_a_while(Story *st, int ticks) {
        for (int i = 0; i < ticks; i++) {
                TextBuf out;

                st->w->groups[2].events[GROUP_EVENT_OOM_KILL] += i % 50 == 0;
                story_tick(st, MSEC(100));
                textbuf_init(&out, text, sizeof(text));
                for (size_t e = 0; e < st->w->plan.n_events; e++)
                        event_print(&st->w->plan.events[e], &out);
                explain_print(&st->w->config, &st->w->s, st->w->verdicts, st->w->n_verdicts,
                        &st->w->book, &st->w->scratch, -1, 0, &out);
        }
}

/* ---- no call into the kernel
 * ------------------------------------------------------------------------- */

START_TEST(judging_never_calls_the_kernel) {
        pid_t pid = fork();
        int status = -1;

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                Story *st = busy_machine();

                judge_for_a_while(st, 1);
                if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0)
                        judge_for_a_while(st, 200);
                syscall(SYS_exit, st->signalled > 3 && st->n_group_steps > 0 ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
        ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* ---- no allocation
 * --------------------------------------------------------------------------------------- */

#ifndef SANITIZED
static volatile bool counting;
static volatile unsigned allocations;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t size);

void *malloc(size_t size) {
        if (counting)
                allocations++;
        return __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
        if (counting)
                allocations++;
        return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size) {
        if (counting)
                allocations++;
        return __libc_realloc(p, size);
}

/* The counter itself must count, or the next test proves nothing. */
START_TEST(an_allocation_is_noticed) {
        void *volatile p;

        counting = true;
        p = malloc(10);
        counting = false;
        free(p);
        ck_assert_uint_eq(allocations, 1);
}
END_TEST

/* The story's own assertions allocate, so only what the daemon calls is counted. */
START_TEST(judging_never_allocates) {
        Story *st = busy_machine();
        World *w = st->w;

        for (int i = 0; i < 200; i++) {
                TextBuf out;

                story_tick(st, MSEC(100));
                counting = true;
                w->s.raw.at_usec = w->s.raw.boottime_usec = w->now += MSEC(100);
                history_advance(w->history, &w->s, 0);
                w->n_verdicts = evaluate(&w->config, &w->s, incident_not_before, &w->book,
                        w->verdicts, WORLD_VERDICTS_MAX, NULL);
                (void) evaluate_needs_processes(&w->config, &w->s, w->now);
                (void) evaluate_needs_groups(&w->config, &w->s, w->now);
                (void) evaluate_next_tick(&w->config, &w->s, w->verdicts, w->n_verdicts, false);
                decide(&w->config, &w->s, w->verdicts, w->n_verdicts, NULL, 0, true, &w->book,
                        &w->scratch, &w->plan);
                textbuf_init(&out, text, sizeof(text));
                for (size_t e = 0; e < w->plan.n_events; e++)
                        event_print(&w->plan.events[e], &out);
                explain_print(&w->config, &w->s, w->verdicts, w->n_verdicts, &w->book, &w->scratch,
                        -1, 0, &out);
                counting = false;
        }
        ck_assert_uint_eq(allocations, 0);
        story_free(st);
}
END_TEST

/* ---- little stack
 * ------------------------------------------------------------------------------------------ */

#define STACK_SIZE (192 * 1024)
#define STACK_ALLOWED (64 * 1024)

static void *judge_on_thread(void *arg) {
        judge_for_a_while(arg, 100);
        return NULL;
}

START_TEST(judging_fits_a_small_stack) {
        static _Alignas(4096) unsigned char stack[STACK_SIZE];
        Story *st = busy_machine();
        pthread_attr_t attr;
        pthread_t thread;
        size_t untouched = 0;

        memset(stack, 0xa5, sizeof(stack));
        ck_assert_int_eq(pthread_attr_init(&attr), 0);
        ck_assert_int_eq(pthread_attr_setstack(&attr, stack, sizeof(stack)), 0);
        ck_assert_int_eq(pthread_create(&thread, &attr, judge_on_thread, st), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        pthread_attr_destroy(&attr);
        while (untouched < sizeof(stack) && stack[untouched] == 0xa5)
                untouched++;
        ck_assert_uint_lt(untouched, sizeof(stack) - 1024); /* it did run there */
        ck_assert_uint_le(sizeof(stack) - untouched, STACK_ALLOWED);
        story_free(st);
}
END_TEST
#endif

/* ---- cost
 * ------------------------------------------------------------------------------------------------------
 */

typedef struct Crowd {
        const char *name;
        size_t per_group; /* processes in one unit */
        bool chain;       /* each the child of the one before */
        bool shares;      /* all in one address space */
        bool rising;      /* the worst order for whoever keeps the best */
} Crowd;

static const Crowd crowds[] = {
        { "each alone", 1, false, false, true },
        { "all in one unit", 100000, false, false, false },
        { "a chain of children", 100000, true, false, true },
        { "all in one address space", 100000, false, true, false },
        { "ten to a unit", 10, false, false, true },
};

typedef struct CrowdWorld {
        Config config;
        Policy policy;
        CondNode nodes[2];
        Sample s;
        IncidentBook book;
        DecideScratch scratch;
        Verdict verdicts[4];
        Plan plan;
        History *history;
} CrowdWorld;

static CrowdWorld *crowd_new(const Crowd *crowd, size_t n) {
        CrowdWorld *c = calloc(1, sizeof(*c));
        ProcFacts *facts = calloc(n, sizeof(*facts));
        ProcSample *procs = calloc(n, sizeof(*procs));
        char(*units)[32] = calloc(n, sizeof(*units));

        ck_assert(c && facts && procs && units);
        ck_assert_int_eq(history_new((uint32_t) n, 64, &c->history), 0);
        c->nodes[0] = (CondNode){ .kind = COND_ATOM,
                .first_child = COND_NONE,
                .next_sibling = COND_NONE,
                .atom = available_below(800) };
        c->policy = (Policy){ .name = "p",
                .when = { c->nodes, 1 },
                .steps = { { .kind = STEP_KILL } },
                .n_steps = 1,
                .targets = { .kind = TARGET_AUTO,
                        .at_least = MIB(1),
                        .weight_milli = { [RANK_GAINED] = 1000, [RANK_FREEABLE] = 100 } } };
        c->config = (Config){ .policies = &c->policy,
                .n_policies = 1,
                .tick = { MSEC(50), SEC(5), SEC(1), SEC(30) },
                .limits = { 32768, 256, 64, 512, 32, 64, 8192, 64 } };
        for (size_t i = 0; i < n; i++) {
                snprintf(units[i], sizeof(units[i]), "u%zu.service", i / crowd->per_group);
                facts[i] = (ProcFacts){ .pid = (int32_t) (i + 100),
                        .ppid = crowd->chain && i > 0 ? (int32_t) (i + 99) : 1,
                        .uid = 1000,
                        .exe = "/usr/bin/x",
                        .exe_is_host = true,
                        .unit = units[i],
                        .mm_group = crowd->shares ? 7 : 0 };
                facts[i].class_hash = facts_class(&facts[i]);
                facts[i].group_hash = facts_group(&facts[i]);
                procs[i] = (ProcSample){ .facts = &facts[i],
                        .slot = (uint32_t) i,
                        .kept = true,
                        .state = 'S',
                        .anon = MIB(1) + (crowd->rising ? i * 4096 : 0),
                        .at_usec = SEC(10) };
                procs[i].rss = procs[i].anon;
        }
        c->s = (Sample){ .procs = procs,
                .n_procs = n,
                .procs_fresh = true,
                .procs_at_usec = SEC(10),
                .raw = { .at_usec = SEC(10),
                        .boottime_usec = SEC(10),
                        .have = UINT32_C(1) << SOURCE_MEMINFO,
                        .mem_total = GIB(16),
                        .mem_available = GIB(1) } };
        c->s.users = calloc(16, sizeof(UserSample));
        c->s.users_size = 16;
        c->scratch.size = n;
        c->scratch.candidates = calloc(n, sizeof(Candidate));
        ck_assert(c->s.users && c->scratch.candidates);
        return c;
}

static void crowd_judge(CrowdWorld *c) {
        size_t n;

        history_advance(c->history, &c->s, 0);
        n = evaluate(&c->config, &c->s, incident_not_before, &c->book, c->verdicts, 4, NULL);
        decide(&c->config, &c->s, c->verdicts, n, NULL, 0, false, &c->book, &c->scratch, &c->plan);
}

START_TEST(twenty_thousand_processes_are_judged) {
        CrowdWorld *c = crowd_new(&crowds[_i], 20000);

        incident_book_init(&c->book);
        crowd_judge(c);
        ck_assert_uint_eq(c->plan.n_actions, 1);
        ck_assert_uint_ge(c->plan.actions[0].n_slots, 1);
        ck_assert_uint_le(c->plan.actions[0].n_slots, TARGET_MEMBERS_MAX);
        history_free(c->history);
}
END_TEST

int main(void) {
        Suite *s = suite_create("judge-pure");
        TCase *tc = tcase_create("judge-pure");
        int n_crowds = (int) (sizeof(crowds) / sizeof(crowds[0]));

        tcase_add_test(tc, judging_never_calls_the_kernel);
#ifndef SANITIZED
        tcase_add_test(tc, an_allocation_is_noticed);
        tcase_add_test(tc, judging_never_allocates);
        tcase_add_test(tc, judging_fits_a_small_stack);
#endif
        tcase_add_loop_test(tc, twenty_thousand_processes_are_judged, 0, n_crowds);
        tcase_set_timeout(tc, 3 * HARNESS_TIMEOUT_SEC); /* so much to do */
        suite_add_tcase(s, tc);
        return harness_run(s);
}
