/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "ctl/connect.h"
#include "ctl/selftest-policy.h"
#include "ctl/selftest-result.h"
#include "ctl/selftest-victim.h"
#include "ctl/term.h"

#define SCHEMA_VERSION 1
#define DEADLINE_USEC (60 * USEC_PER_SEC)
#define LOOK_MS 100
#define SPARE_BYTES (4 * SELFTEST_BYTES)

typedef struct Selftest {
        const Ctl *ctl;
        AvertClient *client;
        char exe[256];
        char mark[SELFTEST_MARK_SIZE];
        char policy_text[1024];
        SelftestPolicy policy;
        SelftestVictim victim;
        usec_t begun_usec;
        SelftestResult result;
} Selftest;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signo) {
        interrupted = signo;
}

static void on_event(void *userdata, const char *text) {
        _cleanup_(json_unrefp) Json *json = NULL;
        Selftest *t = userdata;
        SelftestStage stage;
        char after[32];
        TextBuf b;

        if (json_parse(text, &json) < 0 ||
                !selftest_take(&t->result, json, SELFTEST_POLICY,
                        usec_since(clock_monotonic_usec(), t->begun_usec), &stage) ||
                t->ctl->json != JSON_OFF)
                return;

        textbuf_init(&b, after, sizeof(after));
        textbuf_add_usec(&b, t->result.after_usec[stage]);
        fprintf(t->ctl->out, "%-8s after %s: ", selftest_stage_name(stage), after);
        term_cell(t->ctl, PAINT_PLAIN, 0, t->result.message[stage]);
        fputc('\n', t->ctl->out);
        (void) fflush(t->ctl->out);
}

/* ---- before
 * ---------------------------------------------------------------------------------------- */

static int prepare(Selftest *t) {
        ssize_t n = readlink("/proc/self/exe", t->exe, sizeof(t->exe) - 1);
        TextBuf b;

        if (n < 0 || selftest_mark(t->mark) < 0) {
                ctl_error(t->ctl, "cannot find out what is needed: %s", strerror(errno));
                return CTL_FAILED;
        }
        t->exe[n] = '\0';
        textbuf_init(&b, t->policy_text, sizeof(t->policy_text));
        if (!selftest_print_policy(t->exe, geteuid(), t->mark, SELFTEST_BYTES, &b)) {
                ctl_error(t->ctl,
                        "%s cannot be named in a policy: use an avertctl in another place", t->exe);
                return CTL_SKIPPED;
        }
        return CTL_OK;
}

static int print_plan(const Selftest *t) {
        const Ctl *ctl = t->ctl;

        if (ctl->json != JSON_OFF) {
                _cleanup_(json_unrefp) Json *json = json_new_object();

                json_set_number(json, "schema_version", SCHEMA_VERSION);
                json_set_flag(json, "dry_run", true);
                json_set_count(json, "victim_bytes", SELFTEST_BYTES);
                json_set_text(
                        json, "policy_file", "/run/avert/policy.d/99-" SELFTEST_POLICY ".yaml");
                json_set_text(json, "policy", t->policy_text);
                json_write(json, ctl->json, ctl->out);
                return CTL_OK;
        }
        fprintf(ctl->out,
                "would write /run/avert/policy.d/99-" SELFTEST_POLICY ".yaml, make avertd reload,\n"
                "start a process of %" PRIu64
                " MiB that only this policy matches, see it warned and\n"
                "ended, and take the policy away again:\n\n%s",
                SELFTEST_BYTES / 1024 / 1024, t->policy_text);
        return CTL_OK;
}

