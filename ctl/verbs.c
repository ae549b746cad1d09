/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"

/* option_bit() where a constant is wanted */
#define BIT(option) (UINT64_C(1) << (option))
#define LIVE (BIT(OPTION_BUS) | BIT(OPTION_JSON))

const Verb verbs[] = {
        { "status", "", "what avertd sees: sources, readings, distances, incidents",
                LIVE | BIT(OPTION_FOLLOW) | BIT(OPTION_COUNT), 0, true, verb_status },
        { "top", "", "who holds memory, gained it, waits for it; live on a terminal",
                LIVE | BIT(OPTION_FOLLOW) | BIT(OPTION_COUNT), 0, false, verb_top },
        { "policies", "", "policies in force, their files, what each match selects now", LIVE, 0,
                true, verb_policies },
        { "explain", "[POLICY|PID|INCIDENT|UNIT]",
                "who would be chosen, who not, and why; and what happened",
                LIVE | BIT(OPTION_ROOT) | BIT(OPTION_CONFIG), 1, true, verb_explain },
        { "incidents", "[list|show ID|follow]", "what happened, also while nobody looked",
                BIT(OPTION_JSON) | BIT(OPTION_ROOT) | BIT(OPTION_COUNT), 2, true, verb_incidents },
        { "watch", "", "events as they come", LIVE | BIT(OPTION_COUNT), 0, false, verb_watch },
        { "reload", "", "make avertd load its policy files again", LIVE | BIT(OPTION_DRY_RUN), 0,
                false, verb_reload },
        { "pause", "", "have avertd take no step but notify for a while",
                LIVE | BIT(OPTION_FOR) | BIT(OPTION_DRY_RUN), 0, false, verb_pause },
        { "resume", "", "end a pause", LIVE | BIT(OPTION_DRY_RUN), 0, false, verb_resume },
        { "protect", "PID|UNIT|CGROUP", "have avertd leave it alone, whatever the policies say",
                LIVE | BIT(OPTION_FOR) | BIT(OPTION_DRY_RUN), 1, false, verb_protect },
        { "unprotect", "PID|UNIT|CGROUP", "take that back", LIVE | BIT(OPTION_DRY_RUN), 1, false,
                verb_unprotect },
        { "leases", "", "what avertd changed about cgroups, and giving it back",
                LIVE | BIT(OPTION_RELEASE) | BIT(OPTION_RELEASE_ALL) | BIT(OPTION_DRY_RUN), 0,
                false, verb_leases },
        { "metrics", "", "readings and counters, as Prometheus takes them",
                BIT(OPTION_BUS) | BIT(OPTION_FORMAT), 0, true, verb_metrics },
        { "log-level", "[error|warning|notice|info|debug]",
                "how much avertd tells about itself, or setting that", LIVE | BIT(OPTION_DRY_RUN),
                1, false, verb_log_level },
        { "check", "[FILE...]", "look for errors in policy files, or in the installed ones",
                BIT(OPTION_JSON) | BIT(OPTION_ROOT), CTL_CONFIGS_MAX, false, verb_check },
        { "replay", "DIR", "judge a recording and print the events",
                BIT(OPTION_JSON) | BIT(OPTION_CONFIG), 1, true, verb_replay },
        { "doctor", "", "what avert finds and misses on this machine, and what to do",
                BIT(OPTION_JSON) | BIT(OPTION_ROOT), 0, true, verb_doctor },
        { "selftest", "", "see avertd warn of a process of 64 MiB, and end it",
                LIVE | BIT(OPTION_DRY_RUN), 0, false, verb_selftest },
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
