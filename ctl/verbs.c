/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"

#define LIVE (1u << OPTION_BUS | 1u << OPTION_JSON)
#define PAGED (1u << OPTION_PAGER)

const Verb verbs[] = {
        { "status", "", "what avertd sees: sources, readings, distances, incidents",
                LIVE | PAGED | 1u << OPTION_FOLLOW | 1u << OPTION_COUNT, 0, true, verb_status },
        { "policies", "", "policies in force, their files, what each match selects now",
                LIVE | PAGED, 0, true, verb_policies },
        { "explain", "[POLICY|PID]", "the judgement in full: who would be chosen, who not, and why",
                LIVE | PAGED | 1u << OPTION_ROOT | 1u << OPTION_CONFIG, 1, true, verb_explain },
        { "watch", "", "events as they come", LIVE | 1u << OPTION_COUNT, 0, false, verb_watch },
        { "reload", "", "make avertd load its policy files again", LIVE, 0, false, verb_reload },
        { "leases", "", "what avertd changed about cgroups, and giving it back",
                LIVE | 1u << OPTION_RELEASE, 0, false, verb_leases },
        { "check", "[FILE...]", "look for errors in policy files, or in the installed ones",
                1u << OPTION_JSON | 1u << OPTION_ROOT, CTL_CONFIGS_MAX, false, verb_check },
        { "replay", "DIR", "judge a recording and print the events",
                1u << OPTION_JSON | 1u << OPTION_CONFIG | PAGED, 1, true, verb_replay },
        { "doctor", "", "what avert finds and misses on this machine, and what to do",
                1u << OPTION_JSON | 1u << OPTION_ROOT | PAGED, 0, true, verb_doctor },
        { NULL, NULL, NULL, 0, 0, false, NULL },
};

const Verb *verb_find(const char *name) {
        for (const Verb *v = verbs; v->name; v++) {
                if (strcmp(v->name, name) == 0)
                        return v;
        }
        return NULL;
}

const Verb *verb_suggest(const char *name) {
        const Verb *best = NULL;
        unsigned nearest = 3;

        for (const Verb *v = verbs; v->name; v++) {
                unsigned distance = text_distance(name, v->name, nearest);
                bool begins = strlen(name) >= 2 && strncmp(v->name, name, strlen(name)) == 0;

                if (begins)
                        return v;
                if (distance < nearest) {
                        nearest = distance;
                        best = v;
                }
        }
        return best;
}

void ctl_error(const Ctl *ctl, const char *format, ...) {
        va_list ap;

        fputs("avertctl: ", ctl->err);
        va_start(ap, format);
        vfprintf(ctl->err, format, ap);
        va_end(ap);
        fputc('\n', ctl->err);
}
