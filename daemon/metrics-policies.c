/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/macro.h"
#include "config/config-load.h"
#include "daemon/metrics-families.h"

static void add_two(
        Exposition *x, const char *policy, const char *key, const char *value, uint64_t n) {
        const MetricLabel labels[] = { { "policy", policy }, { key, value } };

        exposition_add(x, labels, ELEMENTS(labels), decimal_count(n));
}

void metrics_add_instances(const MetricsSource *source, Exposition *x) {
        static const char *const names[] = {
                [TRUTH_FALSE] = "false", [TRUTH_TRUE] = "true", [TRUTH_UNKNOWN] = "unknown"
        };
        const View *view = source->view;

        for (size_t p = 0; p < view->config->n_policies; p++) {
                uint64_t n[ELEMENTS(names)] = {};

                for (size_t i = 0; i < view->n_verdicts; i++)
                        if (view->verdicts[i].policy == p)
                                n[view->verdicts[i].when]++;
                for (size_t t = 0; t < ELEMENTS(names); t++)
                        add_two(x, view->config->policies[p].name, "condition", names[t], n[t]);
        }
}

void metrics_add_incidents(const MetricsSource *source, Exposition *x) {
        static const char *const names[] = {
                [INCIDENT_HOLDING] = "holding",
                [INCIDENT_OPEN] = "open",
                [INCIDENT_COOLING] = "cooling",
        };
        const View *view = source->view;

        for (size_t p = 0; p < view->config->n_policies; p++) {
                uint64_t n[ELEMENTS(names)] = {};

                for (size_t i = 0; i < INCIDENTS_MAX; i++) {
                        const Incident *in = &view->book.incidents[i];

                        if (in->used && in->policy == p)
                                n[in->phase]++;
                }
                for (size_t k = 0; k < ELEMENTS(names); k++)
                        add_two(x, view->config->policies[p].name, "phase", names[k], n[k]);
        }
}

void metrics_add_opened(const MetricsSource *source, Exposition *x) {
        for (size_t i = 0; i < source->tally.n_policies; i++) {
                const PolicyTotal *t = &source->tally.policies[i];

                exposition_add(
                        x, &(MetricLabel){ "policy", t->policy }, 1, decimal_count(t->opened));
        }
}

void metrics_add_steps(const MetricsSource *source, Exposition *x) {
        for (size_t i = 0; i < source->tally.n_steps; i++) {
                const StepTotal *t = &source->tally.steps[i];

                for (int result = RESULT_TAKEN; result < _RESULT_MAX; result++) {
                        const MetricLabel labels[] = { { "policy", t->policy },
                                { "step", step_kind_name(t->step) },
                                { "result", step_result_name((StepResult) result) } };

                        exposition_add(x, labels, ELEMENTS(labels), decimal_count(t->n[result]));
                }
        }
}

/* Steps that cannot free anything are left out. */
void metrics_add_freed(const MetricsSource *source, Exposition *x) {
        for (size_t i = 0; i < source->tally.n_steps; i++) {
                const StepTotal *t = &source->tally.steps[i];

                if (t->step != STEP_NOTIFY && t->step != STEP_HINT && t->step != STEP_CAPTURE)
                        add_two(x, t->policy, "step", step_kind_name(t->step), t->freed_bytes);
        }
}
