/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/sink-journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <systemd/sd-journal.h>

#include "config/config-load.h"
#include "core/rank.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct JournalSink {
        JournalRecord record;
};

/* Never reused, never changed: people and programs search for them, and the catalog is keyed by
 * them. */
static const char *const message_ids[_EVENT_MAX] = {
        [EVENT_STARTED] = "3993c91e3ce542118df11fec2681e5b4",
        [EVENT_STOPPING] = "8ba189b46e704eea91d3af2d6861b686",
        [EVENT_RELOADED] = "34a94a8c1c2a46cfabbcc142bfb68bfc",
        [EVENT_RELOAD_REFUSED] = "ab5be0a643704bdfab6078eac185e53f",
        [EVENT_SOURCE_DEGRADED] = "ce0ccbfe4767456a9617d813cde4337c",
        [EVENT_SOURCE_RESTORED] = "5534a7c831a44e1992829265ceebbdb9",
        [EVENT_INCIDENT_OPENED] = "ed7e67388188460bb23133076fee9ea8",
        [EVENT_INCIDENT_REOPENED] = "d9822dbbdee4453b8cb4c84da5940f72",
        [EVENT_INCIDENT_CLOSED] = "af4f4c714c1f47869711a15bd5599620",
        [EVENT_NOTIFY] = "09485ed6ff284c099a0dbc9716668ca2",
        [EVENT_STEP_TAKEN] = "0a2f64d4c26b49f5a86858f4c55e51f0",
        [EVENT_STEP_ESCALATED] = "ed4425ed1f454a8caf7b1b61611a2770",
        [EVENT_STEP_DONE] = "172ddd5f42a643aa90fff8e689e6cfef",
        [EVENT_STEP_FAILED] = "7bf67ea5eb3749ef800a7b0664fa526e",
        [EVENT_STEP_SKIPPED] = "f47f42f6f48c4833b2c39d884f41844a",
        [EVENT_LEASE_RETURNED] = "d22387ff8729482db003ebb9a01b1077",
        [EVENT_LEASE_RENEWED] = "0ff852912593447a840b41d2d0b6abfb",
        [EVENT_LEASE_FOREIGN] = "cfc3ea354ecc4498abf587476cf8203b",
        [EVENT_LEASE_DROPPED] = "10a348baf237438e908212fd00dc1045",
        [EVENT_LIVELOCK] = "74a9dbe2fbb24efcbea666c3f6937556",
        [EVENT_HINT] = "1d692d3054904227a596f6ca0a27d615",
        [EVENT_CAPTURED] = "8dc8ea8529e9477a9d1f9a1eb16fe4f3",
        [EVENT_COMMAND_ANSWERED] = "1585fb3d770a4a71a56efb43fdc95891",
        [EVENT_NO_USEFUL_VICTIM] = "e3e60f237ffa4bd481fcb1a036d86184",
        [EVENT_BUDGET_SPENT] = "622e361fbb2143178626ab67d92ab254",
        [EVENT_KERNEL_OOM] = "63ad0e6092cf4c3889bf2b6ab0791c8e",
        [EVENT_PAUSED] = "c025446fad864ee4953f403f57789bd0",
        [EVENT_RESUMED] = "a34f0393f9fb4c19803a8706f114071c",
        [EVENT_PROTECTED] = "80c4d6d818ca40bca7edfcc73aa31505",
        [EVENT_UNPROTECTED] = "c330c9623d034f59a3107e66720bf3ab",
        [EVENT_RIVAL] = "102d6fcae0ed49c793c12bc325a1330c",
        [EVENT_LOST] = "fd2276186f2d4669a5e61c709e6ee096",
};

const char *journal_message_id(EventKind kind) {
        return message_ids[kind];
}

int journal_priority(const Event *e) {
        static const int priorities[_NOTIFY_MAX] = {
                [NOTIFY_INFO] = LOG_INFO,
                [NOTIFY_NOTICE] = LOG_NOTICE,
                [NOTIFY_WARNING] = LOG_WARNING,
                [NOTIFY_CRITICAL] = LOG_CRIT,
        };
        return priorities[e->level];
}

