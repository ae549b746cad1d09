/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/incident-keeper.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/hash.h"
#include "core/trail.h"
#include "daemon/incident-writer.h"
#include "daemon/log.h"
#include "describe/describe.h"

/* Of what waits. */
#define BYTES_MAX ((size_t) 512 << 10)

/* A little more than a writer takes that can be ended. */
#define PATIENCE_USEC ((INCIDENT_WRITER_SECONDS + 10) * USEC_PER_SEC)

#define AGAIN_FIRST_USEC (30 * USEC_PER_SEC)
#define AGAIN_MAX_USEC (10 * USEC_PER_MIN)

/* Parts that could not be written for about an hour are in the way of those that can. */
#define FAILED_MAX 9

/* Each that had no answer may be a process that hangs for ever, in the place of a command's. */
#define LATE_MAX 4

/* Kills by the kernel in one cgroup that are no farther apart are one trouble. */
#define KERNEL_APART_USEC (10 * USEC_PER_MIN)

struct IncidentQueued {
        IncidentQueued *next;
        IncidentPart part; /* what follows it is behind it */
};

/* ---- what waits
 * ---------------------------------------------------------------------------------- */

static void drop_first(IncidentKeeper *k) {
        IncidentQueued *q = k->first;

        k->first = q->next;
        if (!k->first)
                k->end = &k->first;
        k->n--;
        k->bytes -= incident_part_size(q->part.len);
        free(q);
}

static void lose_first(IncidentKeeper *k) {
        drop_first(k);
        k->n_lost++;
}

/* (2) */
static bool make_room(IncidentKeeper *k, size_t size) {
        while (k->n > 0 && k->n_sent == 0 && k->bytes + size > BYTES_MAX)
                lose_first(k);
        return k->bytes + size <= BYTES_MAX;
}

static void add_part(IncidentKeeper *k, IncidentPartKind kind, const char *name, const void *body,
        uint32_t len) {
        size_t size = incident_part_size(len);
        IncidentQueued *q = make_room(k, size) ? calloc(1, sizeof(*q) + size) : NULL;

        if (!q) {
                k->n_lost++;
                return;
        }
        q->part =
                (IncidentPart){ .kind = kind, .len = len, .started_usec = k->options.started_usec };
        (void) text_copy(q->part.name, sizeof(q->part.name), name);
        if (len > 0)
                memcpy(&q->part + 1, body, len);
        *k->end = q;
        k->end = &q->next;
        k->n++;
        k->bytes += size;
}

/* ---- orders
 * -------------------------------------------------------------------------------------- */

static void tell(IncidentKeeper *k, bool kept, const char *why) {
        char text[INCIDENT_PATH_MAX + 128];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(&b, "%s: ", k->directory);
        if (kept)
                textbuf_add(&b, "incidents are kept again");
        else
                textbuf_addf(&b, "incidents are not kept (%s): what happens is in the journal only",
                        why);
        if (kept && k->n_lost > 0)
                textbuf_addf(
                        &b, "; of the time between, %" PRIu64 " records are missing", k->n_lost);
        k->options.tell(k->options.ctx, kept, text);
        if (kept)
                k->n_lost = 0;
}

/* (3) */
static void fail(IncidentKeeper *k, const char *why) {
        if (!k->failing)
                tell(k, false, why);
        k->failing = true;
}

static void succeed(IncidentKeeper *k) {
        if (k->failing || k->n_lost > 0)
                tell(k, true, "");
        k->failing = false;
        k->n_failed = k->n_late = 0;
        k->again_usec = 0;
}

static void put_off(IncidentKeeper *k, usec_t now_usec) {
        usec_t pause = AGAIN_FIRST_USEC << MIN(k->n_failed, 8u);

        k->again_usec = usec_add(now_usec, MIN(pause, AGAIN_MAX_USEC));
        if (++k->n_failed < FAILED_MAX)
                return;
        for (size_t n = k->n_sent; n > 0; n--)
                lose_first(k);
        k->n_failed = 0;
}

