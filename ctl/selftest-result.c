/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/selftest-result.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/text.h"

#define SCHEMA_VERSION 1

static const char *const names[_STAGE_MAX] = {
        [STAGE_SEEN] = "seen",
        [STAGE_WARNED] = "warned",
        [STAGE_ENDED] = "ended",
};

const char *selftest_stage_name(SelftestStage stage) {
        return names[stage];
}

/* The stage that an event is the sign of; _STAGE_MAX: of none. */
static SelftestStage stage_of(const SelftestResult *r, const Json *event) {
        const char *kind = json_text(event, "kind");
        bool is_taken = strcmp(kind, "step-taken") == 0;
        bool is_over = strcmp(kind, "step-done") == 0 || strcmp(kind, "step-failed") == 0;
        bool is_victim = json_count(json_get(event, "target"), "pid") == (uint64_t) r->pid;

        if (strcmp(kind, "incident-opened") == 0)
                return STAGE_SEEN;
        if (strcmp(kind, "notify") == 0)
                return STAGE_WARNED;
        /* One that failed may have ended it all the same, and measured nothing that came free: what
         * the victim died of decides. */
        if (is_victim && (r->dry ? is_taken : is_over))
                return STAGE_ENDED;
        return _STAGE_MAX;
}

bool selftest_take(SelftestResult *r, const Json *event, const char *policy, usec_t after_usec,
        SelftestStage *ret_stage) {
        SelftestStage stage = stage_of(r, event);

        if (strcmp(json_text(event, "policy"), policy) != 0 || stage == _STAGE_MAX ||
                r->done[stage])
                return false;
        r->done[stage] = true;
        r->after_usec[stage] = after_usec;
        (void) text_copy(r->message[stage], sizeof(r->message[stage]), json_text(event, "message"));
        *ret_stage = stage;
        return true;
}

bool selftest_is_well(const SelftestResult *r) {
        bool killed = WIFSIGNALED(r->status) &&
                (WTERMSIG(r->status) == SIGTERM || WTERMSIG(r->status) == SIGKILL);

        return r->done[STAGE_SEEN] && r->done[STAGE_WARNED] && r->done[STAGE_ENDED] &&
                (r->dry || killed);
}

void selftest_print_json(const SelftestResult *r, JsonMode mode, FILE *out) {
        _cleanup_(json_unrefp) Json *json = json_new_object();
        Json *list = json_new_list();

        json_set_number(json, "schema_version", SCHEMA_VERSION);
        json_set_flag(json, "ok", selftest_is_well(r));
        json_set_flag(json, "dry_run", r->dry);
        json_set_number(json, "pid", r->pid);
        for (int s = 0; s < _STAGE_MAX; s++) {
                Json *one = json_new_object();

                json_set_text(one, "name", names[s]);
                json_set_flag(one, "ok", r->done[s]);
                if (r->done[s])
                        json_set_count(one, "after_usec", r->after_usec[s]);
                else
                        json_set(one, "after_usec", NULL);
                json_set_text(one, "message", r->message[s]);
                json_append(list, one);
        }
        json_set(json, "stages", list);
        json_write(json, mode, out);
}
