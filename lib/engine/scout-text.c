/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Command lines: asked for only when a policy looks at them, and never waited for. Until the answer
 * comes a process has none, so that a match on it does not hold. */

#include <errno.h>

#include "engine/scout-private.h"

#define ASK_PER_PASS 64

static uint64_t cookie_of(const Scout *s, uint32_t slot) {
        uint32_t generation = atomic_load_explicit(
                &roster_slot(s->roster, slot)->generation, memory_order_relaxed);

        return (uint64_t) generation << 32 | slot;
}

static void take_text(Scout *s, uint32_t slot, const SlowReply *reply) {
        ScoutEntry *e = &s->entries[slot];
        ProcFacts *facts;

        e->text = TEXT_KNOWN;
        if (reply->error != 0) {
                s->stats.texts_lost++;
                return;
        }

        facts = facts_copy(s->strings, scout_facts(s, slot));
        if (!facts || facts_set_cmdline(s->strings, facts, reply->text, reply->len) < 0) {
                facts_free(s->strings, facts);
                e->text = TEXT_UNASKED;
                return;
        }
        if (!scout_set_facts(s, slot, facts))
                e->text = TEXT_UNASKED;
}

void scout_take_texts(Scout *s) {
        SlowReply reply;

        if (!s->options.slow)
                return;
        while (slow_reader_next(s->options.slow, &reply)) {
                uint32_t slot = (uint32_t) reply.cookie;

                /* The process may have gone, or have become another program, since it was asked. */
                if (slot < s->n_slots && s->entries[slot].used &&
                        s->entries[slot].text == TEXT_ASKED && cookie_of(s, slot) == reply.cookie)
                        take_text(s, slot, &reply);
        }
}

void scout_ask_texts(Scout *s) {
        size_t asked = 0;

        if (!s->options.slow || !s->needs_cmdline)
                return;
        for (uint32_t slot = 0; slot < s->n_slots && asked < ASK_PER_PASS; slot++) {
                ScoutEntry *e = &s->entries[slot];
                SlowRequest request = { .pid = e->pid, .start_ticks = e->start_ticks };

                if (!e->used || e->kthread || e->unsettled || e->text != TEXT_UNASKED)
                        continue;
                request.cookie = cookie_of(s, slot);
                if (!slow_reader_ask(s->options.slow, &request))
                        return;
                e->text = TEXT_ASKED;
                s->stats.texts_asked++;
                asked++;
        }
}
