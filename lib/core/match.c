/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/match.h"

#include <string.h>

#include "base/glob.h"
#include "base/macro.h"

static const char *text_of(const ProcFacts *f, MatchKey key) {
        const char *text = NULL;

        switch (key) {
        case MATCH_COMM:
                return f->comm;
        case MATCH_EXE:
                text = f->exe;
                break;
        case MATCH_CMDLINE:
                text = f->cmdline;
                break;
        case MATCH_CGROUP:
                text = f->cgroup;
                break;
        case MATCH_UNIT:
                text = f->unit;
                break;
        case MATCH_USER_UNIT:
                text = f->user_unit;
                break;
        case MATCH_SLICE:
                text = f->slice;
                break;
        case MATCH_CONTAINER:
                text = f->container;
                break;
        case MATCH_TTY:
                text = f->tty;
                break;
        case MATCH_UID:
        case MATCH_GID:
        case MATCH_AGE:
        case MATCH_SIZE:
        case MATCH_OOM_SCORE_ADJ:
        case _MATCH_KEY_MAX:
                break;
        }
        return text ? text : "";
}

static GlobMode mode_of(MatchKey key) {
        return key == MATCH_CGROUP || key == MATCH_EXE ? GLOB_PATH : GLOB_TEXT;
}

/* " (deleted)" is the kernel's remark, not part of the name: a program that was upgraded is still
 * the same program. */
static const char *without_deleted(const char *exe, char *buf, size_t size) {
        static const char mark[] = " (deleted)";
        size_t len = strlen(exe), cut = sizeof(mark) - 1;

        if (len <= cut || strcmp(exe + len - cut, mark) != 0 || len - cut >= size)
                return exe;

        memcpy(buf, exe, len - cut);
        buf[len - cut] = '\0';
        return buf;
}

/* Most patterns differ from most texts in their first or their last character: paths are alike for
 * longer at the front, units at the end. */
static bool may_match(const char *pattern, const char *text, size_t len) {
        size_t pattern_len = strlen(pattern);

        if (pattern_len == 0 || len == 0)
                return true;
        if (pattern[0] != text[0] && !strchr("*?[\\", pattern[0]))
                return false;
        return pattern[pattern_len - 1] == text[len - 1] || strchr("*?]", pattern[pattern_len - 1]);
}

/* What is not known ("") matches nothing, not even "*": an unreadable exe must not look like any
 * exe. The tty is the exception, where "" says that there is none. */
static bool pattern_holds(const MatchSpec *spec, const char *text, MatchKey key) {
        char exe[1024];
        size_t len;

        if (!text || (*text == '\0' && key != MATCH_TTY))
                return false;
        if (key == MATCH_EXE)
                text = without_deleted(text, exe, sizeof(exe));

        len = strlen(text);
        for (size_t i = 0; i < spec->patterns[key].n; i++)
                if (may_match(spec->patterns[key].patterns[i], text, len) &&
                        glob_match(spec->patterns[key].patterns[i], text, mode_of(key)))
                        return true;
        return false;
}

static int64_t capped(uint64_t value) {
        return value > INT64_MAX ? INT64_MAX : (int64_t) value;
}

static int64_t number_of(const ProcSample *proc, MatchKey key, usec_t boottime_usec) {
        const ProcFacts *f = proc->facts;

        if (key == MATCH_UID)
                return f->uid;
        if (key == MATCH_GID)
                return f->gid;
        if (key == MATCH_AGE)
                return capped(usec_since(boottime_usec, f->born_usec));
        if (key == MATCH_SIZE)
                return capped(proc->rss + proc->swap);
        return f->oom_score_adj;
}

static bool range_holds(const MatchSpec *spec, int64_t value, MatchKey key) {
        size_t index = (size_t) key - _MATCH_PATTERN_MAX;

        for (size_t i = 0; i < spec->ranges[index].n; i++) {
                const Range *range = &spec->ranges[index].ranges[i];

                if (value >= range->min && value <= range->max)
                        return true;
        }
        return false;
}

bool match_spec(const MatchSpec *spec, const ProcSample *proc, usec_t boottime_usec) {
        /* Numbers first: they are cheap. */
        for (int key = _MATCH_KEY_MAX - 1; key >= 0; key--) {
                bool holds;

                if (!(spec->key_mask & UINT32_C(1) << key))
                        continue;

                holds = key < _MATCH_PATTERN_MAX
                        ? pattern_holds(spec, text_of(proc->facts, (MatchKey) key), (MatchKey) key)
                        : range_holds(spec, number_of(proc, (MatchKey) key, boottime_usec),
                                  (MatchKey) key);
                if (!holds)
                        return false;
        }
        return true;
}

const MatchSpec *match_list(const MatchList *list, const ProcSample *proc, usec_t boottime_usec) {
        for (size_t i = 0; i < list->n; i++)
                if (match_spec(&list->specs[i], proc, boottime_usec))
                        return &list->specs[i];
        return NULL;
}

/* NULL for what no cgroup has. */
static const char *group_text(const GroupFacts *f, MatchKey key) {
        return key == MATCH_CGROUP       ? f->path
                : key == MATCH_UNIT      ? f->unit
                : key == MATCH_USER_UNIT ? f->user_unit
                : key == MATCH_SLICE     ? f->slice
                : key == MATCH_CONTAINER ? f->container
                                         : NULL;
}

bool match_spec_group(const MatchSpec *spec, const GroupFacts *group) {
        for (int key = _MATCH_KEY_MAX - 1; key >= 0; key--) {
                const char *text = group_text(group, (MatchKey) key);
                bool holds;

                if (!(spec->key_mask & UINT32_C(1) << key))
                        continue;

                holds = text ? pattern_holds(spec, text, (MatchKey) key)
                             : key == MATCH_UID && range_holds(spec, group->uid, MATCH_UID);
                if (!holds)
                        return false;
        }
        return true;
}

const MatchSpec *match_list_group(const MatchList *list, const GroupFacts *group) {
        for (size_t i = 0; i < list->n; i++)
                if (match_spec_group(&list->specs[i], group))
                        return &list->specs[i];
        return NULL;
}

static bool ends_in_slice(const char *pattern) {
        static const char tail[] = ".slice";
        size_t len = strlen(pattern);

        return len >= sizeof(tail) - 1 && strcmp(pattern + len - (sizeof(tail) - 1), tail) == 0;
}

bool match_list_names_slice(const MatchList *list, const GroupFacts *group) {
        static const MatchKey keys[] = { MATCH_CGROUP, MATCH_UNIT };

        for (size_t i = 0; i < list->n; i++)
                for (size_t k = 0; k < ELEMENTS(keys); k++) {
                        const char *text = group_text(group, keys[k]);

                        for (size_t n = 0; n < list->specs[i].patterns[keys[k]].n; n++) {
                                const char *pattern = list->specs[i].patterns[keys[k]].patterns[n];

                                if (ends_in_slice(pattern) && *text != '\0' &&
                                        glob_match(pattern, text, mode_of(keys[k])))
                                        return true;
                        }
                }
        return false;
}

bool match_is_static(const MatchList *list) {
        const uint32_t moving = UINT32_C(1) << MATCH_AGE | UINT32_C(1) << MATCH_SIZE;

        for (size_t i = 0; i < list->n; i++)
                if (list->specs[i].key_mask & moving)
                        return false;
        return true;
}
