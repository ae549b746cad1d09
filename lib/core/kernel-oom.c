/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/kernel-oom.h"

#include "base/macro.h"
#include "base/number.h"
#include "core/condition.h"
#include "core/incident.h"
#include "core/reason.h"

#define FAR UINT64_C(10000)

/* How far an atom is from its threshold, in permyriad of it. */
static uint64_t distance_of(const AtomReading *a) {
        int64_t threshold = a->atom->threshold, apart;
        uint64_t size;

        if (a->truth == TRUTH_TRUE)
                return 0;
        if (!a->reading.known)
                return FAR;
        if (a->atom->percent)
                threshold = condition_amount(&a->reading, threshold);
        if (__builtin_sub_overflow(a->reading.value, threshold, &apart))
                return FAR;
        size = apart < 0 ? 0 - (uint64_t) apart : (uint64_t) apart;
        return threshold <= 0 ? FAR : MIN(permyriad_of(size, (uint64_t) threshold), FAR);
}

/* The policy of the system that was nearest to acting. */
static const Verdict *nearest(const Judge *j) {
        const Verdict *best = NULL;
        uint64_t best_distance = 0;

        for (size_t i = 0; i < j->n_verdicts; i++) {
                const Verdict *v = &j->verdicts[i];
                Incident probe = { .policy = v->policy };
                uint64_t distance = 0;

                if (v->key.watch != WATCH_SYSTEM || !incident_can_harm(j, &probe))
                        continue;
                for (size_t a = 0; a < v->n_atoms; a++)
                        distance += distance_of(&v->atoms[a]);
                if (!best || distance < best_distance) {
                        best = v;
                        best_distance = distance;
                }
        }
        return best;
}

static Incident *open_incident(const Judge *j) {
        Incident *found = NULL;

        for (size_t i = 0; i < INCIDENTS_MAX; i++) {
                Incident *incident = &j->book->incidents[i];

                if (incident->used && incident->phase == INCIDENT_OPEN &&
                        incident_can_harm(j, incident) && (!found || incident->id < found->id))
                        found = incident;
        }
        return found;
}

static void tell(Judge *j, uint64_t n) {
        const Incident *open = open_incident(j);
        Event *e = judge_add_event(j, EVENT_KERNEL_OOM, open);
        const Verdict *near = nearest(j);
        TextBuf out;

        if (!e)
                return;
        e->count = n;
        textbuf_init(&out, e->text, sizeof(e->text));
        if (open) {
                textbuf_add(
                        &out, "while this incident was open: it came too late or took too little");
                return;
        }
        if (!near) {
                textbuf_add(&out, "no policy with a destructive step watches the system");
                return;
        }
        text_copy(e->policy, sizeof(e->policy), j->config->policies[near->policy].name);
        textbuf_add(&out, "this policy should have come first:");
        for (size_t a = 0; a < near->n_atoms; a++) {
                textbuf_add(&out, a == 0 ? " " : ", ");
                reason_print_atom(&near->atoms[a], true, &out);
                textbuf_add(
                        &out, near->atoms[a].truth == TRUTH_TRUE ? " (held)" : " (did not hold)");
        }
}

void kernel_oom_notice(Judge *j) {
        const SystemRaw *raw = &j->s->raw;
        uint64_t kills = raw->oom_kills;

        if (!(raw->have & source_bit(SOURCE_VMSTAT)) || (raw->suspect & source_bit(SOURCE_VMSTAT)))
                return;

        if (j->book->oom_kills_known && kills > j->book->oom_kills) {
                j->book->kernel_oom_total += kills - j->book->oom_kills;
                tell(j, kills - j->book->oom_kills);
        }
        j->book->oom_kills_known = true;
        j->book->oom_kills = kills;
}
