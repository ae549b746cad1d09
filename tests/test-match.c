/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/match.h"

#include "core/session.h"
#include "tests/core-world.h"

/* One spec with one pattern key. */
static MatchSpec spec_of(MatchKey key, const char *const *pattern) {
        MatchSpec spec = { .key_mask = UINT32_C(1) << key };

        spec.patterns[key].patterns = pattern;
        spec.patterns[key].n = 1;
        return spec;
}

static const struct {
        const char *name;
        MatchKey key;
        const char *pattern, *text;
        bool holds;
} pattern_rows[] = {
        { "comm", MATCH_COMM, "chrome", "chrome", true },
        { "another comm", MATCH_COMM, "chrome", "chromium", false },
        { "* in comm", MATCH_COMM, "chrom*", "chromium", true },
        { "exe", MATCH_EXE, "/usr/bin/python3*", "/usr/bin/python3.11", true },
        { "* in exe stops at a slash", MATCH_EXE, "/usr/*", "/usr/bin/cat", false },
        { "** in exe does not", MATCH_EXE, "/usr/**", "/usr/bin/cat", true },
        { "a deleted exe is the same program", MATCH_EXE, "/usr/bin/cat", "/usr/bin/cat (deleted)",
                true },
        { "deleted alone is a name", MATCH_EXE, " (deleted)", " (deleted)", true },
        { "an exe that is not known matches nothing", MATCH_EXE, "**", "", false },
        { "* in cmdline crosses everything", MATCH_CMDLINE, "*--type=renderer*",
                "/opt/a/chrome --type=renderer -x", true },
        { "an empty cmdline matches nothing", MATCH_CMDLINE, "*", "", false },
        { "cgroup", MATCH_CGROUP, "/user.slice/**", "/user.slice/user-1000.slice/session-3.scope",
                true },
        { "cgroup and itself", MATCH_CGROUP, "/user.slice/**", "/user.slice", true },
        { "* in cgroup stops at a slash", MATCH_CGROUP, "/user.slice/*", "/user.slice/a/b", false },
        { "unit", MATCH_UNIT, "ssh.service", "ssh.service", true },
        { "a user's unit is no unit of the system", MATCH_UNIT, "ssh.service", "", false },
        { "user_unit", MATCH_USER_UNIT, "app-*.scope", "app-foo.scope", true },
        { "slice", MATCH_SLICE, "user-*.slice", "user-1000.slice", true },
        { "container", MATCH_CONTAINER, "*", "", false },
        { "tty", MATCH_TTY, "pts/*", "pts/3", true },
        { "no tty", MATCH_TTY, "", "", true },
};

static void set_text(ProcFacts *f, MatchKey key, const char *text) {
        if (key == MATCH_COMM)
                snprintf(f->comm, sizeof(f->comm), "%s", text);
        *(key == MATCH_EXE                       ? &f->exe
                        : key == MATCH_CMDLINE   ? &f->cmdline
                        : key == MATCH_CGROUP    ? &f->cgroup
                        : key == MATCH_UNIT      ? &f->unit
                        : key == MATCH_SLICE     ? &f->slice
                        : key == MATCH_TTY       ? &f->tty
                        : key == MATCH_CONTAINER ? &f->container
                                                 : &f->user_unit) = text;
}

START_TEST(pattern_table) {
        ProcFacts facts = { .exe = "",
                .cmdline = "",
                .cgroup = "",
                .unit = "",
                .user_unit = "",
                .slice = "",
                .tty = "",
                .container = "" };
        ProcSample proc = { .facts = &facts };
        MatchSpec spec = spec_of(pattern_rows[_i].key, &pattern_rows[_i].pattern);

        set_text(&facts, pattern_rows[_i].key, pattern_rows[_i].text);
        ck_assert_msg(
                match_spec(&spec, &proc, 0) == pattern_rows[_i].holds, "%s", pattern_rows[_i].name);
}
END_TEST

START_TEST(missing_strings_match_nothing) {
        static const char *const all = "**";
        ProcFacts facts = { 0 }; /* all pointers NULL */
        ProcSample proc = { .facts = &facts };

        for (int key = 0; key < _MATCH_PATTERN_MAX; key++) {
                MatchSpec spec = spec_of((MatchKey) key, &all);

                ck_assert_msg(match_spec(&spec, &proc, 0) == (key == MATCH_TTY), "key %d", key);
        }
}
END_TEST

