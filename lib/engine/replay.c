/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "base/number.h"
#include "base/text.h"
#include "config/config-load.h"
#include "engine/match-tally.h"
#include "engine/pipeline.h"
#include "engine/sampler.h"
#include "engine/scout.h"
#include "kernel/sysroot.h"

#define STEP_USEC USEC_PER_SEC

/* When a tree does not say how long its machine has been up. */
#define UPTIME_DEFAULT_USEC USEC_PER_HOUR

/* More than a machine without containers has. */
#define GROUPS_FEW 256

#define OUTCOMES_MAX (2 * (TARGET_MEMBERS_MAX + 1) * PLAN_ACTIONS_MAX)

struct Replay {
        char *dir;
        bool is_series;
        unsigned next;
        Config *config;
        SysRoot root; /* of the last tree */
        Roster *roster;
        GroupRoster *groups;
        Scout *scout;
        Sampler *sampler;
        bool has_pipeline;
        Pipeline pipeline;
        Sample sample;
        ActRecord record;
        uint64_t group_action; /* the last one about a whole cgroup; 0: told, or none */
        GroupRef group;
        Outcome outcomes[OUTCOMES_MAX];
        size_t n_outcomes;
        uint64_t serial;
        usec_t at_usec, boottime_usec;
        View *view;
        bool viewed;
        MatchTally tally;
};

static bool is_dir(const char *dir, const char *name) {
        struct stat st;
        char path[4096];

        if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int) sizeof(path))
                return false;
        return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void tree_path(const Replay *r, unsigned number, char *path, size_t size) {
        if (r->is_series)
                (void) snprintf(path, size, "%s/%03u", r->dir, number);
        else
                (void) snprintf(path, size, "%s", r->dir);
}

/* With a root that has nothing in it but what was opened: the scout is made before the first tree.
 */
static int make_parts(Replay *r) {
        const ScoutOptions options = { .root = &r->root, .roster = r->roster, .groups = r->groups };
        int k;

        k = scout_new(&options, r->config, &r->scout);
        if (k < 0)
                return k;
        k = sampler_new(&r->root, &r->config->limits, &r->sampler);
        if (k < 0)
                r->scout = scout_free(r->scout);
        return k;
}

/* Cgroups are large as samples go, and few as a rule. */
static int make_view(Replay *r, size_t groups) {
        const ViewRoom room = {
                .processes = r->config->limits.processes,
                .groups = groups,
                .users = r->pipeline.users_size,
                .verdicts = r->pipeline.verdicts_size,
        };

        return view_new(&room, &r->view);
}

static void release_rosters(Replay *r) {
        if (r->roster)
                roster_release(r->roster, ROSTER_SENTINEL);
        if (r->groups)
                publication_release(group_roster_publication(r->groups), ROSTER_SENTINEL);
}

int replay_new(const char *dir, Config *config, Replay **ret) {
        Replay *r;
        int k;

        if (!is_dir(dir, "proc") && !is_dir(dir, "000"))
                return -ENOENT;

        r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->root = SYSROOT_INIT;
        r->config = config_ref(config);
        r->is_series = !is_dir(dir, "proc");
        r->dir = strdup(dir);
        k = r->dir ? roster_new(&config->limits, &r->roster) : -ENOMEM;
        if (k == 0)
                k = group_roster_new(&config->limits, &r->groups);
        if (k == 0) {
                k = pipeline_init(&r->pipeline, config, false);
                r->has_pipeline = k == 0;
        }
        if (k == 0)
                k = make_view(r, GROUPS_FEW);
        if (k == 0)
                k = match_tally_reset(&r->tally, config);
        if (k < 0) {
                replay_free(r);
                return k;
        }
        *ret = r;
        return 0;
}

