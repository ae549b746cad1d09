/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "config/config-load.h"
#include "config/quantity.h"

static void add_duration(TextBuf *out, const char *before, usec_t usec) {
        textbuf_add(out, before);
        quantity_print((Quantity){ QUANTITY_USEC, (int64_t) usec }, out);
}

static void add_condition(const Condition *c, uint16_t index, TextBuf *out) {
        static const char *const names[] = {
                [COND_ALL] = "all", [COND_ANY] = "any", [COND_NOT] = "not"
        };
        const CondNode *node = &c->nodes[index];

        if (node->kind == COND_ATOM) {
                textbuf_add(out, node->atom.text);
                return;
        }
        textbuf_addf(out, "{ %s: %s", names[node->kind], node->kind == COND_NOT ? "" : "[ ");
        for (uint16_t child = node->first_child; child != COND_NONE;
                child = c->nodes[child].next_sibling) {
                add_condition(c, child, out);
                if (c->nodes[child].next_sibling != COND_NONE)
                        textbuf_add(out, ", ");
        }
        textbuf_add(out, node->kind == COND_NOT ? " }" : " ] }");
}

void config_print_condition(const Condition *condition, TextBuf *out) {
        if (condition->n_nodes > 0)
                add_condition(condition, 0, out);
}

static void add_matches(const MatchList *list, const char *key, const char *indent, TextBuf *out) {
        if (list->n == 0)
                return;
        textbuf_addf(out, "%s%s:\n", indent, key);
        for (size_t i = 0; i < list->n; i++)
                textbuf_addf(out, "%s  - %s\n", indent, list->specs[i].text);
}

static void add_weight(TextBuf *out, int32_t milli) {
        textbuf_addf(out, "%d", milli / 1000);
        if (milli % 1000 != 0) {
                int rest = milli % 1000, width = 3;

                for (; rest % 10 == 0; rest /= 10)
                        width--;
                textbuf_addf(out, ".%0*d", width, rest);
        }
}

static void add_rank(const Targets *targets, TextBuf *out) {
        const char *separator = "      rank: { ";

        for (int term = 0; term < _RANK_MAX; term++) {
                if (targets->weight_milli[term] == 0)
                        continue;
                textbuf_addf(out, "%s%s: ", separator, rank_term_name((RankTerm) term));
                if (term == RANK_GROWTH)
                        add_duration(out, "", targets->growth_horizon_usec);
                else
                        add_weight(out, targets->weight_milli[term]);
                separator = ", ";
        }
        textbuf_add(out, " }\n");
}

static void add_targets(const Targets *targets, TextBuf *out) {
        QuantityKind kind = targets->at_least_percent ? QUANTITY_PERMYRIAD : QUANTITY_BYTES;

        textbuf_addf(out, "    targets:\n      kind: %s\n", target_kind_name(targets->kind));
        add_matches(&targets->match, "match", "      ", out);
        add_matches(&targets->prefer, "prefer", "      ", out);
        add_matches(&targets->avoid, "avoid", "      ", out);
        add_rank(targets, out);
        textbuf_add(out, "      at_least: ");
        quantity_print((Quantity){ kind, (int64_t) targets->at_least }, out);
        if (targets->max_victims > 0)
                textbuf_addf(out, "\n      max_victims: %u\n", targets->max_victims);
        else
                textbuf_add(out,
                        targets->kind == TARGET_PROCESS ? "\n" : "\n      max_victims: none\n");
}

static void add_watch(const Policy *policy, TextBuf *out) {
        if (policy->watch_match.n == 0) {
                textbuf_addf(out, "    watch: %s\n", watch_kind_name(policy->watch));
                return;
        }
        if (watch_is_group(policy->watch)) { /* its one spec is the whole mapping */
                textbuf_addf(out, "    watch: %s\n", policy->watch_match.specs[0].text);
                return;
        }
        textbuf_add(out, "    watch:\n");
        add_matches(&policy->watch_match, watch_kind_name(policy->watch), "      ", out);
}

void config_print_policy(const Policy *policy, TextBuf *out) {
        textbuf_add(out, "  # ");
        textbuf_add_escaped(out, policy->file, strlen(policy->file));
        textbuf_addf(out, ":%u\n  - name: %s\n", policy->line, policy->name);
        add_watch(policy, out);
        textbuf_add(out, "    when: ");
        config_print_condition(&policy->when, out);
        add_duration(out, "\n    for: ", policy->for_usec);
        if (policy->clear.n_nodes > 0) {
                textbuf_add(out, "\n    clear: ");
                config_print_condition(&policy->clear, out);
                textbuf_add(out, "\n");
        } else
                textbuf_add(out, "\n    # clear: when, relaxed by a quarter, false for 1s\n");
        add_targets(&policy->targets, out);
        textbuf_add(out, "    steps:\n");
        for (size_t i = 0; i < policy->n_steps; i++) {
                textbuf_add(out, "      - ");
                config_print_step(&policy->steps[i], out);
                textbuf_add(out, "\n");
        }
        add_duration(out, "    settle: ", policy->settle_usec);
        add_duration(out, "\n    cooldown: ", policy->cooldown_usec);
        if (policy->budget_count > 0) {
                textbuf_addf(out, "\n    budget: %u per ", policy->budget_count);
                add_duration(out, "", policy->budget_window_usec);
        } else
                textbuf_add(out, "\n    budget: none");
        textbuf_addf(out, "\n    on_budget: %s\n", on_budget_name(policy->on_budget));
}

static void add_head(const Config *config, TextBuf *out) {
        const LimitsConfig *m = &config->limits;

        for (size_t i = 0; i < config->n_sources; i++) {
                textbuf_add(out, "# ");
                textbuf_add_escaped(out, config->sources[i].path, strlen(config->sources[i].path));
                textbuf_add(out, config->sources[i].masked ? " (masked)\n" : "\n");
        }
        textbuf_add(out, "version: 1\n");
        add_duration(out, "tick: { min: ", config->tick.min_usec);
        add_duration(out, ", max: ", config->tick.max_usec);
        add_duration(out, ", process: ", config->tick.process_usec);
        add_duration(out, ", census: ", config->tick.census_usec);
        textbuf_addf(out,
                " }\nlimits: { processes: %u, kept: %u, detailed: %u, instances: %u, incidents: "
                "%u, "
                "policies: %u, cgroups: %u, kept_cgroups: %u }\n",
                m->processes, m->kept, m->detailed, m->instances, m->incidents, m->policies,
                m->cgroups, m->kept_cgroups);
}

void config_print(const Config *config, TextBuf *out) {
        add_head(config, out);
        if (config->protect.n > 0)
                textbuf_add(out, "protect:\n");
        for (size_t i = 0; i < config->protect.n; i++) {
                const MatchSpec *spec = &config->protect.specs[i];

                textbuf_add(out, "  # ");
                textbuf_add_escaped(out, spec->file, strlen(spec->file));
                textbuf_addf(out, ":%u\n  - %s\n", spec->line, spec->text);
        }
        if (config->n_policies > 0)
                textbuf_add(out, "policies:\n");
        for (size_t i = 0; i < config->n_policies; i++)
                config_print_policy(&config->policies[i], out);
}

void config_print_warning(const ConfigWarning *warning, TextBuf *out) {
        textbuf_add_escaped(out, warning->file, strlen(warning->file));
        if (warning->line > 0)
                textbuf_addf(out, ":%u:%u", warning->line, warning->column);
        textbuf_add(out, ": warning: ");
        textbuf_add_escaped(out, warning->text, strlen(warning->text));
        textbuf_add(out, "\n");
}
