/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics-tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *step_result_name(StepResult result) {
        static const char *const names[_RESULT_MAX] = {
                [RESULT_NONE] = "none",
                [RESULT_TAKEN] = "taken",
                [RESULT_ESCALATED] = "escalated",
                [RESULT_DONE] = "done",
                [RESULT_FAILED] = "failed",
                [RESULT_SKIPPED] = "skipped",
        };

        return names[result];
}

/* What needs no answer is told as itself. */
static StepResult result_of(EventKind kind) {
        static const StepResult results[_EVENT_MAX] = {
                [EVENT_NOTIFY] = RESULT_TAKEN,
                [EVENT_STEP_TAKEN] = RESULT_TAKEN,
                [EVENT_STEP_ESCALATED] = RESULT_ESCALATED,
                [EVENT_STEP_DONE] = RESULT_DONE,
                [EVENT_CAPTURED] = RESULT_DONE,
                [EVENT_COMMAND_ANSWERED] = RESULT_DONE,
                [EVENT_STEP_FAILED] = RESULT_FAILED,
                [EVENT_STEP_SKIPPED] = RESULT_SKIPPED,
        };

        return results[kind];
}

/* There is room: see metrics_tally_init(). */
static StepTotal *step_total(MetricsTally *m, const char *policy, StepKind step) {
        for (size_t i = 0; i < m->n_steps; i++) {
                StepTotal *t = &m->steps[i];

                if (t->step == step && strcmp(t->policy, policy) == 0)
                        return t;
        }
        m->steps[m->n_steps] = (StepTotal){ .policy = policy, .step = step };
        return &m->steps[m->n_steps++];
}

static PolicyTotal *policy_total(MetricsTally *m, const char *policy) {
        for (size_t i = 0; i < m->n_policies; i++)
                if (strcmp(m->policies[i].policy, policy) == 0)
                        return &m->policies[i];
        m->policies[m->n_policies] = (PolicyTotal){ .policy = policy };
        return &m->policies[m->n_policies++];
}

static void add_config(MetricsTally *m, const Config *config) {
        for (size_t p = 0; p < config->n_policies; p++) {
                const Policy *policy = &config->policies[p];

                (void) policy_total(m, policy->name);
                for (size_t i = 0; i < policy->n_steps; i++)
                        (void) step_total(m, policy->name, policy->steps[i].kind);
        }
}

static void add_count(MetricsTally *m, const EventCount *c) {
        StepResult result = result_of(c->kind);

        if (c->kind == EVENT_INCIDENT_OPENED || c->kind == EVENT_INCIDENT_REOPENED)
                policy_total(m, c->policy)->opened += c->n;
        if (result != RESULT_NONE && c->step != _STEP_MAX) {
                StepTotal *t = step_total(m, c->policy, c->step);

                t->n[result] += c->n;
                t->freed_bytes += c->freed_bytes;
        }
}

int metrics_tally_init(MetricsTally *m, const Config *config, const EventTally *tally) {
        size_t policies = config->n_policies + tally->n;
        size_t steps = config->n_policies * POLICY_STEPS_MAX + tally->n;

        *m = (MetricsTally){ .steps = calloc(steps + 1, sizeof(*m->steps)),
                .policies = calloc(policies + 1, sizeof(*m->policies)) };
        if (!m->steps || !m->policies) {
                metrics_tally_done(m);
                return -ENOMEM;
        }
        add_config(m, config);
        for (size_t i = 0; i < tally->n; i++)
                add_count(m, &tally->counts[i]);
        return 0;
}

void metrics_tally_done(MetricsTally *m) {
        free(m->steps);
        free(m->policies);
        *m = (MetricsTally){};
}
