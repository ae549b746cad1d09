/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/step-settings.h"

#include <string.h>

#include "base/macro.h"
#include "config/step-command.h"

/* How long an outcome is waited for unless the step says otherwise: a process in D state keeps its
 * memory, and the next candidate must not wait for it. */
#define DEFAULT_TIMEOUT (3 * USEC_PER_SEC)
#define DEFAULT_GRACE (3 * USEC_PER_SEC)
#define TIMEOUT_MIN ((int64_t) (10 * USEC_PER_MSEC))
#define TIMEOUT_MAX ((int64_t) USEC_PER_HOUR)

/* A step that harms waits for the evidence and for the answer of a command before it, so these are
 * bounded by what a machine in trouble can wait. */
#define CAPTURE_TIMEOUT_MAX ((int64_t) (10 * USEC_PER_SEC))
#define RUN_TIMEOUT_MAX ((int64_t) USEC_PER_MIN)

/* A reaper that is at one job for longer counts as lost (engine/reaper.h); four of them, and nobody
 * is left who gives leases back. */
#define RECLAIM_TIMEOUT_MAX ((int64_t) (2 * USEC_PER_SEC))

#define MEBI (INT64_C(1) << 20)
#define GIBI (INT64_C(1) << 30)

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

/* The bounds are those of a percentage. Sizes have none above, and below only that nothing is worth
 * a step. */
static int parse_amount(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        Amount *field = (Amount *) (void *) ((char *) object + spec->offset);
        const char *example = spec->max == 10000 ? "10% or 512M" : "90% or 2G";
        bool percent;
        Quantity q;

        if (!node_quantity(l, value, (1u << QUANTITY_BYTES) | (1u << QUANTITY_PERMYRIAD), INT64_MIN,
                    INT64_MAX, spec->name, example, &q))
                return 0;
        percent = q.kind == QUANTITY_PERMYRIAD;
        if (!node_quantity(l, value, 1u << q.kind,
                    percent                 ? spec->min
                            : spec->min > 0 ? MEBI
                                            : 0,
                    percent ? spec->max : INT64_MAX, spec->name, example, &q))
                return 0;
        *field = (Amount){ .set = true, .percent = percent, .value = (uint64_t) q.value };
        return 0;
}

#define TIMEOUT_BELOW(bound)                                                                       \
        {                                                                                          \
                .name = "timeout", .parse = key_parse_duration,                                    \
                .offset = offsetof(Step, timeout_usec), .min = TIMEOUT_MIN, .max = (bound)         \
        }
#define TIMEOUT TIMEOUT_BELOW(TIMEOUT_MAX)

#define LEASE(least, most)                                                                         \
        {                                                                                          \
                .name = "lease", .parse = key_parse_duration,                                      \
                .offset = offsetof(Step, lease_usec), .min = (int64_t) (least),                    \
                .max = (int64_t) (most)                                                            \
        }

/* The first key of a table is the one that a single value stands for: `notify: warning`. */
static const KeySpec notify_keys[] = {
        { .name = "level",
                .parse = key_parse_enum,
                .offset = offsetof(Step, level),
                .words = &notify_words },
        TIMEOUT,
};

static const KeySpec hint_keys[] = {
        { .name = "level",
                .parse = key_parse_enum,
                .offset = offsetof(Step, hint),
                .words = &hint_words },
        TIMEOUT,
};

static const KeySpec capture_keys[] = {
        TIMEOUT_BELOW(CAPTURE_TIMEOUT_MAX),
        { .name = "quota",
                .parse = key_parse_size,
                .offset = offsetof(Step, quota_bytes),
                .min = MEBI,
                .max = 64 * GIBI },
};

static const KeySpec run_keys[] = {
        { .name = "command", .parse = step_command_parse, .required = true },
        { .name = "user", .parse = step_user_parse },
        TIMEOUT_BELOW(RUN_TIMEOUT_MAX),
        { .name = "memory",
                .parse = key_parse_size,
                .offset = offsetof(Step, memory_bytes),
                .min = 4 * MEBI,
                .max = 64 * GIBI },
        { .name = "output",
                .parse = key_parse_size,
                .offset = offsetof(Step, output_bytes),
                .max = MEBI },
};

static const KeySpec reclaim_keys[] = {
        { .name = "amount",
                .parse = parse_amount,
                .offset = offsetof(Step, amount),
                .min = 100,
                .max = 10000 },
        TIMEOUT_BELOW(RECLAIM_TIMEOUT_MAX),
};

static const KeySpec throttle_keys[] = {
        { .name = "high",
                .parse = parse_amount,
                .offset = offsetof(Step, amount),
                .min = 1000,
                .max = 9900 },
        LEASE(USEC_PER_SEC, 10 * USEC_PER_MIN),
        TIMEOUT,
};

/* A brake, not a state to stay in: whoever talks to what is frozen waits for it. */
static const KeySpec freeze_keys[] = {
        LEASE(100 * USEC_PER_MSEC, USEC_PER_MIN),
        TIMEOUT,
};

