/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A view of a small machine: three processes, one policy that is true and on its ladder, one that
 * is calm. For the tests of what the daemon says. */

#include <check.h>
#include <stdlib.h>

#include "base/macro.h"
#include "config/config-load.h"
#include "engine/view.h"

#define VIEW_DOUBLE_NOW (100 * USEC_PER_SEC)

static const char view_double_policy[] = "version: 1\n"
                                         "protect:\n"
                                         "  - { unit: ssh.service }\n"
                                         "policies:\n"
                                         "  - name: host-low\n"
                                         "    watch: system\n"
                                         "    when:\n"
                                         "      all: [ mem.available < 8%, swap.free < 10% ]\n"
                                         "    for: 100ms\n"
                                         "    targets:\n"
                                         "      prefer: [ { comm: hog } ]\n"
                                         "      avoid: [ { comm: no-such-name } ]\n"
                                         "    steps:\n"
                                         "      - notify: warning\n"
                                         "      - terminate: { grace: 3s }\n"
                                         "  - name: calm-one\n"
                                         "    watch: system\n"
                                         "    when: mem.available < 1M\n"
                                         "    clear: mem.available > 2M\n"
                                         "    for: 1s\n"
                                         "    steps:\n"
                                         "      - notify: info\n";

typedef struct ViewDouble {
        View view;
        Config *config;
        ProcFacts facts[3];
        ProcSample procs[3];
        Verdict verdicts[4];
        Candidate candidates[3];
        uint64_t hits[16];
} ViewDouble;

static void view_double_process(
        ViewDouble *d, size_t i, int32_t pid, const char *comm, const char *unit, uint64_t anon) {
        ProcFacts *f = &d->facts[i];

        *f = (ProcFacts){ .pid = pid,
                .ppid = 1,
                .uid = 1000,
                .start_ticks = 100 + i,
                .tty = "",
                .exe = "/usr/bin/x",
                .cmdline = "secret-of-its-owner",
                .cgroup = "/user.slice/x",
                .unit = unit,
                .user_unit = "",
                .slice = "user.slice",
                .container = "",
                .class_hash = 10 + i,
                .group_hash = 20 + i };
        (void) text_copy(f->comm, sizeof(f->comm), comm);

        d->procs[i] = (ProcSample){ .facts = f,
                .slot = (uint32_t) i,
                .generation = 1,
                .at_usec = VIEW_DOUBLE_NOW,
                .kept = true,
                .has_status = true,
                .state = 'S',
                .rss = anon,
                .anon = anon,
                .threads = 1,
                .gained_known = true,
                .gained = anon / 2,
                .freeable = anon };
}

static void view_double_sample(ViewDouble *d) {
        const uint64_t gib = UINT64_C(1) << 30;
        Sample *s = &d->view.sample;

        view_double_process(d, 0, 4312, "hog", "", 3 * gib);
        view_double_process(d, 1, 222, "sshd", "ssh.service", gib / 64);
        view_double_process(d, 2, 333, "b\377d", "", gib / 4);

        s->procs = d->procs;
        s->n_procs = 3;
        s->procs_at_usec = VIEW_DOUBLE_NOW;
        s->procs_fresh = true;
        s->raw.at_usec = VIEW_DOUBLE_NOW;
        s->raw.boottime_usec = VIEW_DOUBLE_NOW;
        s->raw.have = source_bit(SOURCE_MEMINFO) | source_bit(SOURCE_SWAPS);
        s->raw.mem_total = 4 * gib;
        s->system[METRIC_MEM_TOTAL] = (Reading){ true, (int64_t) (4 * gib), 0, VIEW_DOUBLE_NOW };
        s->system[METRIC_MEM_AVAILABLE] =
                (Reading){ true, (int64_t) (gib / 8), (int64_t) (4 * gib), VIEW_DOUBLE_NOW };
        s->system[METRIC_SWAP_FREE] = (Reading){ true, 0, 0, VIEW_DOUBLE_NOW };
        s->system[METRIC_MEM_EXHAUSTION] = (Reading){ true, INT64_MAX, 0, VIEW_DOUBLE_NOW };
}

static void view_double_verdict(ViewDouble *d, size_t i, Truth truth) {
        const Condition *when = &d->config->policies[i].when;
        Verdict *v = &d->verdicts[i];

        *v = (Verdict){ .policy = (uint16_t) i, .proc = -1, .group = -1, .when = truth };
        for (size_t k = 0; k < when->n_nodes; k++) {
                const Atom *a = &when->nodes[k].atom;

                if (when->nodes[k].kind != COND_ATOM)
                        continue;
                v->atoms[v->n_atoms++] = (AtomReading){
                        .atom = a, .reading = d->view.sample.system[a->metric], .truth = truth
                };
        }
}

static const Incident view_double_incident = {
        .used = true,
        .id = 7,
        .policy = 0,
        .phase = INCIDENT_OPEN,
        .true_since_usec = 98 * USEC_PER_SEC,
        .opened_usec = 99 * USEC_PER_SEC,
        .next_step = 1,
        .n_steps_taken = 1,
        .first_destructive_reached = 1,
        .has_target = true,
        .slot = 0,
        .generation = 1,
        .reason = "mem.available 3.1% < 8%",
};

/* Ends the test on failure. The view's pointers lead into *d, which must not move. */
static void view_double_init(ViewDouble *d) {
        _cleanup_free_ ConfigErrors *errors = malloc(sizeof(*errors));
        View *v = &d->view;
        int r;

        *d = (ViewDouble){};
        ck_assert_ptr_nonnull(errors);
        r = config_load_text("double.yaml", view_double_policy, sizeof(view_double_policy) - 1,
                &d->config, errors);
        ck_assert_msg(r == 0, "%s:%u: %s", errors->items[0].file, errors->items[0].line,
                errors->items[0].message);
        ck_assert_uint_le(d->config->n_matches, ELEMENTS(d->hits));

        view_double_sample(d);
        view_double_verdict(d, 0, TRUTH_TRUE);
        view_double_verdict(d, 1, TRUTH_FALSE);

        v->config = d->config;
        v->procs = d->procs;
        v->verdicts = d->verdicts;
        v->n_verdicts = 2;
        v->scratch.candidates = d->candidates;
        v->scratch.size = 3;
        v->match_hits = d->hits;
        v->next_usec = 50 * USEC_PER_MSEC;
        v->started_usec = 10 * USEC_PER_SEC;
        v->book.incidents[0] = view_double_incident;
        v->sources[SOURCE_MEMINFO] = (SourceHealth){ .present = true, .reads = 12 };
        v->sources[SOURCE_PSI_MEMORY] =
                (SourceHealth){ .present = true, .degraded = true, .why = "booted with psi=0" };
        v->sentinel.longest_pass_usec = 777;
        v->sentinel.wakes_groups = 3;
        v->scout = (ScoutStats){ .groups_seen = 9001,
                .groups_known = 8192,
                .groups_kept = 64,
                .groups_dropped = 809,
                .groups_watches = 700,
                .groups_triggers = 12,
                .groups_unheard = true };
}

static void view_double_done(ViewDouble *d) {
        d->config = config_unref(d->config);
}
