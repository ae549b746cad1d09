/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/bus-server.h"
#include "daemon/describe.h"

enum {
        QUESTIONS_PER_PEER = 4,
};

typedef enum QuestionKind {
        QUESTION_DESCRIBE,
        QUESTION_POLICIES,
        QUESTION_CONSUMERS,
        QUESTION_EXPLAIN,
        QUESTION_EXPLAIN_JSON,
} QuestionKind;

/* A method call that waits for a view. */
typedef struct Question {
        Bus *bus;
        sd_bus_message *call; /* NULL: free */
        QuestionKind kind;
        char policy[POLICY_NAME_MAX]; /* "": all */
        int32_t pid;                  /* 0: all */
} Question;

struct Bus {
        BusOptions options;
        BusServer *server;
        BusSummary summary;
        Question questions[INQUIRIES_MAX];
};

static char *make_answer(const Question *q, View *view, int policy) {
        switch (q->kind) {
        case QUESTION_DESCRIBE:
                return describe_state(view, q->bus->options.probe, clock_monotonic_usec());
        case QUESTION_POLICIES:
                return describe_policies(view);
        case QUESTION_CONSUMERS:
                return describe_consumers(view);
        case QUESTION_EXPLAIN:
                return describe_explanation(view, policy, q->pid);
        case QUESTION_EXPLAIN_JSON:
                return describe_judgement(view, policy, q->pid);
        }
        return NULL;
}

static int reply(const Question *q, View *view) {
        _cleanup_free_ char *text = NULL;
        int policy = -1;

        if (!view)
                return sd_bus_reply_method_errorf(
                        q->call, SD_BUS_ERROR_FAILED, "the daemon is stopping");
        if (q->policy[0]) {
                policy = config_find_policy(view->config, q->policy);
                if (policy < 0)
                        return sd_bus_reply_method_errorf(q->call, SD_BUS_ERROR_INVALID_ARGS,
                                "there is no policy %s", q->policy);
        }

        text = make_answer(q, view, policy);
        if (!text)
                return sd_bus_reply_method_errno(q->call, -ENOMEM, NULL);
        return sd_bus_reply_method_return(q->call, "s", text);
}

static void on_answer(void *userdata, View *view) {
        Question *q = userdata;

        /* Fails when the peer has gone; then nobody misses the answer. */
        if (bus_server_may_send(q->bus->server, sd_bus_message_get_bus(q->call)))
                (void) reply(q, view);
        sd_bus_message_unref(q->call);
        q->call = NULL;
}

/* A free place, or NULL when the caller has enough of them. */
static Question *claim(Bus *b, sd_bus_message *call) {
        Question *found = NULL;
        size_t of_peer = 0;

        for (size_t i = 0; i < ELEMENTS(b->questions); i++) {
                Question *q = &b->questions[i];

                if (!q->call)
                        found = q;
                else if (sd_bus_message_get_bus(q->call) == sd_bus_message_get_bus(call))
                        of_peer++;
        }
        return of_peer < QUESTIONS_PER_PEER ? found : NULL;
}