static const struct {
        const char *name;
        MatchKey key;
        Range range;
        bool holds;
} range_rows[] = {
        { "uid", MATCH_UID, { 1000, 1000 }, true },
        { "another uid", MATCH_UID, { 0, 999 }, false },
        { "gid", MATCH_GID, { 100, 100 }, true },
        { "older than a minute", MATCH_AGE, { (int64_t) SEC(60) + 1, INT64_MAX }, true },
        { "younger than a minute", MATCH_AGE, { 0, (int64_t) SEC(60) - 1 }, false },
        { "size counts swap", MATCH_SIZE, { (int64_t) MIB(150), (int64_t) MIB(150) }, true },
        { "oom_score_adj", MATCH_OOM_SCORE_ADJ, { -1000, -1 }, true },
};

START_TEST(range_table) {
        ProcFacts facts = { .uid = 1000, .gid = 100, .born_usec = SEC(10), .oom_score_adj = -500 };
        ProcSample proc = { .facts = &facts, .rss = MIB(100), .swap = MIB(50) };
        MatchSpec spec = { .key_mask = UINT32_C(1) << range_rows[_i].key };

        spec.ranges[range_rows[_i].key - _MATCH_PATTERN_MAX].ranges = &range_rows[_i].range;
        spec.ranges[range_rows[_i].key - _MATCH_PATTERN_MAX].n = 1;
        ck_assert_msg(match_spec(&spec, &proc, SEC(100)) == range_rows[_i].holds, "%s",
                range_rows[_i].name);
}
END_TEST

START_TEST(keys_and_lists_or) {
        static const char *const comms[] = { "a", "b" };
        static const Range uid = { 0, 0 };
        ProcFacts facts = { .comm = "b", .uid = 0 };
        ProcSample proc = { .facts = &facts };
        MatchSpec specs[2] = { { .key_mask = UINT32_C(1) << MATCH_COMM | UINT32_C(1) << MATCH_UID },
                { .key_mask = UINT32_C(1) << MATCH_COMM } };
        MatchList list = { specs, 2 };
        MatchList empty = { 0 };

        for (int i = 0; i < 2; i++) {
                specs[i].patterns[MATCH_COMM].patterns = comms;
                specs[i].patterns[MATCH_COMM].n = 2;
        }
        specs[0].ranges[0].ranges = &uid;
        specs[0].ranges[0].n = 1;
        ck_assert_ptr_eq(match_list(&list, &proc, 0), &specs[0]);
        facts.uid = 1;
        ck_assert_ptr_eq(match_list(&list, &proc, 0), &specs[1]);
        facts.comm[0] = 'c';
        ck_assert_ptr_null(match_list(&list, &proc, 0));
        ck_assert_ptr_null(match_list(&empty, &proc, 0));
}
END_TEST

START_TEST(a_spec_without_keys_holds_for_all) {
        ProcFacts facts = { 0 };
        ProcSample proc = { .facts = &facts };
        MatchSpec spec = { 0 };

        ck_assert(match_spec(&spec, &proc, 0));
}
END_TEST

START_TEST(age_and_size_move) {
        MatchSpec spec = { .key_mask = UINT32_C(1) << MATCH_COMM | UINT32_C(1) << MATCH_UID };
        MatchList list = { &spec, 1 };

        ck_assert(match_is_static(&list));
        spec.key_mask |= UINT32_C(1) << MATCH_AGE;
        ck_assert(!match_is_static(&list));
        spec.key_mask = UINT32_C(1) << MATCH_SIZE;
        ck_assert(!match_is_static(&list));
}
END_TEST

/* ---- classes and groups
 * ------------------------------------------------------------------------------ */

typedef struct Identity {
        const char *unit, *user_unit, *container, *exe, *comm;
        uint32_t uid;
        int32_t session;
} Identity;

static ProcFacts facts_of(const Identity *id) {
        ProcFacts f = { .unit = id->unit,
                .user_unit = id->user_unit,
                .container = id->container,
                .exe = id->exe,
                .uid = id->uid,
                .session = id->session };

        snprintf(f.comm, sizeof(f.comm), "%s", id->comm ? id->comm : "");
        return f;
}