/* As many parts as go into one order. */
static char *pack(const IncidentKeeper *k, size_t *ret_len, size_t *ret_n) {
        char *load = malloc(MIN(k->bytes, (size_t) STARTER_LOAD_MAX));
        size_t len = 0, n = 0;

        for (const IncidentQueued *q = k->first; load && q; q = q->next) {
                size_t size = incident_part_size(q->part.len);

                if (len + size > STARTER_LOAD_MAX)
                        break;
                memcpy(load + len, &q->part, size);
                len += size;
                n++;
        }
        *ret_len = len;
        *ret_n = n;
        return load;
}

static void send_order(IncidentKeeper *k, usec_t now_usec) {
        _cleanup_free_ char *load = NULL;
        StarterOrder order = { .job = JOB_INCIDENT,
                .incident = { .files_max = INCIDENT_FILES_DEFAULT,
                        .bytes_max = INCIDENT_BYTES_DEFAULT } };
        size_t len = 0, n = 0;
        int r;

        if (k->n == 0 || k->n_sent > 0 || now_usec < k->again_usec)
                return;
        load = pack(k, &len, &n);
        order.id = ++k->order;
        order.deadline_usec = usec_add(now_usec, PATIENCE_USEC);
        (void) text_copy(order.incident.directory, sizeof(order.incident.directory), k->directory);
        r = load
                ? starter_send(k->options.starter, &order, &(struct iovec){ load, len }, 1, FD_NONE)
                : -ENOMEM;
        k->n_sent = n;
        if (r == 0) {
                k->deadline_usec = order.deadline_usec;
                return;
        }
        fail(k, strerror(-r));
        put_off(k, now_usec);
        k->n_sent = 0;
}

static void on_answer(void *ctx, const StarterAnswer *a) {
        IncidentKeeper *k = ctx;
        usec_t now = clock_monotonic_usec();

        if (a->id != k->order || k->n_sent == 0)
                return; /* later than it was waited for */
        if (a->result == STARTER_OVER) {
                for (; k->n_sent > 0; k->n_sent--)
                        drop_first(k);
                succeed(k);
                send_order(k, now);
                return;
        }
        fail(k,
                a->error == EBUSY ? "an earlier write has not come to its end"
                                  : strerror(a->error));
        put_off(k, now);
        k->n_sent = 0;
}

static void give_up(IncidentKeeper *k) {
        k->given_up = true;
        while (k->n > 0)
                lose_first(k);
        log_error("%s: the disk does not answer; incidents are not kept any more until avertd is "
                  "started again",
                k->directory);
}

void incident_keeper_care(IncidentKeeper *k, usec_t now_usec) {
        if (k->n_sent > 0 && now_usec >= k->deadline_usec) {
                fail(k, "the disk does not answer");
                put_off(k, now_usec);
                k->n_sent = 0;
                if (++k->n_late >= LATE_MAX)
                        give_up(k);
        }
        send_order(k, now_usec);
}

/* ---- what led to it
 * ------------------------------------------------------------------------------ */

static void on_view(void *ctx, View *view) {
        _cleanup_free_ TrailEntry *entries = NULL;
        IncidentKeeper *k = ctx;
        usec_t now = clock_monotonic_usec();
        size_t n = 0;

        k->asked = false;
        if (view)
                entries = calloc(TRAIL_ENTRIES_MAX, sizeof(*entries));
        if (entries)
                n = trail_copy(
                        &view->trail, usec_since(now, TRAIL_SPAN_USEC), entries, TRAIL_ENTRIES_MAX);
        for (size_t i = 0; n > 0 && !k->given_up && i < k->n_asking; i++)
                add_part(k, INCIDENT_PART_TRAIL, k->asking[i], entries,
                        (uint32_t) (n * sizeof(*entries)));
        k->n_asking = 0;
        send_order(k, now);
}

static void ask_trail(IncidentKeeper *k, const char *name, usec_t now_usec) {
        if (k->n_asking == INCIDENT_ASKING_MAX)
                return;
        (void) text_copy(k->asking[k->n_asking++], INCIDENT_NAME_MAX, name);
        if (k->asked)
                return;
        k->asked = true;
        if (inquiries_add(k->options.inquiries, false, now_usec, on_view, k) < 0) {
                k->asked = false;
                k->n_asking = 0;
        }
}