static _printf_(3, 4) void add(JournalRecord *r, const char *name, const char *format, ...) {
        size_t room = sizeof(r->data) - r->len;
        va_list ap;
        int head, body;

        head = snprintf(r->data + r->len, room, "%s=", name);
        if (r->n >= JOURNAL_FIELDS_MAX || head < 0 || (size_t) head >= room) {
                r->truncated = true;
                return;
        }

        va_start(ap, format);
        body = vsnprintf(r->data + r->len + head, room - (size_t) head, format, ap);
        va_end(ap);
        if (body < 0 || (size_t) (head + body) >= room) {
                r->truncated = true;
                return;
        }

        r->fields[r->n++] = (struct iovec){ r->data + r->len, (size_t) (head + body) };
        r->len += (size_t) (head + body) + 1;
}

static void add_text(JournalRecord *r, const char *name, const char *text) {
        if (text[0])
                add(r, name, "%s", text);
}

static void add_number(JournalRecord *r, const char *name, uint64_t number) {
        add(r, name, "%" PRIu64, number);
}

static void add_target(JournalRecord *r, const EventProcess *p) {
        if (p->pid <= 0)
                return;

        add(r, "AVERT_TARGET_PID", "%" PRId32, p->pid);
        add_number(r, "AVERT_TARGET_UID", p->uid);
        add_text(r, "AVERT_TARGET_COMM", p->comm);
        add_text(r, "AVERT_TARGET_UNIT", p->unit);
        add_text(r, "AVERT_TARGET_CGROUP", p->cgroup);
        add_number(r, "AVERT_TARGET_RSS_BYTES", p->rss);
        add_number(r, "AVERT_TARGET_ANON_BYTES", p->anon);
        add_number(r, "AVERT_TARGET_SWAP_BYTES", p->swap);
        add_number(r, "AVERT_TARGET_GAINED_BYTES", p->gained);
        add(r, "AVERT_TARGET_SCORE", "%" PRId64, p->score);
}

static void add_group(JournalRecord *r, const EventGroup *g) {
        if (g->path[0] == '\0')
                return;
        add_text(r, "AVERT_CGROUP", g->path);
        add_text(r, "AVERT_CGROUP_UNIT", g->unit);
        add_number(r, "AVERT_CGROUP_PROCESSES", g->n_processes);
        add_number(r, "AVERT_CGROUP_CURRENT_BYTES", g->current);
        add_number(r, "AVERT_CGROUP_USAGE_BYTES", g->usage);
        add_number(r, "AVERT_CGROUP_LIMIT_BYTES", g->limit);
        add_number(r, "AVERT_CGROUP_GAINED_BYTES", g->gained);
}

/* What identifies a candidate: a process by its pid and name, a cgroup by its path. */
static void print_candidate_name(const EventProcess *p, TextBuf *out) {
        if (p->pid == 0) {
                textbuf_add(out, "cgroup=");
                textbuf_add_escaped(out, p->cgroup, strlen(p->cgroup));
                return;
        }
        textbuf_addf(out, "pid=%" PRId32 " comm=", p->pid);
        textbuf_add_escaped(out, p->comm, strlen(p->comm));
}

/* The ranking behind a choice, one candidate a line. */
static void add_candidates(JournalRecord *r, const Event *e) {
        char text[2048];
        TextBuf b;

        if (e->n_candidates == 0)
                return;

        textbuf_init(&b, text, sizeof(text));
        for (size_t i = 0; i < e->n_candidates; i++) {
                const EventProcess *p = &e->candidates[i];

                textbuf_add(&b, i > 0 ? "\n" : "");
                print_candidate_name(p, &b);
                textbuf_addf(&b,
                        " score=%" PRId64 " rss=%" PRIu64 " anon=%" PRIu64 " swap=%" PRIu64
                        " gained=%" PRIu64 " refusal=%s",
                        p->score, p->rss, p->anon, p->swap, p->gained,
                        p->refusal == REFUSAL_NONE ? "none" : refusal_name(p->refusal));
        }
        add_text(r, "AVERT_CANDIDATES", text);
}