static const struct {
        const char *name;
        Identity a, b;
        bool same_class, same_group;
} identity_rows[] = {
        { "one unit", { .unit = "a.service", .exe = "/x" },
                { .unit = "a.service", .exe = "/y", .uid = 5 }, true, true },
        { "two units", { .unit = "a.service" }, { .unit = "b.service" }, false, false },
        { "one exe and uid, two sessions", { .exe = "/x", .uid = 1, .session = 1 },
                { .exe = "/x", .uid = 1, .session = 2 }, true, false },
        { "one exe, two uids", { .exe = "/x", .uid = 1 }, { .exe = "/x", .uid = 2 }, false, false },
        { "two exes in one session", { .exe = "/x", .uid = 1, .session = 9 },
                { .exe = "/y", .uid = 1, .session = 9 }, false, true },
        { "units of a user's manager", { .unit = "user@1.service", .user_unit = "app-a.scope" },
                { .unit = "user@1.service", .user_unit = "app-b.scope" }, true, false },
        { "the same name under two managers",
                { .unit = "user@1.service", .user_unit = "app-a.scope", .uid = 1 },
                { .unit = "user@2.service", .user_unit = "app-a.scope", .uid = 2 }, false, false },
        { "two programs of a user's manager",
                { .unit = "user@1.service", .user_unit = "app-a.scope", .exe = "/x", .uid = 1 },
                { .unit = "user@1.service", .user_unit = "app-b.scope", .exe = "/y", .uid = 1 },
                false, false },
        { "two programs of a session", { .unit = "session-3.scope", .exe = "/x", .uid = 1 },
                { .unit = "session-3.scope", .exe = "/y", .uid = 1 }, false, true },
        { "one program in two sessions", { .unit = "session-3.scope", .exe = "/x", .uid = 1 },
                { .unit = "session-4.scope", .exe = "/x", .uid = 1 }, true, false },
        { "a scope that is no session", { .unit = "run-r1.scope", .exe = "/x" },
                { .unit = "run-r1.scope", .exe = "/y" }, true, true },
        { "containers before units", { .unit = "docker.service", .container = "c1" },
                { .unit = "docker.service", .container = "c2" }, true, false },
        { "init.scope is no group", { .unit = "init.scope", .session = 1 },
                { .unit = "init.scope", .session = 2 }, true, false },
        { "a slice is no group", { .unit = "user.slice", .session = 1 },
                { .unit = "user.slice", .session = 2 }, true, false },
        { "a user's init.scope is no group of its own",
                { .unit = "user@1.service", .user_unit = "init.scope" },
                { .unit = "user@1.service" }, true, true },
        { "an exe nobody may read is told by its name", { .exe = "", .comm = "a" },
                { .exe = "", .comm = "b" }, false, true },
};

START_TEST(identity_table) {
        ProcFacts a = facts_of(&identity_rows[_i].a), b = facts_of(&identity_rows[_i].b);

        ck_assert_msg((facts_class(&a) == facts_class(&b)) == identity_rows[_i].same_class,
                "%s: class", identity_rows[_i].name);
        ck_assert_msg((facts_group(&a) == facts_group(&b)) == identity_rows[_i].same_group,
                "%s: group", identity_rows[_i].name);
        ck_assert_uint_ne(facts_class(&a), 0);
        ck_assert_uint_ne(facts_group(&b), 0);
}
END_TEST

/* ---- who belongs to the surroundings
 * ------------------------------------------------------------------ */

