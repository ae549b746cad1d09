/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/triggers.h"

#include "base/macro.h"

#define WINDOW_USEC USEC_PER_SEC

/* Early signs, not verdicts: a tick too many costs a read, one too late costs a machine. */
static const struct {
        PsiStall stall;
        usec_t threshold_usec;
} wanted[] = {
        { PSI_STALL_SOME, 100 * USEC_PER_MSEC },
        { PSI_STALL_FULL, 50 * USEC_PER_MSEC },
};

_Static_assert(ELEMENTS(wanted) <= TRIGGERS_MAX, "every wanted trigger has its place");

static TriggerMode mode_of(PsiTriggerMode mode) {
        switch (mode) {
        case PSI_TRIGGER_PRIVILEGED:
                return TRIGGER_PRIVILEGED;
        case PSI_TRIGGER_COARSE:
                return TRIGGER_TWO_SECONDS;
        case PSI_TRIGGER_NONE:
                break;
        }
        return TRIGGER_NONE;
}

void triggers_open(const SysRoot *root, Triggers *ret) {
        *ret = (Triggers){ .mode = TRIGGER_NONE };

        for (size_t i = 0; i < ELEMENTS(wanted); i++) {
                Trigger t = { .psi = PSI_TRIGGER_INIT, .stall = wanted[i].stall };

                if (psi_trigger_open(root->proc_fd, "pressure/memory", wanted[i].stall,
                            wanted[i].threshold_usec, WINDOW_USEC, &t.psi) != PSI_OK)
                        continue;
                if (ret->n == 0 || mode_of(t.psi.mode) > ret->mode)
                        ret->mode = mode_of(t.psi.mode);
                ret->items[ret->n++] = t;
        }
}

void triggers_done(Triggers *t) {
        for (size_t i = 0; i < t->n; i++)
                psi_trigger_done(&t->items[i].psi);
        *t = (Triggers){ .mode = TRIGGER_NONE };
}

void triggers_begin(Triggers *t, usec_t now_usec) {
        t->polled_since_usec = now_usec;
}

size_t triggers_poll_fds(const Triggers *t, struct pollfd *fds) {
        for (size_t i = 0; i < t->n; i++)
                fds[i] = (struct pollfd){
                        .fd = t->items[i].gone ? -1
                                               : t->items[i].psi.fd, /* negative: passed over */
                        .events = POLLPRI,
                };
        return t->n;
}

bool triggers_polled(Triggers *t, const struct pollfd *fds, size_t n) {
        bool fired = false;

        for (size_t i = 0; i < n && i < t->n; i++) {
                if ((fds[i].revents & (POLLERR | POLLNVAL)) != 0) {
                        t->items[i].gone = true; /* it would wake us for ever */
                        continue;
                }
                if ((fds[i].revents & POLLPRI) == 0)
                        continue;
                t->items[i].fired = true;
                fired = true;
        }
        return fired;
}

/* The total at least `window` before now; before the first sample that old: the one at arming. */
static uint64_t total_before(
        const Triggers *t, const Trigger *trigger, PsiKind kind, usec_t now_usec) {
        size_t oldest = t->n_totals > TRIGGER_TOTALS ? t->n_totals - TRIGGER_TOTALS : 0;

        for (size_t i = t->n_totals; i > oldest; i--) {
                const TriggerTotals *sample = &t->totals[(i - 1) % TRIGGER_TOTALS];

                if (usec_since(now_usec, sample->at_usec) >= trigger->psi.window_usec)
                        return sample->total_usec[kind];
        }
        return trigger->psi.baseline_usec;
}

bool triggers_check(Triggers *t, const Sample *s) {
        const PsiRaw *psi = &s->raw.psi[PSI_MEMORY];
        bool blinded = false;

        if ((s->raw.have & source_bit(SOURCE_PSI_MEMORY)) == 0)
                return false;

        for (size_t i = 0; i < t->n; i++) {
                Trigger *trigger = &t->items[i];
                PsiKind kind = trigger->stall == PSI_STALL_FULL ? PSI_FULL : PSI_SOME;
                uint64_t before = total_before(t, trigger, kind, s->raw.at_usec);
                uint64_t now = psi->total_usec[kind];

                /* Without counters of its own a trigger is as blind as the file, and its first
                 * event may be false. A quarter: the window of the kernel and ours do not begin
                 * together. */
                if (trigger->fired && trigger->psi.mode == PSI_TRIGGER_PRIVILEGED &&
                        usec_since(s->raw.at_usec, t->polled_since_usec) >=
                                trigger->psi.window_usec &&
                        now >= before && now - before < trigger->psi.threshold_usec / 4)
                        blinded = true;
                trigger->fired = false;
        }

        t->totals[t->n_totals++ % TRIGGER_TOTALS] = (TriggerTotals){
                .at_usec = s->raw.at_usec,
                .total_usec = { [PSI_SOME] = psi->total_usec[PSI_SOME],
                        [PSI_FULL] = psi->total_usec[PSI_FULL] },
        };
        return blinded;
}