/* What the daemon must be like. */
static int check_daemon(Selftest *t) {
        _cleanup_(json_unrefp) Json *json = NULL;
        _cleanup_free_ char *text = NULL;
        const Json *readings;
        int64_t available = 0;
        int r;

        r = avert_client_describe(t->client, &text);
        if (r < 0)
                return connect_explain(t->ctl, t->client, "read the status", r);
        r = connect_parse(t->ctl, text, &json);
        if (r != CTL_OK)
                return r;

        if (json_get(json, "paused")) {
                ctl_error(t->ctl, "avertd is paused and ends nobody: 'avertctl resume' first");
                return CTL_SKIPPED;
        }
        t->result.dry = json_flag(json, "dry_run");
        readings = json_get(json, "readings");
        for (size_t i = 0; i < json_length(readings); i++)
                if (strcmp(json_text(json_at(readings, i), "metric"), "mem.available") == 0)
                        (void) json_number(json_at(readings, i), "value", &available);
        if (available >= (int64_t) SPARE_BYTES)
                return CTL_OK;
        ctl_error(t->ctl, "a selftest wants %" PRIu64 " MiB of mem.available: the machine is short",
                (uint64_t) SPARE_BYTES / 1024 / 1024);
        return CTL_SKIPPED;
}

static int explain_place(const Ctl *ctl, int error) {
        if (error == -EBUSY) {
                ctl_error(ctl, "another selftest is running");
                return CTL_FAILED;
        }
        if (error == -EACCES || error == -EPERM) {
                ctl_error(ctl, "cannot write below /run/avert/policy.d: run avertctl as root");
                return CTL_DENIED;
        }
        ctl_error(ctl, "cannot write below /run/avert/policy.d: %s%s", strerror(-error),
                error == -ENOENT ? " (an avertd that the service manager started has /run/avert)"
                                 : "");
        return error == -ENOENT ? CTL_SKIPPED : CTL_FAILED;
}

/* False: it reads no directories, or judges another machine. */
static bool has_policy(Selftest *t) {
        _cleanup_(json_unrefp) Json *json = NULL;
        _cleanup_free_ char *text = NULL;
        const Json *policies;

        if (avert_client_list_policies(t->client, &text) < 0 || json_parse(text, &json) < 0)
                return false;
        policies = json_get(json, "policies");
        for (size_t i = 0; i < json_length(policies); i++)
                if (strcmp(json_text(json_at(policies, i), "name"), SELFTEST_POLICY) == 0)
                        return true;
        return false;
}

static int load_policy(Selftest *t) {
        _cleanup_free_ char *message = NULL;
        bool accepted;
        int r;

        r = avert_client_reload(t->client, &accepted, &message);
        if (r < 0)
                return connect_explain(t->ctl, t->client, "reload the policy", r);
        if (!accepted) {
                ctl_error(t->ctl, "avertd refuses to reload: mend that first");
                term_lines(t->ctl, t->ctl->err, message);
                return CTL_REFUSED;
        }
        if (has_policy(t))
                return CTL_OK;
        ctl_error(t->ctl,
                "this avertd does not read /run/avert/policy.d: it was started with "
                "--config or --root, and can be tested by its own policies only");
        return CTL_SKIPPED;
}

static int start_victim(Selftest *t) {
        static const char *const places[] = {
                [SELFTEST_IN_SCOPE] = "in a scope of its own",
                [SELFTEST_IN_CGROUP] = "in a cgroup of its own",
                [SELFTEST_BESIDE_US] = "in our cgroup: there can be none of its own",
        };
        int r = selftest_victim_start(t->exe, t->mark, &t->victim);

        if (r < 0) {
                ctl_error(t->ctl, "cannot start a process: %s", strerror(-r));
                return CTL_FAILED;
        }
        t->result.pid = t->victim.pid;
        if (t->ctl->json == JSON_OFF)
                fprintf(t->ctl->out, "started  pid %d, %" PRIu64 " MiB, %s\n", (int) t->result.pid,
                        SELFTEST_BYTES / 1024 / 1024, places[t->victim.place]);
        return CTL_OK;
}

/* ---- the test itself
 * -------------------------------------------------------------------------------- */

