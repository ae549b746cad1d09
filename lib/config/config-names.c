/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-names.h"

#include <signal.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "config/config-load.h"

#define WORDS(table, label, names)                                                                 \
        const WordTable table = { .what = (label), .words = (names), .n = ELEMENTS(names) }

static const char *const watch_names[_WATCH_MAX] = {
        [WATCH_SYSTEM] = "system",
        [WATCH_PROCESS] = "process",
        [WATCH_USER] = "user",
        [WATCH_CGROUP] = "cgroup",
        [WATCH_UNIT] = "unit",
};

static const char *const target_names[_TARGET_MAX] = {
        [TARGET_PROCESS] = "process",
        [TARGET_TREE] = "tree",
        [TARGET_CGROUP] = "cgroup",
        [TARGET_UNIT] = "unit",
        [TARGET_USER] = "user",
        [TARGET_AUTO] = "auto",
};

static const char *const step_names[_STEP_MAX] = {
        [STEP_NOTIFY] = "notify",
        [STEP_HINT] = "hint",
        [STEP_CAPTURE] = "capture",
        [STEP_RUN] = "run",
        [STEP_RECLAIM] = "reclaim",
        [STEP_THROTTLE] = "throttle",
        [STEP_FREEZE] = "freeze",
        [STEP_LIMIT] = "limit",
        [STEP_SIGNAL] = "signal",
        [STEP_RESTART] = "restart",
        [STEP_STOP] = "stop",
        [STEP_TERMINATE] = "terminate",
        [STEP_KILL] = "kill",
};

static const char *const notify_names[_NOTIFY_MAX] = {
        [NOTIFY_INFO] = "info",
        [NOTIFY_NOTICE] = "notice",
        [NOTIFY_WARNING] = "warning",
        [NOTIFY_CRITICAL] = "critical",
};

/* HINT_NONE is no word of the language: who wants no hint writes no step. */
static const char *const hint_names[_HINT_MAX] = {
        [HINT_LOW] = "low",
        [HINT_MEDIUM] = "medium",
        [HINT_CRITICAL] = "critical",
};

static const char *const on_budget_names[] = {
        [ON_BUDGET_WIDEN] = "widen",
        [ON_BUDGET_NOTIFY] = "notify",
};

static const char *const rank_names[_RANK_MAX] = {
        [RANK_GAINED] = "gained",
        [RANK_FREEABLE] = "freeable",
        [RANK_GROWTH] = "growth",
        [RANK_SWAP] = "swap",
        [RANK_OOM_SCORE] = "oom_score",
        [RANK_YOUNGEST] = "youngest",
        [RANK_OLDEST] = "oldest",
};

WORDS(watch_words, "watch", watch_names);
WORDS(target_words, "kind", target_names);
WORDS(step_words, "step", step_names);
WORDS(notify_words, "level", notify_names);
WORDS(hint_words, "level", hint_names);
WORDS(on_budget_words, "on_budget", on_budget_names);
WORDS(rank_words, "rank", rank_names);

static const char *const match_key_names[_MATCH_KEY_MAX] = {
        [MATCH_COMM] = "comm",
        [MATCH_EXE] = "exe",
        [MATCH_CMDLINE] = "cmdline",
        [MATCH_CGROUP] = "cgroup",
        [MATCH_UNIT] = "unit",
        [MATCH_USER_UNIT] = "user_unit",
        [MATCH_SLICE] = "slice",
        [MATCH_CONTAINER] = "container",
        [MATCH_TTY] = "tty",
        [MATCH_UID] = "uid",
        [MATCH_GID] = "gid",
        [MATCH_AGE] = "age",
        [MATCH_SIZE] = "size",
        [MATCH_OOM_SCORE_ADJ] = "oom_score_adj",
};

static const char *name_of(const char *const *names, size_t n, size_t i) {
        return i < n && names[i] ? names[i] : "?";
}

const char *watch_kind_name(WatchKind kind) {
        return name_of(watch_names, ELEMENTS(watch_names), (size_t) kind);
}

const char *target_kind_name(TargetKind kind) {
        return name_of(target_names, ELEMENTS(target_names), (size_t) kind);
}

const char *step_kind_name(StepKind kind) {
        return name_of(step_names, ELEMENTS(step_names), (size_t) kind);
}

