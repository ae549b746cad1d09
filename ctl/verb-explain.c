/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "core/explain.h"
#include "ctl/cmdline.h"
#include "ctl/connect.h"
#include "ctl/ctl.h"
#include "ctl/incident-text.h"
#include "ctl/incidents.h"
#include "ctl/recording.h"
#include "ctl/term.h"
#include "describe/describe.h"

#define EXPLAIN_BYTES ((size_t) 4 * 1024 * 1024)

/* What is asked about: everything, one policy, one process; or what happened, in an incident or to
 * a unit. */
typedef struct Subject {
        const char *policy;
        int32_t pid;
        const char *incident, *unit;
} Subject;

static bool is_unit(const char *text) {
        static const char *const kinds[] = { ".service", ".scope", ".slice", ".socket", ".mount",
                ".swap" };
        const char *dot = strrchr(text, '.');

        for (size_t i = 0; dot && i < ELEMENTS(kinds); i++)
                if (strcmp(dot, kinds[i]) == 0)
                        return true;
        return false;
}

static int parse_subject(const Ctl *ctl, const char *text, Subject *ret) {
        uint64_t pid;

        if (incident_files_is_name(text) || strcmp(text, "last") == 0) {
                ret->incident = text;
                return CTL_OK;
        }
        if (is_unit(text)) {
                ret->unit = text;
                return CTL_OK;
        }
        if (text[0] < '0' || text[0] > '9') {
                ret->policy = text;
                return CTL_OK;
        }
        if (number_parse_u64(text, &pid) < 0 || pid == 0 || pid > INT32_MAX) {
                ctl_error(ctl, "%s is neither a process id nor the name of a policy", text);
                return CTL_USAGE;
        }
        ret->pid = (int32_t) pid;
        return CTL_OK;
}

/* Before what is said about one process. */
static void print_cmdline(const Ctl *ctl, const CmdlineSource *source, int32_t pid) {
        _cleanup_free_ char *text = pid > 0 ? cmdline_ask(source, pid) : NULL;

        if (!text || !*text)
                return;
        fputs("command line  ", ctl->out);
        term_wrap(ctl, PAINT_PLAIN, 14, 14, text);
        fputc('\n', ctl->out);
}

/* A judgement as JSON, live or recorded. */
static int print_json(const Ctl *ctl, CmdlineSource *source, const char *text) {
        _cleanup_(json_unrefp) Json *json = NULL;
        Json *policies;
        int r;

        r = connect_parse(ctl, text, &json);
        if (r != CTL_OK)
                return r;
        policies = json_member(json, "policies");
        for (size_t i = 0; i < json_length(policies); i++)
                cmdline_fill(source, json_member(json_item(policies, i), "candidates"));
        json_write(json, ctl->json, ctl->out);
        return CTL_OK;
}

static int explain_live(const Ctl *ctl, const Subject *subject) {
        _cleanup_(client_unrefp) AvertClient *client = NULL;
        _cleanup_free_ char *text = NULL;
        CmdlineSource source = { .client = NULL };
        int r;

        r = connect_daemon(ctl, &client);
        if (r != CTL_OK)
                return r;
        source.client = client;

        if (ctl->json == JSON_OFF)
                r = avert_client_explain(client, subject->policy, subject->pid, &text);
        else
                r = avert_client_explain_json(client, subject->policy, subject->pid, &text);
        if (r < 0)
                return connect_explain(ctl, client, "explain", r);

        if (ctl->json != JSON_OFF)
                return print_json(ctl, &source, text);
        print_cmdline(ctl, &source, subject->pid);
        term_lines(ctl, ctl->out, text);
        return CTL_OK;
}

static void drop_event(void *ctx, const Event *e) {
        (void) ctx;
        (void) e;
}

