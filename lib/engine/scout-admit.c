/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Processes coming, changing and going. */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/number.h"
#include "engine/scout-private.h"
#include "kernel/proc-cgroup.h"
#include "kernel/proc-cmdline.h"
#include "kernel/proc-exe.h"
#include "kernel/proc.h"

/* Younger than this a process may not yet have become what it is about to be: fork, cgroup, setuid,
 * exec. */
#define SETTLE_USEC (2 * USEC_PER_SEC)

/* How soon facts of an old process may be looked at again, for oom_score_adj moves silently, and so
 * does the cgroup of one that is not kept. */
#define FACTS_AGE_USEC (10 * USEC_PER_MIN)

/* In a census: how many members of cgroups that grew. */
#define VISIT_GAINING 512

/* Whoever runs in the unit that ships is one of us, also in a recorded tree and when it was started
 * by an avertd before us. Only root names units of the system manager. */
#define OWN_UNIT "avertd.service"

const ProcFacts *scout_facts(const Scout *s, uint32_t slot) {
        return atomic_load_explicit(&roster_slot(s->roster, slot)->facts, memory_order_relaxed);
}

void scout_note_error(Scout *s, int r) {
        s->stats.refused++;
        s->stats.last_error = r;
}

bool scout_set_facts(Scout *s, uint32_t slot, ProcFacts *facts) {
        if (roster_set_facts(s->roster, slot, facts))
                return true;
        facts_free(s->strings, facts);
        s->entries[slot].facts_usec = 0; /* again, when readers have moved on */
        return false;
}

static bool is_self(const Scout *s, const ProcStat *stat) {
        uint32_t parent;

        if (!s->options.open_pids || s->options.self_pid <= 0)
                return false;
        if (stat->pid == s->options.self_pid || stat->ppid == s->options.self_pid)
                return true;
        parent = scout_table_find(s->table, stat->ppid);
        return parent != SCOUT_TABLE_NONE && s->entries[parent].self;
}

/* A recorded tree cannot block. */
static void read_cmdline_file(const Scout *s, int pid_fd, ProcFacts *facts) {
        char text[SLOW_TEXT_MAX];

        if (s->root->foreign && proc_cmdline_read_at(pid_fd, text, sizeof(text)) == PROC_OK)
                (void) facts_set_cmdline(s->strings, facts, text, strlen(text));
}

/* Everything about the process behind an opened directory. A kernel thread has nothing but its
 * stat. */
static int read_process(
        Scout *s, uint32_t slot, int pid_fd, const ProcStat *stat, ProcFacts **ret) {
        ProcStatus status = { 0 };
        ProcFacts *facts;
        int r = PROC_OK;

        if (!proc_stat_is_kthread(stat))
                r = scout_read_amounts(s, slot, pid_fd, &status);
        if (r != PROC_OK)
                return r;
        r = facts_read(&s->reader, pid_fd, stat, &status, &facts);
        if (r != PROC_OK)
                return r;

        scout_note_flags(s, slot, stat->flags);
        s->entries[slot].self = s->entries[slot].self || strcmp(facts->unit, OWN_UNIT) == 0;
        facts->self = s->entries[slot].self;
        read_cmdline_file(s, pid_fd, facts);
        *ret = facts;
        return PROC_OK;
}

/* Takes over what an exec does not change, or only an exec changes. */
static void carry_over(Scout *s, uint32_t slot, ProcFacts *facts) {
        const ProcFacts *old = scout_facts(s, slot);

        facts->mm_group = old->mm_group;
        if (s->root->foreign)
                return;
        if (facts->exe == old->exe && strcmp(facts->comm, old->comm) == 0)
                (void) facts_set_cmdline(s->strings, facts, old->cmdline, strlen(old->cmdline));
        else
                s->entries[slot].text = TEXT_UNASKED;
}

static void mark_entry(Scout *s, ScoutEntry *e, const ProcFacts *facts) {
        usec_t age = usec_since(s->boottime_usec, facts->born_usec);

        e->kthread = facts->kthread;
        e->untouchable = facts->kthread || facts->self || facts->pid == SCOUT_INIT_PID;
        e->watched = !e->untouchable && scout_is_watched(s, facts);
        e->facts_usec = s->now_usec;
        e->born_usec = usec_since(s->now_usec, age);
        e->unsettled = !facts->kthread && !s->root->foreign && age < SETTLE_USEC;
}

static void drop_claim(Scout *s, uint32_t slot) {
        s->entries[slot] = (ScoutEntry){ 0 };
        roster_retire(s->roster, slot);
}

/* A failed read of one process: gone is gone, the rest is counted. */
static void note_outcome(Scout *s, int r) {
        if (r == PROC_GONE)
                s->stats.vanished++;
        else
                scout_note_error(s, r < 0 ? r : -EACCES);
}

