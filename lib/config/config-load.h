/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From policy files to one checked, immutable Config. A load has one outcome: either a complete
 * Config or errors; never half of both. Reads files and the user database; knows nothing of the
 * kernel's state. May block on a slow disk or name service: for the main thread and for start-up
 * only. */

#include <stddef.h>

#include "base/text.h"
#include "config/config-error.h"
#include "config/config.h"

/* Where policies are looked for below the root, the last one wins. */
#define CONFIG_DIR_VENDOR "usr/lib/avert/policy.d"
#define CONFIG_DIR_RUNTIME "run/avert/policy.d"
#define CONFIG_DIR_ADMIN "etc/avert/policy.d"

/* The file name under which the built-in policy takes part in masking. */
#define CONFIG_BUILTIN_NAME "10-default.yaml"

/* What stands for it in messages and in the list of sources. */
#define CONFIG_BUILTIN_PATH "built-in"

/* Every config_load_*():
 *   returns 0 and stores a Config with one reference in *ret (the caller's, for config_unref());
 *   -EINVAL when something is wrong with the text: at least one entry in *reterr;
 *   -ENOMEM; or another negative errno when a file could not be read (also entered in *reterr).
 * *ret is untouched on failure. *reterr is emptied first and may not be NULL. Warnings are in the
 * Config. */

/* The effective policy of a machine: the three directories below rootfd (the fd of "/" or of a
 * foreign root) and the built-in file unless masked. Missing directories are fine. */
int config_load_dirs(int rootfd, Config **ret, ConfigErrors *reterr);

/* Exactly these files, in this order; no directory, no built-in policy. For --config and `check`.
 * Relative paths are relative to the working directory. An empty file is an error here: there is
 * nothing to mask. */
int config_load_files(const char *const *paths, size_t n, Config **ret, ConfigErrors *reterr);

/* One text; `name` stands for the file in messages. */
int config_load_text(
        const char *name, const char *text, size_t len, Config **ret, ConfigErrors *reterr);

/* The built-in policy alone: what a daemon runs on when its files are broken at start. Its text is
 * checked by the tests, so only -ENOMEM can happen. */
int config_load_builtin(Config **ret, ConfigErrors *reterr);

/* The text of the built-in policy, NUL-terminated; its length in *ret_len unless that is NULL. */
const char *config_builtin_text(size_t *ret_len);

/* References may be taken and dropped from any thread. config_unref() returns NULL. */
Config *config_ref(Config *config);
Config *config_unref(Config *config);

static inline void config_unrefp(Config **config) {
        config_unref(*config);
}

/* Whether a new Config fits into the pools that were sized by the one the daemon was started with.
 * 0, or -EINVAL with the reasons added to *reterr (emptied first). */
int config_fits(const Config *config, const Config *started_with, ConfigErrors *reterr);

/* The effective policy as a policy file that loads to the same Config (as long as `out` has room:
 * look at out->truncated): every default filled in, and before each part a comment that tells the
 * file it came from. Warnings are not printed. */
void config_print(const Config *config, TextBuf *out);

/* Parts of it, for status lines and `policies`: the condition, a step with all of its settings, one
 * policy. */
#define STEP_TEXT_MAX 8192 /* holds any step */
void config_print_condition(const Condition *condition, TextBuf *out);
void config_print_step(const Step *step, TextBuf *out);
void config_print_policy(const Policy *policy, TextBuf *out);

/* "file:line:col: warning: text" with a newline. */
void config_print_warning(const ConfigWarning *warning, TextBuf *out);

/* Names of the enumerations as a policy writes them; never NULL. */
const char *watch_kind_name(WatchKind kind);
const char *target_kind_name(TargetKind kind);
const char *step_kind_name(StepKind kind);
const char *notify_level_name(NotifyLevel level);
const char *hint_level_name(HintLevel level);
const char *match_key_name(MatchKey key);
const char *rank_term_name(RankTerm term);
const char *on_budget_name(OnBudget on_budget);
const char *compare_op_name(CompareOp op);

/* "SIGTERM" for a number that a signal step may name, "signal" otherwise. */
const char *signal_step_name(int signo);