static void add_rule(IncidentKeeper *k, const char *name, const Event *e, const Config *config) {
        int policy = e->policy[0] ? config_find_policy(config, e->policy) : -1;
        _cleanup_(json_freep) Json *rule = policy < 0 ? NULL : json_new_map();
        _cleanup_free_ char *text = NULL;

        if (!rule)
                return;
        describe_put_policy(&config->policies[policy], rule);
        text = json_print(rule);
        if (text && strlen(text) < STARTER_LOAD_MAX / 2)
                add_part(k, INCIDENT_PART_RULE, name, text, (uint32_t) strlen(text));
}

/* ---- events
 * -------------------------------------------------------------------------------------- */

/* Two events may be of one microsecond; the time is what names the file. */
static usec_t time_of_its_own(const IncidentNamed *list, size_t n, usec_t at_usec) {
        for (size_t i = 0; i < n;)
                if (list[i].opened_usec == at_usec) {
                        at_usec++;
                        i = 0;
                } else
                        i++;
        return at_usec;
}

/* The entry of the key, or the one that was longest without an event, as a new one. True: it is
 * new.
 */
static bool find_named(IncidentNamed *list, size_t n, uint64_t key, usec_t apart_usec,
        const Event *e, IncidentNamed **ret) {
        IncidentNamed *oldest = &list[0];
        bool is_new;

        for (size_t i = 0; i < n && oldest->key != key; i++)
                if (list[i].key == key || list[i].last_usec < oldest->last_usec)
                        oldest = &list[i];
        is_new = oldest->key != key || usec_since(e->at_usec, oldest->last_usec) > apart_usec;
        if (is_new)
                *oldest = (IncidentNamed){ .key = key,
                        .opened_usec = time_of_its_own(list, n, e->realtime_usec) };
        oldest->last_usec = e->at_usec;
        *ret = oldest;
        return is_new;
}

static void note(IncidentKeeper *k, const IncidentNamed *named, uint64_t incident, bool is_new,
        const Event *e, const Config *config, usec_t now_usec) {
        char name[INCIDENT_NAME_MAX];
        TextBuf b;

        textbuf_init(&b, name, sizeof(name));
        incident_name_print(named->opened_usec, incident, &b);
        add_part(k, INCIDENT_PART_EVENT, name, e, sizeof(*e));
        if (!is_new)
                return;
        add_rule(k, name, e, config);
        ask_trail(k, name, now_usec);
}

static uint64_t key_of_kernel(const Event *e) {
        return hash_bytes(HASH_START, e->group.path, strlen(e->group.path)) | 1;
}

void incident_keeper_note(
        IncidentKeeper *k, const Event *e, const Config *config, usec_t now_usec) {
        IncidentNamed *named;
        bool is_new;

        if (!k->options.starter || !k->directory[0] || k->given_up)
                return;
        if (e->incident > 0) {
                is_new = find_named(
                        k->named, INCIDENT_NAMED_MAX, e->incident, USEC_UNSET, e, &named);
                note(k, named, e->incident, is_new, e, config, now_usec);
        }
        if (e->kind == EVENT_KERNEL_OOM) {
                is_new = find_named(k->kernel, INCIDENT_KERNEL_MAX, key_of_kernel(e),
                        KERNEL_APART_USEC, e, &named);
                note(k, named, 0, is_new, e, config, now_usec);
        }
        send_order(k, now_usec);
}

bool incident_keeper_is_under_way(const IncidentKeeper *k) {
        return k->n_sent > 0;
}

void incident_keeper_init(IncidentKeeper *k, const IncidentOptions *options) {
        TextBuf b;

        *k = (IncidentKeeper){ .options = *options };
        k->end = &k->first;
        textbuf_init(&b, k->directory, sizeof(k->directory));
        incident_directory_print(options->state_directory, &b);
        if (b.truncated)
                k->directory[0] = '\0';
        if (!options->starter || !k->directory[0])
                return;
        starter_set_listener(options->starter, JOB_INCIDENT, on_answer, k);
        add_part(k, INCIDENT_PART_BEGIN, "", NULL, 0);
        send_order(k, clock_monotonic_usec());
}

void incident_keeper_done(IncidentKeeper *k) {
        while (k->n > 0)
                drop_first(k);
}