/* CTL_OK when all is seen, or the time is over, or the victim ended in another way. */
static int watch(Selftest *t) {
        usec_t now = clock_monotonic_usec(), until = now + DEADLINE_USEC;
        bool ended = false;
        int r;

        t->begun_usec = now;
        selftest_victim_go(&t->victim);
        for (; !interrupted && now < until; now = clock_monotonic_usec()) {
                struct pollfd fd = { .fd = avert_client_get_fd(t->client),
                        .events = (short) avert_client_get_events(t->client) };

                r = avert_client_process(t->client);
                if (r < 0)
                        return connect_explain(t->ctl, t->client, "go on watching", r);
                if (t->result.done[STAGE_ENDED] && (ended || t->result.dry))
                        return CTL_OK;
                if (r > 0)
                        continue;
                if (poll(&fd, 1, LOOK_MS) < 0 && errno != EINTR)
                        return CTL_FAILED;
                if (!ended && selftest_victim_has_ended(&t->victim, &t->result.status)) {
                        ended = true;
                        /* what it died of is known now, what is told of it will be soon */
                        until = MIN(until, clock_monotonic_usec() + 10 * USEC_PER_SEC);
                }
        }
        return CTL_OK;
}

/* Why not, in the daemon's own words. */
static void explain_failure(Selftest *t) {
        _cleanup_free_ char *text = NULL;

        if (interrupted) {
                ctl_error(t->ctl, "interrupted");
                return;
        }
        for (int s = 0; s < _STAGE_MAX; s++)
                if (!t->result.done[s])
                        ctl_error(t->ctl, "it was not %s", selftest_stage_name((SelftestStage) s));
        if (WIFEXITED(t->result.status) && WEXITSTATUS(t->result.status) != 0)
                ctl_error(t->ctl, "the process could not run (%d)", WEXITSTATUS(t->result.status));
        if (t->victim.pid > 0 &&
                avert_client_explain(t->client, SELFTEST_POLICY, t->result.pid, &text) == 0)
                term_lines(t->ctl, t->ctl->err, text);
        ctl_error(t->ctl, "'avertctl doctor' shows what avertd lacks");
}

static int judge(Selftest *t) {
        if (t->ctl->json != JSON_OFF)
                selftest_print_json(&t->result, t->ctl->json, t->ctl->out);
        if (!selftest_is_well(&t->result)) {
                explain_failure(t);
                return CTL_FAILED;
        }
        if (t->ctl->json == JSON_OFF)
                fputs(t->result.dry ? "avertd sees and decides; it acts on nothing (dry run)\n"
                                    : "avertd works\n",
                        t->ctl->out);
        return CTL_OK;
}

/* Whatever happened: nothing of the test stays. */
static void clean_up(Selftest *t) {
        bool accepted;

        selftest_victim_done(&t->victim);
        if (t->policy.fd == FD_NONE)
                return;
        selftest_policy_remove(&t->policy);
        if (avert_client_reload(t->client, &accepted, NULL) < 0 || !accepted)
                ctl_error(t->ctl,
                        "the policy of the selftest is gone from /run, but avertd did not "
                        "reload: 'avertctl reload'");
}

static int run(Selftest *t) {
        int r;

        r = connect_daemon(t->ctl, &t->client);
        if (r == CTL_OK)
                r = check_daemon(t);
        if (r != CTL_OK)
                return r;
        if (avert_client_subscribe(t->client, on_event, t) < 0)
                return CTL_FAILED;

        r = selftest_policy_place(t->policy_text, &t->policy);
        if (r < 0)
                return explain_place(t->ctl, r);
        /* Started first, the victim is among those that the daemon looks for when it reloads. */
        r = start_victim(t);
        if (r == CTL_OK)
                r = load_policy(t);
        if (r == CTL_OK)
                r = watch(t);
        return r == CTL_OK ? judge(t) : r;
}

int verb_selftest(Ctl *ctl, int argc, char *const *argv) {
        const struct sigaction action = { .sa_handler = on_interrupt };
        Selftest t = { .ctl = ctl,
                .policy = { .fd = FD_NONE },
                .victim = { .go_fd = FD_NONE, .place = SELFTEST_BESIDE_US } };
        int r;

        (void) argc;
        (void) argv;
        r = prepare(&t);
        if (r != CTL_OK)
                return r;
        if (ctl->dry_run)
                return print_plan(&t);

        (void) sigaction(SIGINT, &action, NULL);
        (void) sigaction(SIGTERM, &action, NULL);
        (void) sigaction(SIGHUP, &action, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        r = run(&t);
        clean_up(&t);
        avert_client_unref(t.client);
        return r;
}
