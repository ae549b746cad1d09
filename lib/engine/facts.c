/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "base/number.h"
#include "base/text.h"
#include "kernel/cgroup-path.h"
#include "kernel/proc-cgroup.h"
#include "kernel/proc-exe.h"
#include "kernel/proc-oom.h"
#include "kernel/proc.h"

#define TTY_MAJOR 4
#define TTY_SERIAL_FIRST 64 /* minors of major 4: consoles below, serial lines from here */
#define PTS_MAJOR_FIRST 136
#define PTS_MAJOR_LAST 143
#define PTS_PER_MAJOR 256

void facts_tty_name(int tty_nr, char *buf, size_t size) {
        unsigned nr = (unsigned) tty_nr;
        unsigned major = (nr >> 8) & 0xfff;
        unsigned minor = (nr & 0xff) | ((nr >> 12) & 0xfff00);

        if (nr == 0)
                buf[0] = '\0';
        else if (major >= PTS_MAJOR_FIRST && major <= PTS_MAJOR_LAST)
                (void) snprintf(
                        buf, size, "pts/%u", (major - PTS_MAJOR_FIRST) * PTS_PER_MAJOR + minor);
        else if (major == TTY_MAJOR && minor < TTY_SERIAL_FIRST)
                (void) snprintf(buf, size, "tty%u", minor);
        else if (major == TTY_MAJOR)
                (void) snprintf(buf, size, "ttyS%u", minor - TTY_SERIAL_FIRST);
        else
                (void) snprintf(buf, size, "%u:%u", major, minor);
}

/* Replaces the empty text at *field. */
static int intern(FactStrings *strings, Slice text, const char **field) {
        const char *t = fact_strings_ref(strings, text.at ? text.at : "", text.len);

        if (!t)
                return -ENOMEM;
        *field = t;
        return 0;
}

static bool ends_with(const char *text, const char *suffix) {
        size_t n = strlen(text), m = strlen(suffix);

        return n >= m && strcmp(text + n - m, suffix) == 0;
}

/* A recorded tree has no inodes: there the path is believed outside of containers. On the live
 * system the program is the host's when the host's path leads to the same inode; or, after an
 * upgrade replaced the file under a running program, when the old inode was root's on the file
 * system that has the path now. */
static bool is_host_file(const SysRoot *root, const char *path, const ProcExe *exe,
        const struct stat *own, bool contained) {
        struct stat host;

        if (path[0] != '/')
                return false;
        if (root->foreign)
                return !contained;
        if (!exe->has_id || fstatat(root->root_fd, path + 1, &host, AT_NO_AUTOMOUNT) < 0)
                return false;
        if (host.st_dev == exe->dev && host.st_ino == exe->ino)
                return true;
        return exe->deleted && own->st_uid == 0 && host.st_uid == 0 && host.st_dev == exe->dev;
}

static int read_exe(const FactsReader *reader, int pid_fd, ProcFacts *f) {
        char path[4096];
        struct stat own = { .st_uid = (uid_t) -1 };
        ProcExe exe;
        int r;

        r = proc_exe_read_at(pid_fd, path, sizeof(path), &exe);
        if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
                return r;
        if (r != PROC_OK)
                return PROC_OK; /* a zombie, or not ours to know */

        if (exe.deleted && !reader->root->foreign && fstatat(pid_fd, "exe", &own, 0) < 0)
                own.st_uid = (uid_t) -1;
        f->exe_is_host = is_host_file(reader->root, path, &exe, &own, f->container[0] != '\0');
        return intern(reader->strings, slice_of(path), &f->exe);
}

static int read_cgroup(const FactsReader *reader, int pid_fd, ProcFacts *f) {
        char path[PROC_CGROUP_PATH_MAX];
        CgroupOwner owner;
        bool deleted;
        int r;

        r = proc_cgroup_read_at(pid_fd, path, sizeof(path), &deleted);
        if (r == PROC_GONE || r == -ENOMEM || r == -EMFILE || r == -ENFILE)
                return r;
        if (r != PROC_OK)
                return PROC_OK;

        cgroup_path_parse(path, &owner);
        if (intern(reader->strings, slice_of(path), &f->cgroup) < 0 ||
                intern(reader->strings, owner.unit, &f->unit) < 0 ||
                intern(reader->strings, owner.user_unit, &f->user_unit) < 0 ||
                intern(reader->strings, owner.slice, &f->slice) < 0 ||
                intern(reader->strings, owner.container, &f->container) < 0)
                return -ENOMEM;
        return PROC_OK;
}

/* Nobody but root can ask for -1000; a user's process outside of a service has it from whoever
 * started the session (sshd), not by intent. */