static void add_step(JournalRecord *r, const Event *e) {
        if (e->has_step)
                add_text(r, "AVERT_STEP", step_kind_name(e->step));
        if (e->signo > 0)
                add(r, "AVERT_SIGNAL", "%d", e->signo);
        if (e->kind == EVENT_HINT)
                add_text(r, "AVERT_HINT", event_hint_name(e->hint));
        if (e->has_file) {
                add_text(r, "AVERT_LEASE_FILE", lease_file_name(e->file));
                add_number(r, "AVERT_LEASE_VALUE", e->value);
        }
        if (e->lease_usec > 0)
                add_number(r, "AVERT_LEASE_USEC", e->lease_usec);
        add_target(r, &e->target);
        add_group(r, &e->group);
        if (e->n_members > 0)
                add_number(r, "AVERT_MEMBERS", e->n_members);
        if (e->n_unreached > 0)
                add_number(r, "AVERT_UNREACHED", e->n_unreached);
        if (e->promised > 0)
                add_number(r, "AVERT_PROMISED_BYTES", e->promised);
        if (e->kind == EVENT_STEP_DONE || e->freed > 0)
                add_number(r, "AVERT_FREED_BYTES", e->freed);
        if (e->kind == EVENT_STEP_DONE || e->took_usec > 0)
                add_number(r, "AVERT_TOOK_USEC", e->took_usec);
        if (e->error != 0)
                add(r, "AVERT_ERRNO", "%d", e->error);
        add_candidates(r, e);
}

void journal_record_fill(JournalRecord *record, const Event *e) {
        char sentence[1536];
        TextBuf b;

        record->n = 0;
        record->len = 0;
        record->truncated = false;

        textbuf_init(&b, sentence, sizeof(sentence));
        event_print(e, &b);

        add(record, "MESSAGE", "%s", sentence);
        add(record, "MESSAGE_ID", "%s", journal_message_id(e->kind));
        add(record, "PRIORITY", "%d", journal_priority(e));
        add(record, "SYSLOG_IDENTIFIER", "avertd");
        add(record, "AVERT_EVENT", "%s", event_name(e->kind));
        add(record, "AVERT_LEVEL", "%s", notify_level_name(e->level));
        add_number(record, "AVERT_SERIAL", e->serial);
        add(record, "AVERT_DRY_RUN", "%d", e->dry);
        add(record, "AVERT_CRITICAL", "%d", e->critical);
        if (e->incident > 0)
                add_number(record, "AVERT_INCIDENT", e->incident);
        add_text(record, "AVERT_POLICY", e->policy);
        add_text(record, "AVERT_REASON", e->reason);
        add_step(record, e);
        if (e->count > 0)
                add_number(record, "AVERT_COUNT", e->count);
        if (e->mem_total > 0) {
                add_number(record, "AVERT_MEM_AVAILABLE_BYTES", e->mem_available);
                add_number(record, "AVERT_MEM_TOTAL_BYTES", e->mem_total);
                add_number(record, "AVERT_SWAP_FREE_BYTES", e->swap_free);
                add_number(record, "AVERT_SWAP_TOTAL_BYTES", e->swap_total);
        }
        add_text(record, "AVERT_TEXT", e->text);
}

static void on_event(void *ctx, const Event *e) {
        JournalSink *s = ctx;

        journal_record_fill(&s->record, e);
        /* An error cannot be reported anywhere better than here; the bus has the event as well. */
        (void) sd_journal_sendv(s->record.fields, (int) s->record.n);
}

int sink_journal_new(JournalSink **ret) {
        JournalSink *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        *ret = s;
        return 0;
}

JournalSink *sink_journal_free(JournalSink *s) {
        free(s);
        return NULL;
}

Sink sink_journal_get(JournalSink *s) {
        return (Sink){ .write = on_event, .ctx = s };
}

bool sink_journal_is_wanted(int stderr_fd, const char *stream) {
        uint64_t device, inode;
        struct stat st;

        if (!stream || sscanf(stream, "%" SCNu64 ":%" SCNu64, &device, &inode) != 2)
                return false;
        if (fstat(stderr_fd, &st) < 0 || st.st_dev != device || st.st_ino != inode)
                return false;
        return access(JOURNAL_SOCKET, W_OK) == 0;
}
