/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory that no process shows: files of a tmpfs harm nobody, a memfd costs the cgroup that wrote
 * it, and what the processes explain goes on as before. */

#include "core/hidden-gain.h"
#include "tests/core-story.h"

typedef struct Machine {
        Story *st;
        World *w;
        ProcSample *desk, *writer;
        GroupSample *desk_unit, *writer_unit;
} Machine;

/* An innocent desk of 3 GiB, and a writer that is small, each in a unit of its own; 16 GiB. */
static Machine machine_new(void) {
        Machine m = { .st = story_new(GIB(16)) };

        m.w = m.st->w;
        m.desk = story_process(m.st, "desk", GIB(3), 0, ANSWER_OBEYS);
        m.writer = story_process(m.st, "writer", MIB(2), 0, ANSWER_OBEYS);
        world_facts(m.w, m.desk)->cgroup = "/system.slice/desk.service";
        world_facts(m.w, m.desk)->unit = "desk.service";
        world_facts(m.w, m.writer)->cgroup = "/system.slice/writer.service";
        world_facts(m.w, m.writer)->unit = "writer.service";
        world_rehash(m.w);
        m.desk_unit =
                world_unit(m.w, "/system.slice/desk.service", "desk.service", GIB(3), UINT64_MAX);
        m.writer_unit = world_unit(
                m.w, "/system.slice/writer.service", "writer.service", MIB(2), UINT64_MAX);
        world_policy(m.w, "host", WATCH_SYSTEM, CONDITION(m.w, COND_ALL, available_below(1000)))
                ->targets.kind = TARGET_AUTO;
        story_run(m.st, SEC(3), MSEC(100)); /* calm: the baselines */
        return m;
}

/* So much shared memory comes within a second, of it so much as files. */
static void write_shared(Machine *m, uint64_t shared, uint64_t files) {
        SystemRaw *raw = &m->w->s.raw;

        raw->have |= source_bit(SOURCE_TMPFS);
        story_tick(m->st, MSEC(100));
        raw->shmem += shared;
        raw->tmpfs_used += files;
        raw->tmpfs_largest = raw->tmpfs_used;
        snprintf(raw->tmpfs_mount, sizeof(raw->tmpfs_mount), "%s", "/dev/shm");
        m->writer_unit->shmem += shared;
        m->writer_unit->file += shared;
        m->writer_unit->current += shared;
        m->st->capacity -= shared;
}

START_TEST(files_of_a_tmpfs_harm_nobody_and_are_named) {
        Machine m = machine_new();
        const Event *e;

        write_shared(&m, GIB(12), GIB(12));
        e = story_until(m.st, EVENT_NO_USEFUL_VICTIM, SEC(2));
        ck_assert_ptr_nonnull(e);
        ck_assert_ptr_nonnull(strstr(e->text, "files in /dev/shm hold 12.0 GiB"));
        story_run(m.st, SEC(10), MSEC(100));
        ck_assert_int_eq(m.st->signalled, 0);
        ck_assert(story_lives(m.desk) && story_lives(m.writer));
        story_free(m.st);
}
END_TEST

START_TEST(a_memfd_costs_the_cgroup_that_wrote_it) {
        Machine m = machine_new();
        const Event *e;

        write_shared(&m, GIB(12), 0);
        e = story_until(m.st, EVENT_STEP_TAKEN, SEC(2));
        ck_assert_ptr_nonnull(e);
        ck_assert_ptr_nonnull(strstr(e->target.unit, "writer.service"));
        ck_assert_uint_ge(e->promised, GIB(11));
        ck_assert(story_lives(m.desk));
        story_free(m.st);
}
END_TEST

START_TEST(where_no_cgroup_explains_it_nobody_is_harmed) {
        Machine m = machine_new();
        const Event *e;

        m.writer_unit->has_memory = m.desk_unit->has_memory = false; /* the controller is off */
        write_shared(&m, GIB(12), 0);
        e = story_until(m.st, EVENT_NO_USEFUL_VICTIM, SEC(2));
        ck_assert_ptr_nonnull(e);
        ck_assert_ptr_nonnull(strstr(e->text, "shared memory"));
        ck_assert_int_eq(m.st->signalled, 0);
        story_free(m.st);
}
END_TEST

START_TEST(a_leak_beside_some_files_is_a_leak) {
        Machine m = machine_new();

        write_shared(&m, GIB(3), GIB(3));
        process_set(m.desk, GIB(3) + GIB(9));
        group_set(m.desk_unit, GIB(12), 0);
        ck_assert_ptr_nonnull(story_until(m.st, EVENT_STEP_TAKEN, SEC(2)));
        story_run(m.st, SEC(1), MSEC(100));
        ck_assert(!story_lives(m.desk) && story_lives(m.writer));
        story_free(m.st);
}
END_TEST

/* Before the kernel's list of mounts could be read, it is all one kind: still nobody's process. */
START_TEST(shared_memory_that_nobody_tells_apart_is_not_a_process) {
        Machine m = machine_new();

        m.w->s.raw.shmem += GIB(12);
        m.st->capacity -= GIB(12);
        ck_assert_ptr_nonnull(story_until(m.st, EVENT_NO_USEFUL_VICTIM, SEC(2)));
        ck_assert_int_eq(m.st->signalled, 0);
        story_free(m.st);
}
END_TEST

static const struct {
        const char *name;
        uint64_t tmpfs, shmem, process;
        WatchKind watch;
        HiddenGain expected;
} rows[] = {
        { "nothing gained", 0, 0, 0, WATCH_SYSTEM, HIDDEN_NONE },
        { "a little", MIB(500), 0, 0, WATCH_SYSTEM, HIDDEN_NONE },
        { "files", GIB(3), GIB(1), GIB(1), WATCH_SYSTEM, HIDDEN_FILES },
        { "a memfd", GIB(1), GIB(3), GIB(1), WATCH_SYSTEM, HIDDEN_SHARED },
        { "less than the processes gained", GIB(2), 0, GIB(3), WATCH_SYSTEM, HIDDEN_NONE },
        { "a leak beside files of an hour ago", GIB(4), 0, GIB(3), WATCH_SYSTEM, HIDDEN_NONE },
        { "a policy about a process", GIB(2), 0, 0, WATCH_PROCESS, HIDDEN_NONE },
        { "a policy about a cgroup", 0, GIB(2), 0, WATCH_CGROUP, HIDDEN_NONE },
};

START_TEST(kind_table) {
        World *w = world_new();
        Policy p = { .watch = rows[_i].watch, .targets = { .at_least = MIB(16) } };
        ProcSample *one = world_process(w, "one", GIB(1));

        one->gained = rows[_i].process;
        w->s.tmpfs_gained = rows[_i].tmpfs;
        w->s.shmem_gained = rows[_i].shmem;
        ck_assert_msg(hidden_gain_kind(&p, &w->s) == rows[_i].expected, "%s", rows[_i].name);
        world_free(w);
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                files_of_a_tmpfs_harm_nobody_and_are_named,
                a_memfd_costs_the_cgroup_that_wrote_it,
                where_no_cgroup_explains_it_nobody_is_harmed,
                a_leak_beside_some_files_is_a_leak,
                shared_memory_that_nobody_tells_apart_is_not_a_process,
        };
        Suite *s = suite_create("hidden-gain");
        TCase *tc = tcase_create("hidden-gain");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_loop_test(tc, kind_table, 0, (int) (sizeof(rows) / sizeof(rows[0])));
        suite_add_tcase(s, tc);
        return harness_run(s);
}