static bool is_adj_inherited(const ProcFacts *f) {
        return f->oom_score_adj == PROC_OOM_ADJ_MIN && f->uid != 0 &&
                (f->user_unit[0] != '\0' || ends_with(f->unit, ".scope"));
}

static int read_rest(const FactsReader *reader, int pid_fd, ProcFacts *f) {
        int adj = 0;
        int r;

        if (f->kthread) { /* the rest of it is the same for all, and nobody's business */
                f->class_hash = facts_class(f);
                f->group_hash = facts_group(f);
                return PROC_OK;
        }

        r = read_cgroup(reader, pid_fd, f);
        if (r != PROC_OK)
                return r;
        r = read_exe(reader, pid_fd, f);
        if (r != PROC_OK)
                return r;
        r = proc_oom_adj_read_at(pid_fd, &adj);
        if (r == PROC_GONE && !reader->root->foreign)
                return r;
        if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
                return r;

        f->oom_score_adj = adj;
        f->adj_inherited = is_adj_inherited(f);
        f->class_hash = facts_class(f);
        f->group_hash = facts_group(f);
        return PROC_OK;
}

int facts_read(const FactsReader *reader, int pid_fd, const ProcStat *stat,
        const ProcStatus *status, ProcFacts **ret) {
        ProcFacts *f = malloc(sizeof(*f));
        char tty[32];
        int r;

        if (!f)
                return -ENOMEM;

        *f = (ProcFacts){
                .pid = stat->pid,
                .ppid = stat->ppid,
                .session = stat->session,
                .pgrp = stat->pgrp,
                .start_ticks = stat->starttime_ticks,
                .born_usec =
                        mul_div_u64(stat->starttime_ticks, USEC_PER_SEC, reader->ticks_per_sec),
                .uid = status->uid,
                .gid = status->gid,
                .kthread = proc_stat_is_kthread(stat),
                .ns_init = status->is_ns_init,
                .tty_leader = stat->tty_nr != 0 && stat->session == stat->pid,
                .tty = "",
                .exe = "",
                .cmdline = "",
                .cgroup = "",
                .unit = "",
                .user_unit = "",
                .slice = "",
                .container = "",
        };
        (void) text_copy(f->comm, sizeof(f->comm), stat->comm);
        facts_tty_name(stat->tty_nr, tty, sizeof(tty));

        r = intern(reader->strings, slice_of(tty), &f->tty);
        if (r == 0)
                r = read_rest(reader, pid_fd, f);
        if (r != PROC_OK) {
                facts_free(reader->strings, f);
                return r;
        }

        *ret = f;
        return PROC_OK;
}

static const char **texts_of(ProcFacts *f, size_t i) {
        const char **texts[] = { &f->tty, &f->exe, &f->cmdline, &f->cgroup, &f->unit, &f->user_unit,
                &f->slice, &f->container };

        return i < ELEMENTS(texts) ? texts[i] : NULL;
}

ProcFacts *facts_copy(FactStrings *strings, const ProcFacts *facts) {
        ProcFacts *f = malloc(sizeof(*f));

        if (!f)
                return NULL;
        *f = *facts;
        for (size_t i = 0; texts_of(f, i); i++)
                (void) fact_strings_again(strings, *texts_of(f, i));
        return f;
}

ProcFacts *facts_free(FactStrings *strings, ProcFacts *facts) {
        if (!facts)
                return NULL;
        for (size_t i = 0; texts_of(facts, i); i++)
                fact_strings_unref(strings, *texts_of(facts, i));
        free(facts);
        return NULL;
}

int facts_set_cmdline(FactStrings *strings, ProcFacts *facts, const char *cmdline, size_t len) {
        const char *text = fact_strings_ref(strings, cmdline, len);

        if (!text)
                return -ENOMEM;
        fact_strings_unref(strings, facts->cmdline);
        facts->cmdline = text;
        return 0;
}

/* Texts of one table are equal when they are the same; "" may stand anywhere. */
static bool same_text(const char *a, const char *b) {
        return a == b || (a[0] == '\0' && b[0] == '\0');
}

bool facts_equal(const ProcFacts *a, const ProcFacts *b) {
        return a->pid == b->pid && a->start_ticks == b->start_ticks && a->ppid == b->ppid &&
                a->session == b->session && a->pgrp == b->pgrp && a->uid == b->uid &&
                a->gid == b->gid && a->oom_score_adj == b->oom_score_adj &&
                a->ns_init == b->ns_init && a->exe_is_host == b->exe_is_host &&
                a->tty_leader == b->tty_leader && strcmp(a->comm, b->comm) == 0 &&
                same_text(a->tty, b->tty) && same_text(a->exe, b->exe) &&
                same_text(a->cgroup, b->cgroup);
}