const char *notify_level_name(NotifyLevel level) {
        return name_of(notify_names, ELEMENTS(notify_names), (size_t) level);
}

const char *hint_level_name(HintLevel level) {
        return level == HINT_NONE ? "none"
                                  : name_of(hint_names, ELEMENTS(hint_names), (size_t) level);
}

const char *on_budget_name(OnBudget on_budget) {
        return name_of(on_budget_names, ELEMENTS(on_budget_names), (size_t) on_budget);
}

const char *match_key_name(MatchKey key) {
        return name_of(match_key_names, ELEMENTS(match_key_names), (size_t) key);
}

const char *rank_term_name(RankTerm term) {
        return name_of(rank_names, ELEMENTS(rank_names), (size_t) term);
}

int words_find(const WordTable *table, const char *word) {
        for (size_t i = 0; i < table->n; i++)
                if (table->words[i] && strcmp(table->words[i], word) == 0)
                        return (int) i;
        return -1;
}

const char *words_nearer(const char *word, const char *best, const char *name, unsigned *nearest) {
        /* in a short word every third letter may be wrong, else "x" would mean anything */
        unsigned cap = MIN(WORDS_FAR - 1, (unsigned) (strlen(name) + 1) / 3);
        unsigned distance = text_distance(word, name, cap);

        if (distance > cap || distance >= *nearest)
                return best;

        *nearest = distance;
        return name;
}

const char *words_suggest(const WordTable *table, const char *word) {
        unsigned nearest = WORDS_FAR;
        const char *best = NULL;

        for (size_t i = 0; i < table->n; i++)
                if (table->words[i])
                        best = words_nearer(word, best, table->words[i], &nearest);
        return best;
}

static const struct {
        const char *name;
        int signo;
        bool dumps_core;
        const char *refused;
} signals[] = {
        { "SIGHUP", SIGHUP, false, NULL },
        { "SIGINT", SIGINT, false, NULL },
        { "SIGQUIT", SIGQUIT, true, NULL },
        { "SIGABRT", SIGABRT, true, NULL },
        { "SIGUSR1", SIGUSR1, false, NULL },
        { "SIGUSR2", SIGUSR2, false, NULL },
        { "SIGALRM", SIGALRM, false, NULL },
        { "SIGTERM", SIGTERM, false, NULL },
        { "SIGWINCH", SIGWINCH, false, NULL },
        { "SIGCONT", SIGCONT, false, NULL },
        { "SIGKILL", SIGKILL, false, "use the step kill, which also waits and measures" },
        { "SIGSTOP", SIGSTOP, false, "a stopped process would stay stopped if the daemon ended" },
        { "SIGTSTP", SIGTSTP, false, "a stopped process would stay stopped if the daemon ended" },
};

int signal_step_find(const char *name, const char **ret_reason) {
        *ret_reason = NULL;
        for (size_t i = 0; i < ELEMENTS(signals); i++) {
                if (strcmp(name, signals[i].name) != 0 &&
                        strcmp(name, signals[i].name + strlen("SIG")) != 0)
                        continue;
                *ret_reason = signals[i].refused;
                return signals[i].refused ? -1 : signals[i].signo;
        }
        return -1;
}

bool signal_dumps_core(int signo) {
        for (size_t i = 0; i < ELEMENTS(signals); i++)
                if (signals[i].signo == signo)
                        return signals[i].dumps_core;
        return false;
}

const char *signal_step_name(int signo) {
        for (size_t i = 0; i < ELEMENTS(signals); i++)
                if (signals[i].signo == signo)
                        return signals[i].name;
        return "signal";
}

size_t compare_scan(const char *text, CompareOp *ret) {
        bool equal = text[0] != '\0' && text[1] == '=';

        if (text[0] == '<')
                *ret = equal ? COMPARE_LE : COMPARE_LT;
        else if (text[0] == '>')
                *ret = equal ? COMPARE_GE : COMPARE_GT;
        else
                return 0;
        return equal ? 2 : 1;
}

const char *compare_op_name(CompareOp op) {
        static const char *const names[_COMPARE_MAX] = {
                [COMPARE_LT] = "<",
                [COMPARE_LE] = "<=",
                [COMPARE_GT] = ">",
                [COMPARE_GE] = ">=",
        };

        return name_of(names, ELEMENTS(names), (size_t) op);
}