Replay *replay_free(Replay *r) {
        if (!r)
                return NULL;
        release_rosters(r);
        (void) sampler_free(r->sampler);
        (void) scout_free(r->scout);
        (void) roster_free(r->roster);
        (void) group_roster_free(r->groups);
        if (r->has_pipeline)
                pipeline_done(&r->pipeline);
        (void) view_free(r->view);
        match_tally_done(&r->tally);
        sysroot_done(&r->root);
        (void) config_unref(r->config);
        free(r->dir);
        free(r);
        return NULL;
}

/* ---- time
 * ----------------------------------------------------------------------------------------- */

static bool take_number(Slice *rest, uint64_t *ret) {
        Slice word;

        return slice_next_word(rest, &word) &&
                number_scan_u64(word.at, word.len, ret) == (int) word.len;
}

/* Whole seconds do: the file says "1000.25 4000.00". */
static usec_t uptime_usec(int root_fd) {
        char text[64];
        uint64_t seconds;
        ssize_t n = fdio_read_at(root_fd, "proc/uptime", text, sizeof(text));

        if (n <= 0 || number_scan_u64(text, (size_t) n, &seconds) <= 0)
                return UPTIME_DEFAULT_USEC;
        return mul_div_u64(seconds, USEC_PER_SEC, 1);
}

static void set_time(Replay *r, int root_fd) {
        usec_t before = r->at_usec;
        uint64_t at, boottime;
        char text[64];
        ssize_t n = fdio_read_at(root_fd, "at", text, sizeof(text));
        Slice rest = { 0 };

        if (n > 0) {
                rest = (Slice){ text, (size_t) n };
                if (text[n - 1] == '\n')
                        rest.len--;
        }

        if (!take_number(&rest, &at))
                at = before == 0 ? uptime_usec(root_fd) : usec_add(before, STEP_USEC);
        if (!take_number(&rest, &boottime))
                boottime = before == 0 ? at : usec_add(r->boottime_usec, usec_since(at, before));
        r->at_usec = at;
        r->boottime_usec = boottime;
}

/* ---- one tree
 * ------------------------------------------------------------------------------------- */

/* A tree in the place of the last one. The roster's slots stay, so that history goes on. */
static int enter_tree(Replay *r, const char *path) {
        SysRoot next = SYSROOT_INIT;
        bool is_first = !r->scout;
        int k;

        k = sysroot_open(path, &next);
        if (k < 0)
                return k;
        next.foreign = true; /* a recording of "/" is one as well */

        release_rosters(r);
        if (is_first) {
                sysroot_done(&r->root);
                r->root = next;
                k = make_parts(r);
        } else {
                SysRoot last = r->root;

                r->root = next;
                scout_set_root(r->scout, &r->root);
                sampler_set_root(r->sampler, &r->root);
                sysroot_done(&last);
        }
        if (k == 0)
                set_time(r, r->root.root_fd);
        return k;
}

static void add_gone(Replay *r, const Flight *f, size_t member) {
        if (r->n_outcomes == ELEMENTS(r->outcomes))
                return;
        r->outcomes[r->n_outcomes++] = (Outcome){
                .kind = OUTCOME_GONE,
                .action = f->action,
                .slot = f->slots[member],
                .generation = f->generations[member],
                .at_usec = r->at_usec,
        };
}

static void note_group(Replay *r) {
        const Plan *plan = &r->pipeline.plan;

        for (size_t i = 0; i < plan->n_actions; i++)
                if (plan->actions[i].kind == ACTION_SIGNAL && plan->actions[i].n_groups > 0) {
                        r->group_action = plan->actions[i].id;
                        r->group = plan->actions[i].groups[0];
                }
}

/* What cgroup.events would have told. */
static void find_group_gone(Replay *r) {
        const Flight *f = &r->pipeline.book->flight;
        const GroupSample *g = sample_find_group(&r->sample, r->group.slot, r->group.generation);

        if (!f->active || r->group_action != f->action || (g && g->populated) ||
                r->n_outcomes == ELEMENTS(r->outcomes))
                return;
        r->group_action = 0;
        r->outcomes[r->n_outcomes++] = (Outcome){
                .kind = OUTCOME_GONE,
                .action = f->action,
                .slot = r->group.slot,
                .generation = r->group.generation,
                .at_usec = r->at_usec,
                .is_group = true,
        };
}

