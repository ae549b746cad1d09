/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "config/config-load.h"
#include "core/instance.h"
#include "core/match.h"
#include "describe/describe.h"

enum { EXAMPLES_MAX = 5 };

/* Each returns how many there are, and adds the first of them. */
static size_t add_processes(const View *view, const MatchSpec *spec, Json *examples) {
        size_t now = 0;

        for (size_t i = 0; i < view->sample.n_procs; i++) {
                const ProcSample *p = &view->procs[i];
                Json *example;

                if (!match_spec(spec, p, view->sample.raw.boottime_usec))
                        continue;
                if (now++ >= EXAMPLES_MAX)
                        continue;
                example = json_add_map(examples);
                json_put_signed(example, "pid", p->facts->pid);
                json_put_text(example, "comm", p->facts->comm);
        }
        return now;
}

static size_t add_cgroups(
        const View *view, const Policy *watcher, const MatchSpec *spec, Json *examples) {
        size_t now = 0;

        for (size_t i = 0; i < view->sample.n_groups; i++) {
                const GroupSample *g = &view->sample.groups[i];

                if ((watcher ? instance_is_group(watcher, g)
                             : g->populated && match_spec_group(spec, g->facts)) &&
                        now++ < EXAMPLES_MAX)
                        json_put_text(json_add_map(examples), "cgroup", g->facts->path);
        }
        return now;
}

/* A match with what it selects in this view: the cgroups that are watched, or else (watcher is
 * NULL) processes, or cgroups where no process lives in one that it names: what is below them does.
 * True when it selects nothing and never did. */
static bool add_match(const View *view, const char *role, const MatchSpec *spec,
        const Policy *watcher, Json *list) {
        uint64_t hits = view->match_hits ? view->match_hits[spec->id] : 0;
        Json *one = json_add_map(list);
        Json *examples;
        size_t now;

        json_put_text(one, "role", role);
        json_put_text(one, "text", spec->text);
        json_put_text(one, "file", spec->file);
        json_put_number(one, "line", spec->line);
        json_put_number(one, "hits", hits);

        examples = json_put_list(one, "examples");
        now = watcher ? 0 : add_processes(view, spec, examples);
        if (now == 0)
                now = add_cgroups(view, watcher, spec, examples);
        json_put_number(one, "now", now);
        return hits == 0 && now == 0;
}

static void add_matches(const View *view, const char *role, const MatchList *matches,
        const Policy *watcher, Json *list, Json *never) {
        for (size_t i = 0; i < matches->n; i++) {
                const MatchSpec *spec = &matches->specs[i];
                Json *one;

                if (!add_match(view, role, spec, watcher, list))
                        continue;
                one = json_add_map(never);
                json_put_text(one, "text", spec->text);
                json_put_text(one, "file", spec->file);
                json_put_number(one, "line", spec->line);
        }
}

static void add_steps(const Policy *policy, Json *parent) {
        Json *list = json_put_list(parent, "steps");

        for (size_t i = 0; i < policy->n_steps; i++) {
                char text[STEP_TEXT_MAX];
                TextBuf b;

                textbuf_init(&b, text, sizeof(text));
                config_print_step(&policy->steps[i], &b);
                json_add_text(list, text);
        }
}

static void put_condition(Json *map, const char *key, const Condition *condition) {
        char text[2048];
        TextBuf b;

        if (condition->n_nodes == 0) {
                json_put_null(map, key);
                return;
        }
        textbuf_init(&b, text, sizeof(text));
        config_print_condition(condition, &b);
        json_put_text(map, key, text);
}

void describe_put_policy(const Policy *policy, Json *map) {
        json_put_text(map, "name", policy->name);
        json_put_text(map, "file", policy->file);
        json_put_number(map, "line", policy->line);
        json_put_text(map, "watch", watch_kind_name(policy->watch));
        json_put_text(map, "kind", target_kind_name(policy->targets.kind));
        put_condition(map, "when", &policy->when);
        json_put_number(map, "for_usec", policy->for_usec);
        put_condition(map, "clear", &policy->clear);
        add_steps(policy, map);
}

static void add_policy(const View *view, const Policy *policy, Json *list, Json *never) {
        Json *one = json_add_map(list);
        Json *matches;

        describe_put_policy(policy, one);
        matches = json_put_list(one, "matches");
        add_matches(view, "watch", &policy->watch_match,
                watch_is_group(policy->watch) ? policy : NULL, matches, never);
        add_matches(view, "match", &policy->targets.match, NULL, matches, never);
        add_matches(view, "prefer", &policy->targets.prefer, NULL, matches, never);
        add_matches(view, "avoid", &policy->targets.avoid, NULL, matches, never);
}

char *describe_policies(const View *view) {
        _cleanup_(json_freep) Json *root = json_new_map();
        const Config *config = view->config;
        Json *sources, *policies, *protect, *never;

        json_put_number(root, "schema_version", DESCRIBE_SCHEMA_VERSION);
        sources = json_put_list(root, "sources");
        for (size_t i = 0; i < config->n_sources; i++) {
                Json *one = json_add_map(sources);

                json_put_text(one, "path", config->sources[i].path);
                json_put_bool(one, "masked", config->sources[i].masked);
        }

        policies = json_put_list(root, "policies");
        protect = json_put_list(root, "protect");
        never = json_put_list(root, "never_matched");
        for (size_t i = 0; i < config->n_policies; i++)
                add_policy(view, &config->policies[i], policies, never);
        add_matches(view, "protect", &config->protect, NULL, protect, never);
        return json_print(root);
}