bool scout_admit(Scout *s, const ScoutFresh *f) {
        _cleanup_close_ int pid_fd = FD_NONE;
        uint32_t slot = roster_claim(s->roster);
        ScoutEntry *e;
        ProcStat stat;
        ProcFacts *facts;
        int r;

        if (slot == SCOUT_TABLE_NONE) {
                scout_consider_outsider(s, f);
                return false;
        }
        scout_forget_wanted(s, f->pid); /* whatever becomes of it */

        r = proc_dir_open(s->root->proc_fd, f->pid, &pid_fd);
        if (r == PROC_OK)
                r = proc_stat_read_at(pid_fd, &stat);
        if (r != PROC_OK) {
                note_outcome(s, r);
                drop_claim(s, slot);
                return false;
        }

        s->n_slots = MAX(s->n_slots, slot + 1);
        e = &s->entries[slot];
        *e = (ScoutEntry){
                .used = true,
                .pid = f->pid,
                .ino = f->ino,
                .pass = s->pass,
                .start_ticks = stat.starttime_ticks,
                .self = is_self(s, &stat),
                .kthread = proc_stat_is_kthread(&stat),
        };

        r = read_process(s, slot, pid_fd, &stat, &facts);
        if (r != PROC_OK) {
                note_outcome(s, r);
                drop_claim(s, slot);
                return false;
        }
        mark_entry(s, e, facts);
        (void) roster_set_facts(s->roster, slot, facts); /* the first ones replace nothing */
        /* What was born before we looked at all has not grown under our eyes. */
        e->census_size = s->is_first ? e->size : 0;
        scout_table_add(s->table, f->pid, slot);
        s->n_known++;
        s->stats.opened++;
        return true;
}

void scout_retire(Scout *s, uint32_t slot) {
        ScoutEntry *e = &s->entries[slot];

        scout_table_remove(s->table, e->pid);
        s->n_known--;
        *e = (ScoutEntry){ 0 };
        roster_retire(s->roster, slot);
}

void scout_revisit(Scout *s, uint32_t slot) {
        _cleanup_close_ int pid_fd = FD_NONE;
        ScoutEntry *e = &s->entries[slot];
        ScoutFresh fresh = { .pid = e->pid, .ino = e->ino };
        ProcStat stat;
        ProcFacts *facts;
        int r;

        r = proc_dir_open(s->root->proc_fd, e->pid, &pid_fd);
        if (r == PROC_OK)
                r = proc_stat_read_at(pid_fd, &stat);
        if (r == PROC_OK && stat.starttime_ticks != e->start_ticks) { /* (2) */
                scout_retire(s, slot);
                (void) scout_admit(s, &fresh);
                return;
        }
        if (r == PROC_OK)
                r = read_process(s, slot, pid_fd, &stat, &facts);
        if (r != PROC_OK) {
                note_outcome(s, r);
                if (r == PROC_GONE)
                        scout_retire(s, slot);
                return;
        }

        carry_over(s, slot, facts);
        mark_entry(s, e, facts);
        if (facts_equal(facts, scout_facts(s, slot)) &&
                strcmp(facts->cmdline, scout_facts(s, slot)->cmdline) == 0)
                facts_free(s->strings, facts);
        else
                (void) scout_set_facts(s, slot, facts);
}

/* An exec keeps the process and changes the program: one system call tells. */
static bool runs_other_program(Scout *s, uint32_t slot) {
        char name[32], path[4096];
        ssize_t n;

        (void) snprintf(name, sizeof(name), "%d/exe", s->entries[slot].pid);
        n = fdio_readlink_at(s->root->proc_fd, name, path, sizeof(path));
        if (n < 0)
                return false;
        (void) proc_exe_cut_deleted(path);
        return strcmp(path, scout_facts(s, slot)->exe) != 0;
}

/* Old facts are looked at again a few at a time: a census is to stay cheap. */
static bool is_facts_check_due(Scout *s, const ScoutEntry *e) {
        if (e->unsettled)
                return true;
        if (s->revisits == 0 || usec_since(s->now_usec, e->facts_usec) < FACTS_AGE_USEC)
                return false;
        s->revisits--;
        return true;
}

void scout_check_program(Scout *s, uint32_t slot) {
        if (is_facts_check_due(s, &s->entries[slot]) || runs_other_program(s, slot))
                scout_revisit(s, slot);
}

void scout_check_cgroup(Scout *s, uint32_t slot) {
        _cleanup_close_ int fd = FD_NONE;
        char name[32], path[PROC_CGROUP_PATH_MAX];
        bool deleted;

        (void) snprintf(name, sizeof(name), "%d/cgroup", s->entries[slot].pid);
        fd = fdio_open_at(s->root->proc_fd, name);
        if (fd >= 0 && proc_cgroup_read_fd(fd, path, sizeof(path), &deleted) == PROC_OK &&
                strcmp(path, scout_facts(s, slot)->cgroup) != 0)
                scout_revisit(s, slot);
}

void scout_visit(Scout *s, uint32_t slot) {
        ScoutEntry *e = &s->entries[slot];
        const ProcFacts *facts = scout_facts(s, slot);
        ProcStatus status;
        int r;

        if (e->kthread)
                return;
        if (is_facts_check_due(s, e)) {
                scout_revisit(s, slot);
                return;
        }

        r = scout_read_amounts(s, slot, FD_NONE, &status);
        if (r != PROC_OK) {
                note_outcome(s, r); /* the listing will tell when it is gone */
                return;
        }
        if (status.uid != facts->uid || status.gid != facts->gid || status.ppid != facts->ppid ||
                runs_other_program(s, slot))
                scout_revisit(s, slot);
}

void scout_visit_gaining(Scout *s) {
        size_t n = VISIT_GAINING;

        for (uint32_t slot = 0; s->groups && slot < s->n_slots && n > 0; slot++) {
                const ScoutEntry *e = &s->entries[slot];

                if (!e->used || e->kept || e->kthread || e->read_usec == s->now_usec ||
                        !scout_groups_gained(s->groups, scout_facts(s, slot)->cgroup))
                        continue;
                scout_visit(s, slot);
                n--;
        }
}
