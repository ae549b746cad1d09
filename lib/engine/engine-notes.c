/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine-notes.h"

#include "base/macro.h"
#include "base/text.h"
#include "engine/lease-exchange.h"
#include "engine/rival.h"

#include <errno.h>
#include <string.h>

/* Each note is stamped by the engine when it passes it on. */
static void begin(Event *e, EventKind kind, NotifyLevel level, TextBuf *text) {
        *e = (Event){ .kind = kind, .level = level };
        textbuf_init(text, e->text, sizeof(e->text));
}

static void add_names(TextBuf *text, const Probe *probe, ProbeState state) {
        size_t n = 0;

        for (unsigned i = 0; i < _PROBE_MAX; i++) {
                if (probe->items[i].state != state)
                        continue;
                textbuf_add(text,
                        n++ == 0 ? (state == PROBE_DEGRADED ? "; degraded: " : "; absent: ")
                                 : ", ");
                textbuf_add(text, probe->items[i].name);
        }
}

void note_started(const Probe *probe, const Config *config, bool dry, Event *ret) {
        size_t present = 0;
        TextBuf text;

        begin(ret, EVENT_STARTED, NOTIFY_INFO, &text);
        ret->dry = dry;
        for (unsigned i = 0; i < _PROBE_MAX; i++)
                present += probe->items[i].state == PROBE_PRESENT;
        textbuf_addf(&text, "%s%zu %s in force; %zu of %u capabilities and sources present",
                dry ? "acting on nothing (dry run), " : "", config->n_policies,
                config->n_policies == 1 ? "policy" : "policies", present, (unsigned) _PROBE_MAX);
        add_names(&text, probe, PROBE_DEGRADED);
        add_names(&text, probe, PROBE_ABSENT);
}

bool note_probe_item(const Probe *probe, ProbeId id, Event *ret) {
        const ProbeItem *item = &probe->items[id];
        TextBuf text;

        if (!probe_is_lack(probe, id))
                return false;

        begin(ret, EVENT_SOURCE_DEGRADED, NOTIFY_NOTICE, &text);
        textbuf_addf(
                &text, "%s is %s: %s", item->name, probe_state_to_string(item->state), item->why);
        if (item->consequence && item->consequence[0] != '\0')
                textbuf_addf(&text, "; %s", item->consequence);
        return true;
}

bool note_rival(const ProcFacts *facts, Event *ret) {
        TextBuf text;

        /* Anybody can call a program so; a daemon runs as root or belongs to a system unit. */
        if ((facts->uid != 0 && facts->unit[0] == '\0') || !rival_is_named(facts->comm))
                return false;

        begin(ret, EVENT_RIVAL, NOTIFY_WARNING, &text);
        ret->target.pid = facts->pid;
        ret->target.uid = facts->uid;
        (void) text_copy(ret->target.comm, sizeof(ret->target.comm), facts->comm);
        (void) text_copy(ret->target.unit, sizeof(ret->target.unit), facts->unit);
        (void) text_copy(ret->target.cgroup, sizeof(ret->target.cgroup), facts->cgroup);
        textbuf_addf(&text,
                "%s (pid %d) is active as well: both may act on one shortage, and neither can tell "
                "what the other's step has freed; let only one of them kill",
                facts->comm, (int) facts->pid);
        return true;
}

void note_not_locked(int error, Event *ret) {
        TextBuf text;

        begin(ret, EVENT_SOURCE_DEGRADED, NOTIFY_NOTICE, &text);
        ret->error = error;
        textbuf_addf(&text,
                "memory could not be locked (%s): our own pages may be taken from us under "
                "pressure, and decisions "
                "be late",
                strerrordesc_np(error));
}

static void add_value(TextBuf *text, const LeaseTerms *terms, uint64_t value) {
        if (terms->file == LEASE_FREEZE)
                textbuf_add(text, value ? "frozen" : "thawed");
        else if (value == UINT64_MAX)
                textbuf_add(text, "max");
        else
                textbuf_add_bytes(text, value);
}

static StepKind step_of(LeaseFile file) {
        switch (file) {
        case LEASE_HIGH:
                return STEP_THROTTLE;
        case LEASE_FREEZE:
                return STEP_FREEZE;
        case LEASE_MAX:
        case LEASE_SWAP_MAX:
        case _LEASE_FILE_MAX:
                break;
        }
        return STEP_LIMIT;
}

static void begin_lease(
        const LeaseNote *note, EventKind kind, NotifyLevel level, TextBuf *text, Event *ret) {
        const LeaseTerms *terms = note->terms;

        begin(ret, kind, level, text);
        (void) text_copy(ret->policy, sizeof(ret->policy), terms->policy);
        (void) text_copy(ret->group.path, sizeof(ret->group.path), terms->path);
        ret->has_step = true;
        ret->step = step_of((LeaseFile) terms->file);
        ret->has_file = true;
        ret->file = (LeaseFile) terms->file;
        ret->value = note->ours;
        ret->took_usec = note->held_usec;
}

static void note_owed(const LeaseNote *note, Event *ret) {
        TextBuf text;

        begin_lease(note, EVENT_SOURCE_DEGRADED, NOTIFY_WARNING, &text, ret);
        textbuf_addf(&text, "leases: %s of ", lease_file_name(ret->file));
        textbuf_add_escaped(&text, note->terms->path, strlen(note->terms->path));
        textbuf_addf(&text, " could not be given back and is still owed: %s",
                strerrordesc_np(-note->result));
        ret->error = -note->result;
}

void note_lease(const LeaseNote *note, Event *ret) {
        EventKind kind = note->result == EXCHANGE_FOREIGN ? EVENT_LEASE_FOREIGN
                : note->result == EXCHANGE_GONE           ? EVENT_LEASE_DROPPED
                                                          : EVENT_LEASE_RETURNED;
        TextBuf text;

        if (note->result == -EBADMSG) {
                begin(ret, EVENT_SOURCE_DEGRADED, NOTIFY_WARNING, &text);
                textbuf_add(&text, "leases: a record made no sense and was dropped");
                return;
        }
        if (note->result < 0) {
                note_owed(note, ret);
                return;
        }

        begin_lease(note, kind, NOTIFY_NOTICE, &text, ret);
        textbuf_add(&text, note->why);
        if (kind != EVENT_LEASE_RETURNED)
                return;
        textbuf_add(&text, "; it is ");
        add_value(&text, note->terms, note->terms->old);
        textbuf_add(&text, " again");
}

void note_no_ledger(int error, Event *ret) {
        TextBuf text;

        begin(ret, EVENT_SOURCE_DEGRADED, NOTIFY_WARNING, &text);
        ret->error = error;
        textbuf_addf(&text,
                "leases: they cannot be remembered (%s): steps that have to be undone are refused",
                error == EBUSY ? "another avertd has the file" : strerrordesc_np(error));
}
