/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* avertctl as its verbs see it: the options that were given, where to write, how to end. A verb is
 * one row of the table in verbs.c and one function in a file of its own. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/macro.h"
#include "ctl/option-table.h"

/* How avertctl ends. Documented in avertctl(1). */
enum {
        CTL_OK = 0,
        CTL_FAILED = 1,
        CTL_USAGE = 2,
        CTL_NOT_RUNNING = 3,
        CTL_LACKS = 4, /* doctor: something is missing */
        CTL_DENIED = 5,
        CTL_SKIPPED = 77, /* selftest: not possible here */
        CTL_REFUSED = 78, /* the policy has errors */
};

typedef enum JsonMode {
        JSON_OFF,
        JSON_SHORT,  /* one line per document */
        JSON_PRETTY, /* for reading */
        _JSON_MODE_MAX,
} JsonMode;

#define CTL_CONFIGS_MAX 64

/* Paint and width are decided once, before a pager changes what stdout is. */
typedef struct Ctl {
        uint64_t given; /* option_bit(): what the command line had */
        JsonMode json;
        bool no_pager;
        bool follow;
        bool dry_run;
        uint64_t count;  /* 0: no end */
        uint64_t lease;  /* to release; 0: all */
        usec_t for_usec; /* 0: not given */
        const char *bus; /* NULL: the library's choice */
        const char *root;
        const char *format; /* of metrics; NULL: the usual one */
        const char *configs[CTL_CONFIGS_MAX];
        size_t n_configs;
        FILE *out;
        FILE *err;
        bool colour;
        unsigned width; /* columns to fill at most */
} Ctl;

typedef struct Verb {
        const char *name;
        const char *arguments; /* "[POLICY|PID]", for help */
        const char *summary;   /* one line, for help */
        uint64_t options;      /* option_bit(): those that mean something to it */
        int max_arguments;
        bool paged;
        int (*run)(
                Ctl *ctl, int argc, char *const *argv); /* its arguments; returns the exit code */
} Verb;

/* All verbs, in the order of the help; ended by one without a name. */
extern const Verb verbs[];

/* The verb of that name, or NULL. */
const Verb *verb_find(const char *name);

/* The verb that a misspelt one is nearest to, or NULL when none is near. */
const Verb *verb_suggest(const char *name);

int verb_status(Ctl *ctl, int argc, char *const *argv);
int verb_top(Ctl *ctl, int argc, char *const *argv);
int verb_policies(Ctl *ctl, int argc, char *const *argv);
int verb_explain(Ctl *ctl, int argc, char *const *argv);
int verb_incidents(Ctl *ctl, int argc, char *const *argv);
int verb_check(Ctl *ctl, int argc, char *const *argv);
int verb_reload(Ctl *ctl, int argc, char *const *argv);
int verb_pause(Ctl *ctl, int argc, char *const *argv);
int verb_resume(Ctl *ctl, int argc, char *const *argv);
int verb_protect(Ctl *ctl, int argc, char *const *argv);
int verb_unprotect(Ctl *ctl, int argc, char *const *argv);
int verb_log_level(Ctl *ctl, int argc, char *const *argv);
int verb_leases(Ctl *ctl, int argc, char *const *argv);
int verb_watch(Ctl *ctl, int argc, char *const *argv);
int verb_doctor(Ctl *ctl, int argc, char *const *argv);
int verb_metrics(Ctl *ctl, int argc, char *const *argv);
int verb_selftest(Ctl *ctl, int argc, char *const *argv);
int verb_replay(Ctl *ctl, int argc, char *const *argv);

/* "avertctl: " and a sentence on ctl->err, with a newline. */
void ctl_error(const Ctl *ctl, const char *format, ...) _printf_(2, 3);