static int ask(Bus *b, sd_bus_message *call, QuestionKind kind, const char *policy, int32_t pid,
        sd_bus_error *reterr) {
        Question *q = claim(b, call);
        int r;

        if (!q)
                return sd_bus_error_set(
                        reterr, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many questions at a time");

        *q = (Question){ .bus = b, .call = sd_bus_message_ref(call), .kind = kind, .pid = pid };
        r = text_copy(q->policy, sizeof(q->policy), policy) ? 0 : -EINVAL;
        if (r == 0)
                r = inquiries_add(b->options.inquiries, kind != QUESTION_DESCRIBE,
                        clock_monotonic_usec(), on_answer, q);
        if (r == 0)
                return 1; /* answered later */

        sd_bus_message_unref(q->call);
        q->call = NULL;
        switch (r) {
        case -EINVAL:
                return sd_bus_error_set(
                        reterr, SD_BUS_ERROR_INVALID_ARGS, "no policy has a name that long");
        case -EBUSY:
                return sd_bus_error_set(
                        reterr, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many questions at a time");
        case -ETIMEDOUT:
                return sd_bus_error_set(
                        reterr, SD_BUS_ERROR_TIMEOUT, "the sentinel does not answer");
        default:
                return r;
        }
}

static int on_describe(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return ask(userdata, m, QUESTION_DESCRIBE, "", 0, reterr);
}

static int on_list_policies(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return ask(userdata, m, QUESTION_POLICIES, "", 0, reterr);
}

static int on_list_consumers(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return ask(userdata, m, QUESTION_CONSUMERS, "", 0, reterr);
}

static int on_explain_any(sd_bus_message *m, Bus *b, QuestionKind kind, sd_bus_error *reterr) {
        const char *policy;
        int32_t pid;
        int r;

        r = sd_bus_message_read(m, "si", &policy, &pid);
        if (r < 0)
                return r;
        if (pid < 0)
                return sd_bus_error_setf(
                        reterr, SD_BUS_ERROR_INVALID_ARGS, "%" PRId32 " is no pid", pid);
        return ask(b, m, kind, policy, pid, reterr);
}

static int on_explain(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return on_explain_any(m, userdata, QUESTION_EXPLAIN, reterr);
}

static int on_explain_json(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return on_explain_any(m, userdata, QUESTION_EXPLAIN_JSON, reterr);
}

/* What a caller may change is decided here and not by the vtable's flags, so that it is the same on
 * a private connection and on a message bus. */
static int check_may_change(sd_bus_message *m, sd_bus_error *reterr) {
        sd_bus_creds *creds = NULL;
        uid_t uid = (uid_t) -1;
        int r;

        r = sd_bus_query_sender_creds(m, SD_BUS_CREDS_EUID, &creds);
        if (r >= 0)
                r = sd_bus_creds_get_euid(creds, &uid);
        sd_bus_creds_unref(creds);
        if (r < 0)
                return r;

        if (uid != 0 && uid != geteuid())
                return sd_bus_error_set(
                        reterr, SD_BUS_ERROR_ACCESS_DENIED, "only root may do this");
        return 0;
}

static int on_reload_any(sd_bus_message *m, const BusOptions *o, int (*reload)(void *, TextBuf *),
        sd_bus_error *reterr) {
        char text[2048];
        TextBuf t;
        int r;

        r = check_may_change(m, reterr);
        if (r < 0)
                return r;

        textbuf_init(&t, text, sizeof(text));
        r = reload(o->ctx, &t);
        return sd_bus_reply_method_return(m, "bs", r >= 0, text);
}

static int on_reload(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const BusOptions *o = &((Bus *) userdata)->options;

        return on_reload_any(m, o, o->reload, reterr);
}

static int on_check_reload(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const BusOptions *o = &((Bus *) userdata)->options;

        return on_reload_any(m, o, o->check_reload, reterr);
}

static int on_release_leases(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Bus *b = userdata;
        char text[256];
        uint64_t id;
        TextBuf t;
        int r;

        r = check_may_change(m, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_read(m, "t", &id);
        if (r < 0)
                return r;

        textbuf_init(&t, text, sizeof(text));
        r = b->options.release(b->options.ctx, id, &t);
        return sd_bus_reply_method_return(m, "bs", r >= 0, text);
}

static int get_version(sd_bus *bus _unused_, const char *path _unused_,
        const char *interface _unused_, const char *property _unused_, sd_bus_message *m,
        void *userdata _unused_, sd_bus_error *reterr _unused_) {
        return sd_bus_message_append(m, "s", AVERT_VERSION);
}

static int get_level(sd_bus *bus _unused_, const char *path _unused_,
        const char *interface _unused_, const char *property _unused_, sd_bus_message *m,
        void *userdata, sd_bus_error *reterr _unused_) {
        const Bus *b = userdata;
        return sd_bus_message_append(m, "s", b->summary.level);
}

static int get_dry_run(sd_bus *bus _unused_, const char *path _unused_,
        const char *interface _unused_, const char *property _unused_, sd_bus_message *m,
        void *userdata, sd_bus_error *reterr _unused_) {
        const Bus *b = userdata;
        return sd_bus_message_append(m, "b", (int) b->options.dry);
}

static int get_number(sd_bus *bus _unused_, const char *path _unused_,
        const char *interface _unused_, const char *property, sd_bus_message *m, void *userdata,
        sd_bus_error *reterr _unused_) {
        const BusSummary *s = &((const Bus *) userdata)->summary;
        uint64_t number;

        if (strcmp(property, "MemAvailableBytes") == 0)
                number = s->mem_available;
        else if (strcmp(property, "SwapFreeBytes") == 0)
                number = s->swap_free;
        else if (strcmp(property, "KernelOomKills") == 0)
                number = s->kernel_oom_kills;
        else
                number = s->steps_total;
        return sd_bus_message_append(m, "t", number);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json), on_describe,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListPolicies", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                on_list_policies, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListConsumers", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                on_list_consumers, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_ARGS("s", policy, "i", pid),
                SD_BUS_RESULT("s", text), on_explain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ExplainJson", SD_BUS_ARGS("s", policy, "i", pid),
                SD_BUS_RESULT("s", json), on_explain_json, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_RESULT("b", ok, "s", message),
                on_reload, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CheckReload", SD_BUS_NO_ARGS, SD_BUS_RESULT("b", ok, "s", message),
                on_check_reload, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ReleaseLeases", SD_BUS_ARGS("t", id),
                SD_BUS_RESULT("b", ok, "s", message), on_release_leases,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Level", "s", get_level, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("DryRun", "b", get_dry_run, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("MemAvailableBytes", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("SwapFreeBytes", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("KernelOomKills", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("StepsTotal", "t", get_number, 0, 0),
        SD_BUS_SIGNAL_WITH_ARGS("Event", SD_BUS_ARGS("s", json), 0),
        SD_BUS_VTABLE_END,
};

static int attach(void *userdata, sd_bus *connection) {
        Bus *b = userdata;

        b->options.on_peer(b->options.ctx);
        return sd_bus_add_object_vtable(
                connection, NULL, BUS_OBJECT, BUS_INTERFACE, vtable, userdata);
}

int bus_new(const BusOptions *options, Bus **ret) {
        Bus *b;
        int r;

        b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        b->options = *options;
        b->summary.level = "calm";

        r = bus_server_new(options->event, attach, b, &b->server);
        if (r < 0) {
                free(b);
                return r;
        }
        *ret = b;
        return 0;
}

Bus *bus_free(Bus *b) {
        if (!b)
                return NULL;

        b->server = bus_server_free(b->server);
        for (size_t i = 0; i < ELEMENTS(b->questions); i++)
                sd_bus_message_unref(b->questions[i].call);
        free(b);
        return NULL;
}

int bus_listen(Bus *b, const char *path, mode_t mode, TextBuf *reterr) {
        return bus_server_listen(b->server, path, mode, reterr);
}

int bus_adopt(Bus *b, int fd) {
        return bus_server_adopt(b->server, fd);
}

bool bus_is_watched(const Bus *b) {
        return bus_server_count(b->server) > 0;
}

/* The one place where this signal's signature stands beside its arguments. */
static int send_event_to(sd_bus *connection, const char *json) {
        return sd_bus_emit_signal(connection, BUS_OBJECT, BUS_INTERFACE, "Event", "s", json);
}

void bus_send_event(Bus *b, const Event *e) {
        _cleanup_free_ char *json = NULL;
        sd_bus *peer;

        if (!bus_is_watched(b))
                return;
        json = describe_event(e);
        if (!json)
                return;

        for (size_t i = 0; (peer = bus_server_peer(b->server, i));) {
                if (!bus_server_may_send(b->server, peer))
                        continue;                 /* dropped: the next one has taken its place */
                (void) send_event_to(peer, json); /* not authenticated yet, or just gone */
                i++;
        }
}

void bus_set_summary(Bus *b, const BusSummary *summary) {
        bool changed = strcmp(b->summary.level, summary->level) != 0;
        sd_bus *peer;

        b->summary = *summary;
        for (size_t i = 0; changed && (peer = bus_server_peer(b->server, i));) {
                if (!bus_server_may_send(b->server, peer))
                        continue;
                (void) sd_bus_emit_properties_changed(
                        peer, BUS_OBJECT, BUS_INTERFACE, "Level", NULL);
                i++;
        }
}
