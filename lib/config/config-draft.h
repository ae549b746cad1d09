/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The state of a load: what has been read so far, with the place each part came from, so that later
 * checks can point at it. Internal to the loader; freed when the load is over. Two arenas: what
 * becomes part of the Config, and what only the load needs. Functions of the loader return 0 or
 * -ENOMEM; what is wrong with the text goes to loader->errors and the reading goes on. */

#include <stdbool.h>

#include "config/arena.h"
#include "config/config-error.h"
#include "config/config.h"
#include "config/yaml-tree.h"

/* Ids are 16 bits wide, and hits are counted for each spec. */
#define SPECS_MAX 4096

typedef struct ConditionDraft {
        Condition condition;
        const YamlNode *const *origins; /* of each node of the condition */
        const YamlNode *node;           /* the whole; NULL if the key is absent */
} ConditionDraft;

typedef struct PolicyDraft PolicyDraft;
struct PolicyDraft {
        Policy policy;
        ConditionDraft when;
        ConditionDraft clear;
        const YamlNode *node;    /* the mapping */
        const YamlNode *watch;   /* the value of `watch`, NULL if absent */
        const YamlNode *targets; /* the value of `targets`, NULL if absent */
        const YamlNode *name;
        const YamlNode *hold; /* the value of `for`, NULL if absent */
        const YamlNode *steps[POLICY_STEPS_MAX];
        bool has_limit; /* a step `limit` is written, right or wrong */
        bool broken;    /* something in it was reported: no checks across its fields */
        PolicyDraft *next;
};

typedef struct TickDraft {
        TickConfig values;
        /* by the order of the fields; NULL: the default */
        const YamlNode *origins[sizeof(TickConfig) / sizeof(usec_t)];
} TickDraft;

typedef struct LimitsDraft {
        LimitsConfig values;
        /* likewise */
        const YamlNode *origins[sizeof(LimitsConfig) / sizeof(uint32_t)];
} LimitsDraft;

typedef struct SpecLink SpecLink;
struct SpecLink {
        const MatchSpec *spec;
        const YamlNode *node;
        SpecLink *next;
};

/* A growing list of match specs. */
typedef struct SpecChain {
        SpecLink *first;
        SpecLink *last;
        size_t n;
} SpecChain;

typedef struct WarningLink WarningLink;
struct WarningLink {
        ConfigWarning warning;
        WarningLink *next;
};

typedef struct Loader {
        Arena *arena;   /* of the Config */
        Arena *scratch; /* of the load */
        ConfigErrors *errors;
        TickDraft tick;
        LimitsDraft limits;
        SpecChain protect;
        SpecChain specs; /* every spec in its final place, in the order of ids */
        PolicyDraft *first_policy;
        PolicyDraft *last_policy;
        size_t n_policies;
        WarningLink *first_warning;
        WarningLink *last_warning;
        size_t n_warnings;
        uint64_t hash;
        bool tree_broken; /* of the file being read: nodes are missing, or there are too many */
} Loader;

/* How many findings there are, those that were dropped included: to see whether a part added any.
 */
size_t loader_findings(const Loader *l);

/* Reports at the place of a node, or `skip` characters into its text. */
void loader_error(Loader *l, const YamlNode *node, const char *format, ...) _printf_(3, 4);
void loader_error_within(Loader *l, const YamlNode *node, size_t skip, const char *format, ...)
        _printf_(4, 5);

/* Adds a warning to the Config to be. 0 or -ENOMEM. */
int loader_warn(Loader *l, const YamlNode *node, const char *format, ...) _printf_(3, 4);

/* A warning about a whole file. */
int loader_warn_file(Loader *l, const char *file, const char *format, ...) _printf_(3, 4);

/* Appends a spec and where it was written. 0 or -ENOMEM. */
int spec_chain_add(Loader *l, SpecChain *chain, const MatchSpec *spec, const YamlNode *node);

/* Makes the list of a finished chain and gives each spec its id. 0 or -ENOMEM. */
int spec_chain_freeze(Loader *l, const SpecChain *chain, MatchList *ret);

/* A copy of a node's text in the Config's arena, NULL without memory. */
const char *loader_keep_text(Loader *l, const char *text);
