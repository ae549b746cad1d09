/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus-state.h"

#include <errno.h>
#include <stdlib.h>

#include "describe/describe.h"

enum { QUESTIONS_PER_PEER = 4 };

#define SILENT_SENTINEL "the sentinel does not answer"

static char *make_answer(const Question *q, View *view, int policy) {
        switch (q->kind) {
        case QUESTION_DESCRIBE:
                return describe_state(view, q->bus->options.probe, clock_monotonic_usec());
        case QUESTION_POLICIES:
                return describe_policies(view);
        case QUESTION_CONSUMERS:
                return describe_consumers(view);
        case QUESTION_INCIDENTS:
                return describe_incidents(view);
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
        if (q->call && bus_may_send(q->bus, sd_bus_message_get_bus(q->call)))
                (void) reply(q, view);
        q->call = sd_bus_message_unref(q->call);
        q->is_taken = false;
}

/* A free place, or NULL when the caller has enough of them. */
static Question *claim(Bus *b, sd_bus_message *call) {
        size_t of_peer = 0, n_free = 0;
        Question *found = NULL;

        for (size_t i = 0; i < ELEMENTS(b->questions); i++) {
                Question *q = &b->questions[i];

                if (!q->is_taken) {
                        found = q;
                        n_free++;
                } else if (q->call && bus_is_same_peer(q->call, call))
                        of_peer++;
        }
        if (n_free <= QUESTIONS_RESERVED &&
                !bus_server_is_trusted(b->server, sd_bus_message_get_bus(call)))
                return NULL;
        return of_peer < QUESTIONS_PER_PEER ? found : NULL;
}

int bus_ask(Bus *b, sd_bus_message *call, QuestionKind kind, const char *policy, int32_t pid,
        sd_bus_error *reterr) {
        Question *q = claim(b, call);
        int r;

        if (!q)
                return sd_bus_error_set(
                        reterr, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many questions at a time");

        *q = (Question){ .bus = b,
                .is_taken = true,
                .call = sd_bus_message_ref(call),
                .until_usec = bus_begin_to_wait(b),
                .kind = kind,
                .pid = pid };
        r = text_copy(q->policy, sizeof(q->policy), policy) ? 0 : -EINVAL;
        /* Always with processes: what a policy says of one is no newer than what was read of it. */
        if (r == 0)
                r = inquiries_add(b->options.inquiries, true, clock_monotonic_usec(), on_answer, q);
        if (r == 0)
                return 1; /* answered later */

        q->call = sd_bus_message_unref(q->call);
        q->is_taken = false;
        switch (r) {
        case -EINVAL:
                return sd_bus_error_set(
                        reterr, SD_BUS_ERROR_INVALID_ARGS, "no policy has a name that long");
        case -EBUSY:
                return sd_bus_error_set(
                        reterr, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many questions at a time");
        case -ETIMEDOUT:
                return sd_bus_error_set(reterr, SD_BUS_ERROR_TIMEOUT, SILENT_SENTINEL);
        default:
                return r;
        }
}

usec_t bus_questions_expire(Bus *b, usec_t now_usec) {
        usec_t next = USEC_UNSET;

        for (size_t i = 0; i < ELEMENTS(b->questions); i++) {
                Question *q = &b->questions[i];

                if (q->call && q->until_usec > now_usec)
                        next = MIN(next, q->until_usec);
                else if (q->call) {
                        if (bus_may_send(b, sd_bus_message_get_bus(q->call)))
                                (void) sd_bus_reply_method_errorf(
                                        q->call, SD_BUS_ERROR_TIMEOUT, SILENT_SENTINEL);
                        q->call = sd_bus_message_unref(q->call);
                }
        }
        return next;
}

void bus_questions_done(Bus *b) {
        for (size_t i = 0; i < ELEMENTS(b->questions); i++)
                b->questions[i].call = sd_bus_message_unref(b->questions[i].call);
}