/* What a pidfd would have told. */
static void find_gone(Replay *r) {
        const Flight *f = &r->pipeline.book->flight;

        for (size_t m = 0; f->active && m < f->n_members; m++) {
                const ProcSample *found = NULL;

                for (size_t i = 0; i < r->sample.n_procs && !found; i++)
                        if (r->sample.procs[i].slot == f->slots[m] &&
                                r->sample.procs[i].generation == f->generations[m])
                                found = &r->sample.procs[i];
                if (!f->member_gone[m] &&
                        (!found || (found->state == 'Z' && !found->zombie_leader)))
                        add_gone(r, f, m);
        }
}

static int read_tree(Replay *r) {
        const RosterListing *listing;
        int k;

        k = scout_pass(r->scout, r->at_usec, r->boottime_usec, true);
        if (k < 0)
                return k;

        sampler_read_system(r->sampler, r->scout, r->at_usec, r->boottime_usec, &r->sample);
        pipeline_begin(&r->pipeline, &r->sample); /* a tree has its processes in any case */
        listing = roster_acquire(r->roster, ROSTER_SENTINEL);
        if (listing)
                sampler_read_processes(
                        r->sampler, r->roster, listing, true, r->at_usec, &r->sample);
        listing = publication_acquire(group_roster_publication(r->groups), ROSTER_SENTINEL);
        if (listing)
                sampler_read_groups(r->sampler, r->groups, listing, true, r->at_usec, &r->sample);
        return 0;
}

static void tell(Replay *r, Sink sink) {
        Plan *plan = &r->pipeline.plan;

        for (size_t i = 0; i < plan->n_events; i++) {
                plan->events[i].serial = ++r->serial;
                if (sink.write)
                        sink.write(sink.ctx, &plan->events[i]);
        }
}

/* Room for all cgroups of this tree. Without memory the view stays, and lacks some. */
static void grow_view(Replay *r) {
        View *old = r->view;

        if (r->sample.n_groups <= old->groups_room || make_view(r, r->sample.n_groups) < 0)
                return;
        r->view->started_usec = old->started_usec;
        r->view->sentinel = old->sentinel;
        (void) view_free(old);
}

static void fill_view(Replay *r) {
        View *v;

        grow_view(r);
        v = r->view;
        view_fill(v, &r->pipeline, &r->sample);
        scout_stats(r->scout, &v->scout);
        for (int i = 0; i < _SOURCE_MAX; i++)
                v->sources[i] = *sampler_health(r->sampler, (SourceId) i);
        match_tally_look(&r->tally, r->config, &v->sample);
        v->match_hits = r->tally.most;
        v->sentinel.ticks++;
        v->sentinel.trigger_mode = TRIGGER_NONE;
        if (!r->viewed)
                v->started_usec = r->at_usec;
        r->viewed = true;
}

int replay_next(Replay *r, Sink sink) {
        char path[4096];
        int k;

        tree_path(r, r->next, path, sizeof(path));
        if ((!r->is_series && r->next > 0) || !is_dir(path, "."))
                return 0;
        r->next++;

        k = enter_tree(r, path);
        if (k == 0)
                k = read_tree(r);
        if (k < 0)
                return k;

        find_gone(r);
        find_group_gone(r);
        pipeline_judge(&r->pipeline, &r->sample, r->outcomes, r->n_outcomes);
        tell(r, sink);
        note_group(r);
        r->record.n = 0;
        r->n_outcomes = actuator_run(&act_record, &r->record, &r->pipeline.plan, r->at_usec,
                r->outcomes, ELEMENTS(r->outcomes));
        fill_view(r);
        return 1;
}

View *replay_view(Replay *r) {
        return r->viewed ? r->view : NULL;
}

const ActRecord *replay_record(const Replay *r) {
        return &r->record;
}
