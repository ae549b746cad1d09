/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-step.h"

#include <string.h>

/* How long an outcome is waited for unless the step says otherwise: a process in D state keeps its
 * memory, and the next candidate must not wait for it. */
#define DEFAULT_TIMEOUT (3 * USEC_PER_SEC)
#define NOTIFY_TIMEOUT (1 * USEC_PER_SEC)
#define DEFAULT_GRACE (3 * USEC_PER_SEC)
#define TIMEOUT_MIN ((int64_t) (10 * USEC_PER_MSEC))
#define TIMEOUT_MAX ((int64_t) USEC_PER_HOUR)

static int parse_signal(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        const char *reason;
        Step *step = object;
        int signo;

        if (!node_is_word(l, value, spec->name))
                return 0;

        signo = signal_step_find(value->text, &reason);
        if (signo >= 0)
                step->signo = signo;
        else if (reason)
                loader_error(
                        l, value, "%s cannot be sent by a signal step: %s", value->text, reason);
        else
                loader_error(l, value,
                        "unknown signal \"%s\" (there are HUP, INT, QUIT, ABRT, USR1, "
                        "USR2, ALRM, TERM, WINCH and CONT)",
                        value->text);
        return 0;
}

#define TIMEOUT                                                                                    \
        {                                                                                          \
                .name = "timeout", .parse = key_parse_duration,                                    \
                .offset = offsetof(Step, timeout_usec), .min = TIMEOUT_MIN, .max = TIMEOUT_MAX     \
        }

/* The first key of a table is the one that a single value stands for: `notify: warning`. */
static const KeySpec notify_keys[] = {
        { .name = "level",
                .parse = key_parse_enum,
                .offset = offsetof(Step, level),
                .words = &notify_words },
        TIMEOUT,
};

static const KeySpec signal_keys[] = {
        { .name = "signal", .parse = parse_signal, .required = true },
        TIMEOUT,
};

static const KeySpec terminate_keys[] = {
        { .name = "grace",
                .parse = key_parse_duration,
                .offset = offsetof(Step, grace_usec),
                .min = TIMEOUT_MIN,
                .max = TIMEOUT_MAX },
        TIMEOUT,
};

static const KeySpec kill_keys[] = {
        TIMEOUT,
};

const KeyTable notify_table = { "steps[].notify", notify_keys, ELEMENTS(notify_keys) };
const KeyTable signal_table = { "steps[].signal", signal_keys, ELEMENTS(signal_keys) };
const KeyTable terminate_table = { "steps[].terminate", terminate_keys, ELEMENTS(terminate_keys) };
const KeyTable kill_table = { "steps[].kill", kill_keys, ELEMENTS(kill_keys) };

static const KeyTable *table_of(StepKind kind) {
        switch (kind) {
        case STEP_NOTIFY:
                return &notify_table;
        case STEP_SIGNAL:
                return &signal_table;
        case STEP_TERMINATE:
                return &terminate_table;
        case STEP_HINT:
        case STEP_CAPTURE:
        case STEP_RUN:
        case STEP_RECLAIM:
        case STEP_THROTTLE:
        case STEP_FREEZE:
        case STEP_LIMIT:
        case STEP_RESTART:
        case STEP_STOP:
        case STEP_KILL:
        case _STEP_MAX:
        default:
                return &kill_table;
        }
}

static int parse_settings(Loader *l, const YamlNode *settings, Step *step) {
        const KeyTable *table = table_of(step->kind);

        if (settings->kind == YAML_KIND_SCALAR)
                return table->keys[0].parse(l, &table->keys[0], settings, step);
        return config_keys_apply(l, table, settings, step);
}

/* Reports or parses one step; *ret_ok tells whether it may be added. */
static int parse_step(Loader *l, const YamlNode *item, Step *ret, bool *ret_ok) {
        const YamlNode *settings = NULL;
        size_t before = loader_findings(l);
        YamlNode word = *item;
        Step step = { .timeout_usec = USEC_UNSET };
        int kind, r = 0;

        *ret_ok = false;
        if (item->kind == YAML_KIND_MAP) {
                if (item->n != 1 || item->first->key->kind != YAML_KIND_SCALAR) {
                        loader_error(l, item,
                                "one step in each item of the list, as in - kill or "
                                "- terminate: { grace: 3s }");
                        return 0;
                }
                settings = item->first;
                word = *settings->key;
        }
        kind = node_enum(l, &word, &step_words);
        if (kind < 0)
                return 0;

        step.kind = (StepKind) kind;
        step.level = NOTIFY_WARNING;
        step.grace_usec = step.kind == STEP_TERMINATE ? DEFAULT_GRACE : 0;
        if (settings)
                r = parse_settings(l, settings, &step);
        else if (step.kind == STEP_SIGNAL)
                loader_error(l, item, "which signal? (as in - signal: SIGUSR1)");
        if (r < 0)
                return r;

        if (step.timeout_usec == USEC_UNSET)
                step.timeout_usec = step.kind == STEP_NOTIFY ? NOTIFY_TIMEOUT
                                                             : step.grace_usec + DEFAULT_TIMEOUT;
        *ret = step;
        *ret_ok = loader_findings(l) == before;
        return 0;
}

int config_steps_parse(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        PolicyDraft *draft = object;
        Policy *policy = &draft->policy;
        int r;

        if (!node_is(l, value, YAML_KIND_LIST, spec->name))
                return 0;
        if (value->n == 0)
                loader_error(l, value, "\"steps\" is an empty list: the policy would do nothing");

        for (const YamlNode *item = value->first; item; item = item->next) {
                Step step;
                bool ok;

                if (policy->n_steps == POLICY_STEPS_MAX) {
                        loader_error(l, item, "a policy has at most %d steps", POLICY_STEPS_MAX);
                        return 0;
                }
                r = parse_step(l, item, &step, &ok);
                if (r < 0)
                        return r;
                if (!ok)
                        continue;
                draft->steps[policy->n_steps] = item;
                policy->steps[policy->n_steps++] = step;
        }
        return 0;
}
