/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/ledger-gains.h"

#include <string.h>

static void save_process(LedgerGain *r, const ProcFacts *facts, const UsagePast *past) {
        uint64_t pid = (uint64_t) facts->pid;

        if (atomic_load(&r->pid) == pid && r->start_ticks == facts->start_ticks &&
                memcmp(&r->past, past, sizeof(*past)) == 0)
                return;
        atomic_store(&r->pid, 0);
        atomic_thread_fence(memory_order_seq_cst);
        r->start_ticks = facts->start_ticks;
        r->past = *past;
        atomic_store(&r->pid, pid);
}

static void save_processes(LedgerGain *records, const History *h, const Sample *s) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_procs && n < LEDGER_GAINS_MAX; i++) {
                const ProcSample *p = &s->procs[i];
                UsagePast past;

                memset(&past, 0, sizeof(past)); /* it is compared byte by byte */
                if (p->kept && history_past(h, p->slot, p->generation, &past))
                        save_process(&records[n++], p->facts, &past);
        }
        for (; n < LEDGER_GAINS_MAX && atomic_load(&records[n].pid) != 0; n++)
                atomic_store(&records[n].pid, 0);
}

static void save_group(LedgerGroupGain *r, uint64_t inode, const GroupPast *past) {
        if (atomic_load(&r->inode) == inode && memcmp(&r->past, past, sizeof(*past)) == 0)
                return;
        atomic_store(&r->inode, 0);
        atomic_thread_fence(memory_order_seq_cst);
        r->past = *past;
        atomic_store(&r->inode, inode);
}

static void save_groups(LedgerGroupGain *records, const History *h, const Sample *s) {
        size_t n = 0;

        for (size_t i = 0; i < s->n_groups && n < LEDGER_GROUP_GAINS_MAX; i++) {
                const GroupSample *g = &s->groups[i];
                GroupPast past;

                memset(&past, 0, sizeof(past));
                if (g->kept && history_group_past(h, g->slot, g->generation, &past))
                        save_group(&records[n++], g->facts->inode, &past);
        }
        for (; n < LEDGER_GROUP_GAINS_MAX && atomic_load(&records[n].inode) != 0; n++)
                atomic_store(&records[n].inode, 0);
}

void ledger_gains_save(LeaseLedger *l, const History *h, const Sample *s) {
        if (s->procs_fresh)
                save_processes(lease_ledger_gains(l), h, s);
        if (s->groups_fresh)
                save_groups(lease_ledger_group_gains(l), h, s);
}

void ledger_gains_load(LeaseLedger *l, const Sample *s, History *h) {
        const LedgerGain *records = lease_ledger_gains(l);
        const LedgerGroupGain *groups = lease_ledger_group_gains(l);

        for (size_t k = 0; k < LEDGER_GAINS_MAX; k++) {
                uint64_t pid = atomic_load(&records[k].pid);

                for (size_t i = 0; pid != 0 && i < s->n_procs; i++) {
                        const ProcSample *p = &s->procs[i];

                        if (pid == (uint64_t) p->facts->pid &&
                                records[k].start_ticks == p->facts->start_ticks)
                                history_recall(h, p->slot, p->generation, &records[k].past);
                }
        }
        for (size_t k = 0; k < LEDGER_GROUP_GAINS_MAX; k++) {
                uint64_t inode = atomic_load(&groups[k].inode);

                for (size_t i = 0; inode != 0 && i < s->n_groups; i++) {
                        const GroupSample *g = &s->groups[i];

                        if (inode == g->facts->inode)
                                history_recall_group(h, g->slot, g->generation, &groups[k].past);
                }
        }
}