/* The index of a policy by its name, -1 when all are meant; the exit code through *ret_exit. */
static int find_policy(const Ctl *ctl, const Config *config, const char *name, int *ret_exit) {
        int policy;

        *ret_exit = CTL_OK;
        if (!name)
                return -1;

        policy = config_find_policy(config, name);
        if (policy >= 0)
                return policy;

        ctl_error(ctl, "there is no policy '%s'; these there are:", name);
        for (size_t i = 0; i < config->n_policies; i++)
                fprintf(ctl->err, "  %s\n", config->policies[i].name);
        *ret_exit = CTL_FAILED;
        return -1;
}

static int print_view(const Ctl *ctl, View *view, int policy, int32_t pid) {
        CmdlineSource source = { .view = view };
        _cleanup_free_ char *text = NULL;
        TextBuf b;

        text = ctl->json == JSON_OFF ? malloc(EXPLAIN_BYTES)
                                     : describe_judgement(view, policy, pid);
        if (!text) {
                ctl_error(ctl, "out of memory");
                return CTL_FAILED;
        }
        if (ctl->json != JSON_OFF)
                return print_json(ctl, &source, text);

        textbuf_init(&b, text, EXPLAIN_BYTES);
        explain_print(view->config, &view->sample, view->verdicts, view->n_verdicts, &view->book,
                &view->scratch, policy, pid, &b);
        print_cmdline(ctl, &source, pid);
        fputs(text, ctl->out);
        if (b.truncated)
                ctl_error(ctl, "the text is longer than can be shown: name a policy or a process");
        return CTL_OK;
}

/* The recording is judged to its end: what is explained is its last tree, with the history of all.
 */
static int explain_recording(const Ctl *ctl, const Subject *subject) {
        Recording recording;
        int policy, r;

        r = recording_open(ctl, ctl->root, &recording);
        if (r != CTL_OK)
                return r;

        policy = find_policy(ctl, recording.config, subject->policy, &r);
        if (r == CTL_OK)
                r = recording_judge(ctl, &recording, (Sink){ .write = drop_event });
        if (r == CTL_OK)
                r = print_view(ctl, replay_view(recording.replay), policy, subject->pid);
        recording_close(&recording);
        return r;
}

/* ---- what happened
 * ------------------------------------------------------------------------------- */

static bool names(const Json *whom, const char *unit) {
        return strcmp(json_text(whom, "unit"), unit) == 0;
}

static bool is_about(const Json *event, const char *unit) {
        const Json *candidates = json_get(event, "candidates");

        if (names(json_get(event, "cgroup"), unit) || names(json_get(event, "target"), unit))
                return true;
        for (size_t i = 0; i < json_length(candidates); i++)
                if (names(json_at(candidates, i), unit))
                        return true;
        return false;
}

/* Something was done to the unit, or it was considered. */
static bool has_to_do_with(const Json *incident, const void *unit) {
        const Json *events = json_get(incident, "events");

        for (size_t i = 0; i < json_length(events); i++)
                if (is_about(json_at(events, i), unit))
                        return true;
        return false;
}

static int explain_past(const Ctl *ctl, const Subject *subject) {
        _cleanup_(incident_files_done) IncidentFiles files;
        int r = incident_files_list(ctl, &files);

        if (r != CTL_OK)
                return r;
        if (subject->incident)
                return incidents_print(ctl, &files, subject->incident, incident_text_explain);
        r = incidents_list(ctl, &files, has_to_do_with, subject->unit);
        if (r == CTL_FAILED)
                ctl_error(
                        ctl, "no incident in %s has to do with %s", files.directory, subject->unit);
        return r;
}

int verb_explain(Ctl *ctl, int argc, char *const *argv) {
        Subject subject = { .policy = NULL };
        int r;

        if (argc > 0) {
                r = parse_subject(ctl, argv[0], &subject);
                if (r != CTL_OK)
                        return r;
        }
        if (subject.incident || subject.unit)
                return explain_past(ctl, &subject);
        if (ctl->root)
                return explain_recording(ctl, &subject);
        if (ctl->n_configs > 0) {
                ctl_error(ctl, "--config needs --root: a running avertd judges by its own policy");
                return CTL_USAGE;
        }
        return explain_live(ctl, &subject);
}