static const struct {
        const char *name, *exe, *comm;
        bool host, leader;
        uint32_t uid;
        SessionRole role;
} role_rows[] = {
        { "a shell", "/usr/bin/bash", "bash", true, false, 1000, SESSION_SHELL },
        { "a program of that name elsewhere", "/home/u/bash", "bash", false, false, 1000,
                SESSION_NONE },
        { "a program that calls itself bash", "/usr/bin/hog", "bash", true, false, 1000,
                SESSION_NONE },
        { "a session leader on a terminal", "/usr/bin/vim", "vim", true, true, 1000,
                SESSION_SHELL },
        { "a leader whose exe is foreign", "/home/u/x", "x", false, true, 1000, SESSION_SHELL },
        { "tmux", "/usr/bin/tmux", "tmux: server", true, false, 1000, SESSION_SHELL },
        { "a compositor", "/usr/bin/gnome-shell", "gnome-shell", true, false, 1000,
                SESSION_FIXTURE },
        { "kwin", "/usr/bin/kwin_wayland", "kwin_wayland", true, false, 1000, SESSION_FIXTURE },
        { "a locker", "/usr/bin/swaylock", "swaylock", true, false, 1000, SESSION_FIXTURE },
        { "a user's manager", "/usr/lib/systemd/systemd", "systemd", true, false, 1000,
                SESSION_FIXTURE },
        { "a container runtime", "/usr/bin/containerd-shim-runc-v2", "containerd-shim", true, false,
                0, SESSION_FIXTURE },
        { "udevd", "/usr/bin/udevadm", "systemd-udevd", true, false, 0, SESSION_FIXTURE },
        { "journald", "/usr/lib/systemd/systemd-journald", "systemd-journal", true, false, 0,
                SESSION_FIXTURE },
        { "logind", "/usr/lib/systemd/systemd-logind", "systemd-logind", true, false, 0,
                SESSION_FIXTURE },
        { "the bus", "/usr/bin/dbus-daemon", "dbus-daemon", true, false, 100, SESSION_FIXTURE },
        { "a way in", "/usr/sbin/sshd", "sshd", true, false, 0, SESSION_FIXTURE },
        { "conmon", "/usr/bin/conmon", "conmon", true, false, 1000, SESSION_FIXTURE },
        { "kubelet", "/usr/bin/kubelet", "kubelet", true, false, 0, SESSION_FIXTURE },
        { "a container's own pause", "/pause", "pause", false, false, 65535, SESSION_NONE },
        { "root's exe cannot be read", "", "dockerd", false, false, 0, SESSION_FIXTURE },
        { "a user's exe cannot be read", "", "dockerd", false, false, 1000, SESSION_NONE },
        { "first of its list", "/usr/bin/Hyprland", "x", true, false, 1000, SESSION_FIXTURE },
        { "last of its list", "/usr/bin/youki", "x", true, false, 1000, SESSION_FIXTURE },
        { "gnome-shell is no family", "/usr/bin/gnome-shell", "x", true, false, 1000,
                SESSION_FIXTURE },
        { "one of a family", "/usr/bin/gdm-x-session", "x", true, false, 1000, SESSION_FIXTURE },
        { "first of the shells", "/usr/bin/ash", "x", true, false, 1000, SESSION_SHELL },
        { "last of the shells", "/usr/bin/zsh", "x", true, false, 1000, SESSION_SHELL },
        { "a longer name", "/usr/bin/zshx", "x", true, false, 1000, SESSION_NONE },
        { "before all", "/usr/bin/a", "x", true, false, 1000, SESSION_NONE },
        { "anybody", "/usr/bin/python3.11", "python3", true, false, 1000, SESSION_NONE },
};

START_TEST(role_table) {
        ProcFacts f = { .exe = role_rows[_i].exe,
                .exe_is_host = role_rows[_i].host,
                .tty_leader = role_rows[_i].leader,
                .uid = role_rows[_i].uid };

        snprintf(f.comm, sizeof(f.comm), "%s", role_rows[_i].comm);
        ck_assert_msg(session_role(&f) == role_rows[_i].role, "%s", role_rows[_i].name);
}
END_TEST

#define ADD_ROWS(test, rows)                                                                       \
        tcase_add_loop_test(tc, test, 0, (int) (sizeof(rows) / sizeof(rows[0])))

int main(void) {
        Suite *s = suite_create("match");
        TCase *tc = tcase_create("match");

        ADD_ROWS(pattern_table, pattern_rows);
        tcase_add_test(tc, missing_strings_match_nothing);
        ADD_ROWS(range_table, range_rows);
        tcase_add_test(tc, keys_and_lists_or);
        tcase_add_test(tc, a_spec_without_keys_holds_for_all);
        tcase_add_test(tc, age_and_size_move);
        ADD_ROWS(identity_table, identity_rows);
        ADD_ROWS(role_table, role_rows);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