static const KeySpec limit_keys[] = {
        { .name = "max",
                .parse = parse_amount,
                .offset = offsetof(Step, amount),
                .min = 100,
                .max = 9900 },
        { .name = "swap_max",
                .parse = parse_amount,
                .offset = offsetof(Step, swap_amount),
                .max = 9900 },
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

/* restart, stop, kill */
static const KeySpec plain_keys[] = {
        TIMEOUT,
};

const KeyTable notify_table = { "steps[].notify", notify_keys, ELEMENTS(notify_keys) };
const KeyTable hint_table = { "steps[].hint", hint_keys, ELEMENTS(hint_keys) };
const KeyTable capture_table = { "steps[].capture", capture_keys, ELEMENTS(capture_keys) };
const KeyTable run_table = { "steps[].run", run_keys, ELEMENTS(run_keys) };
const KeyTable reclaim_table = { "steps[].reclaim", reclaim_keys, ELEMENTS(reclaim_keys) };
const KeyTable throttle_table = { "steps[].throttle", throttle_keys, ELEMENTS(throttle_keys) };
const KeyTable freeze_table = { "steps[].freeze", freeze_keys, ELEMENTS(freeze_keys) };
const KeyTable limit_table = { "steps[].limit", limit_keys, ELEMENTS(limit_keys) };
const KeyTable signal_table = { "steps[].signal", signal_keys, ELEMENTS(signal_keys) };
const KeyTable restart_table = { "steps[].restart", plain_keys, ELEMENTS(plain_keys) };
const KeyTable stop_table = { "steps[].stop", plain_keys, ELEMENTS(plain_keys) };
const KeyTable terminate_table = { "steps[].terminate", terminate_keys, ELEMENTS(terminate_keys) };
const KeyTable kill_table = { "steps[].kill", plain_keys, ELEMENTS(plain_keys) };

/* By kind: the keys, how long an outcome is waited for, and what is asked where a step that cannot
 * do without settings has none. */
static const struct {
        const KeyTable *table;
        usec_t timeout_usec;
        const char *bare;
} forms[_STEP_MAX] = {
        [STEP_NOTIFY] = { &notify_table, USEC_PER_SEC, NULL },
        [STEP_HINT] = { &hint_table, USEC_PER_SEC, NULL },
        [STEP_CAPTURE] = { &capture_table, 300 * USEC_PER_MSEC, NULL },
        [STEP_RUN] = { &run_table, 5 * USEC_PER_SEC,
                "which command? (as in - run: [ /usr/local/bin/shed ])" },
        [STEP_RECLAIM] = { &reclaim_table, USEC_PER_SEC, NULL },
        [STEP_THROTTLE] = { &throttle_table, DEFAULT_TIMEOUT, NULL },
        [STEP_FREEZE] = { &freeze_table, USEC_PER_SEC, NULL },
        [STEP_LIMIT] = { &limit_table, DEFAULT_TIMEOUT, "to how much? (as in - limit: 2G)" },
        [STEP_SIGNAL] = { &signal_table, DEFAULT_TIMEOUT,
                "which signal? (as in - signal: SIGUSR1)" },
        [STEP_RESTART] = { &restart_table, 10 * USEC_PER_SEC, NULL },
        [STEP_STOP] = { &stop_table, 10 * USEC_PER_SEC, NULL },
        [STEP_TERMINATE] = { &terminate_table, DEFAULT_TIMEOUT, NULL },
        [STEP_KILL] = { &kill_table, DEFAULT_TIMEOUT, NULL },
};

void step_settings_default(StepKind kind, Step *ret) {
        *ret = (Step){
                .kind = kind,
                .level = NOTIFY_WARNING,
                .hint = kind == STEP_HINT ? HINT_MEDIUM : HINT_NONE,
                .timeout_usec = USEC_UNSET,
        };
        if (kind == STEP_CAPTURE)
                ret->quota_bytes = 64 * MEBI;
        else if (kind == STEP_RUN) {
                ret->uid = ret->gid = STEP_NOBODY;
                ret->memory_bytes = 64 * MEBI;
                ret->output_bytes = 16 * 1024;
        } else if (kind == STEP_RECLAIM)
                ret->amount = (Amount){ .set = true, .percent = true, .value = 1000 };
        else if (kind == STEP_THROTTLE) {
                ret->amount = (Amount){ .set = true, .percent = true, .value = 9000 };
                ret->lease_usec = 30 * USEC_PER_SEC;
        } else if (kind == STEP_FREEZE)
                ret->lease_usec = 5 * USEC_PER_SEC;
        else if (kind == STEP_TERMINATE)
                ret->grace_usec = DEFAULT_GRACE;
}

/* The timeout of a lease is over when the lease is, that of a terminate begins at its grace. */
static void finish_timeout(Step *step) {
        usec_t timeout = forms[step->kind].timeout_usec;

        if (step->timeout_usec != USEC_UNSET)
                return;
        step->timeout_usec =
                step->lease_usec > 0 ? MIN(timeout, step->lease_usec) : step->grace_usec + timeout;
}

int step_settings_parse(Loader *l, const YamlNode *item, const YamlNode *settings, Step *step) {
        const KeyTable *table = forms[step->kind].table;
        size_t before = loader_findings(l);
        int r = 0;

        if (!settings && forms[step->kind].bare)
                loader_error(l, item, "%s", forms[step->kind].bare);
        else if (settings &&
                (settings->kind == YAML_KIND_SCALAR ||
                        (settings->kind == YAML_KIND_LIST && step->kind == STEP_RUN)))
                r = table->keys[0].parse(l, &table->keys[0], settings, step);
        else if (settings)
                r = config_keys_apply(l, table, settings, step);
        if (r < 0)
                return r;

        if (step->kind == STEP_LIMIT && !step->amount.set && !step->swap_amount.set &&
                loader_findings(l) == before)
                loader_error(l, settings, "a limit needs \"max\", \"swap_max\" or both");
        finish_timeout(step);
        return 0;
}
