/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What avert changed about cgroups and owes them, in a file that outlives it: /run/avert/leases,
 * written by whoever has the acting seat. Knows how a record comes and goes; what is written to
 * cgroups is in lease-exchange.h.
 *
 * (1) A record is owed while its seal is not 0. The seal is the checksum of the terms and is stored
 * when they are complete, before anything is written to the cgroup; it is taken away when the old
 * value is back. (2) Terms do not change under a seal. What does (ours, next, the deadline) is one
 * word each, so that there is no instant at which a kill would leave half of it. (3) The cgroup's
 * file holds `ours` or `next`, or somebody else has written it. (4) A kill can cost no more than
 * the store that it came before: all are plain stores to a shared mapping. A crash of the machine
 * takes the cgroups with it.
 *
 * In memory beside it, for the process that acts: (5) a claim says which lease of the
 * LeaseBook a record belongs to. The sentinel claims, whoever drops the record lets the claim go.
 * (6) Who works on a record holds it: reapers and main never meet. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/config.h"
#include "core/decide.h"
#include "core/group-track.h"
#include "core/lease.h"
#include "core/steering.h"

/* More than there are leases: what could not be given back keeps its record. */
#define LEDGER_RECORDS_MAX (2 * LEASES_MAX)
#define LEDGER_NONE UINT32_MAX

typedef struct LeaseTerms {
        uint64_t id;   /* never twice in a file: what people call it by */
        uint32_t file; /* LeaseFile */
        uint32_t unused;
        uint64_t inode; /* of the cgroup's directory */
        uint64_t old;   /* what the file held */
        uint64_t taken_realtime_usec;
        char policy[POLICY_NAME_MAX];
        char path[PATH_TEXT_MAX]; /* of the cgroup, below the mount */
} LeaseTerms;

typedef struct LeaseRecord {
        _Atomic(uint64_t) seal;          /* 0: nothing is owed */
        _Atomic(uint64_t) ours;          /* what avert wrote */
        _Atomic(uint64_t) next;          /* what it is about to write; else the same */
        _Atomic(uint64_t) deadline_usec; /* CLOCK_MONOTONIC; USEC_UNSET: none of its own */
        _Atomic(uint64_t) deadline_realtime_usec;
        LeaseTerms terms;
} LeaseRecord;

/* What ledger-budgets.h keeps beside them. */
typedef struct LedgerBudget {
        _Atomic(uint64_t) n; /* as BudgetEntry.n; stored last; 0: unused */
        uint64_t class_hash;
        _Atomic(usec_t) times[BUDGET_TIMES_MAX]; /* CLOCK_MONOTONIC */
        char policy[POLICY_NAME_MAX];
} LedgerBudget;

/* What ledger-gains.h keeps: of so many, those that are kept open come first. */
#define LEDGER_GAINS_MAX 256
#define LEDGER_GROUP_GAINS_MAX 64

typedef struct LedgerGain {
        _Atomic(uint64_t) pid; /* stored last; 0: unused */
        uint64_t start_ticks;
        UsagePast past;
} LedgerGain;

typedef struct LedgerGroupGain {
        _Atomic(uint64_t) inode; /* stored last; 0: unused */
        GroupPast past;
} LedgerGroupGain;

/* What ledger-steering.h keeps. */
typedef struct LedgerSteering {
        _Atomic(uint64_t) seal; /* checksum of the rest; 0: nothing was asked for */
        Steering steering;
} LedgerSteering;

typedef struct LeaseLedger LeaseLedger;

/* Each for one process at a time: a lock of the kernel's on the file, which ends with the process;
 * a child does not inherit it. */
typedef enum LedgerSeat {
        SEAT_ACTING,  /* works on the records */
        SEAT_STANDBY, /* will, if that one is killed: see handover.h */
} LedgerSeat;

typedef enum LedgerAccess {
        LEDGER_DAEMON, /* makes it if it is not there, and takes the acting seat */
        LEDGER_REPAIR, /* as it is, with the acting seat */
        LEDGER_SHARED, /* as it is, without a seat: for who may take one later */
        LEDGER_SEATS,  /* only the seats, whatever is in it; then lease_ledger_make() */
        LEDGER_LOOK,   /* reads only */
} LedgerAccess;

/* Opens and maps the file. boot_id tells whose cgroups it speaks of: a file of another boot is
 * empty, like one of another version. 0 (the caller owns *ret); -ENOENT: there is none; -EBUSY:
 * somebody has the seat; -EBADMSG: no such file; other negative errno. A process that opens the
 * same file twice loses its seats when it frees one of the two.
 */
int lease_ledger_open(
        const char *path, LedgerAccess access, const char *boot_id, LeaseLedger **ret);
LeaseLedger *lease_ledger_free(LeaseLedger *l);

static inline void lease_ledger_freep(LeaseLedger **l) {
        lease_ledger_free(*l);
}

/* With the acting seat: has the file be one of this version and this boot, empty if it was not. 0
 * or negative errno. */
int lease_ledger_make(LeaseLedger *l);

/* Whether it still is the file that was opened: one of this version and this boot, and with a name.
 * A daemon of another version makes its own of it, and somebody may remove it. */
bool lease_ledger_is_current(const LeaseLedger *l);

/* Takes a seat: 0, -EBUSY when another process has it, or negative errno. */
int lease_ledger_sit(LeaseLedger *l, LedgerSeat seat);

/* Whether this process has the acting one. */
bool lease_ledger_acts(const LeaseLedger *l);

/* Leaves it. */
void lease_ledger_rise(LeaseLedger *l, LedgerSeat seat);

/* Who has it: a pid, as the kernel says; 0: nobody, or this process. */
pid_t lease_ledger_sitter(const LeaseLedger *l, LedgerSeat seat);

/* That an avertd acts and has not ended by itself yet; outlives one that is killed. */
void lease_ledger_set_unfinished(LeaseLedger *l, bool unfinished);
bool lease_ledger_is_unfinished(const LeaseLedger *l);

/* Where it is: "leases", in the directory of the daemon's socket. */
void lease_ledger_path(const char *bus_path, TextBuf *ret);

/* This boot, from /proc/sys/kernel/random/boot_id, into ret[size]. 0 or negative errno. */
#define BOOT_ID_SIZE 40
int lease_ledger_boot_id(int proc_fd, char *ret, size_t size);

/* Record i, i < LEDGER_RECORDS_MAX. */
LeaseRecord *lease_ledger_record(LeaseLedger *l, uint32_t i);

/* Budget i, i < BUDGETS_MAX. */
LedgerBudget *lease_ledger_budget(LeaseLedger *l, uint32_t i);

/* The gains, LEDGER_GAINS_MAX and LEDGER_GROUP_GAINS_MAX. */
LedgerGain *lease_ledger_gains(LeaseLedger *l);
LedgerGroupGain *lease_ledger_group_gains(LeaseLedger *l);

/* The steering. */
LedgerSteering *lease_ledger_steering(LeaseLedger *l);

/* Whether something is owed by it: sealed, and the seal fits. */
bool lease_record_is_owed(const LeaseRecord *r);

/* How many are. */
size_t lease_ledger_count(LeaseLedger *l);

/* (1) The caller holds it and has filled in terms, ours, next and deadlines. */
void lease_record_seal(LeaseRecord *r);

/* ---- claims
 * -------------------------------------------------------------------------------------- */

/* The record of a lease, LEDGER_NONE if it has none. *ret_withdrawn (may be NULL): it was given
 * back by main meanwhile, and nothing is owed. Sentinel. */
uint32_t lease_ledger_find(LeaseLedger *l, uint32_t lease, bool *ret_withdrawn);

/* A free record for a lease that has none, with the terms but the old value; LEDGER_NONE: there is
 * none left. Sentinel: plain stores to memory that is there. */
uint32_t lease_ledger_claim(LeaseLedger *l, uint32_t lease, const LeaseTerms *terms);

/* Lets the lease go. A record that is owed stays, for main to see to; another is free again. */
void lease_ledger_abandon(LeaseLedger *l, uint32_t i);

/* (6) Reapers and main: false while somebody else has it. */
bool lease_ledger_hold(LeaseLedger *l, uint32_t i);
void lease_ledger_release(LeaseLedger *l, uint32_t i);

/* The rest: by who holds the record. */

/* The slot of its cgroup stays open for as long as the record is owed (publication.h (5)); the
 * caller has counted itself in `uses` as well. */
void lease_ledger_pin(LeaseLedger *l, uint32_t i, atomic_uint *uses);

/* Takes the seal away, lets the claim and the slot go. withdrawn: its lease is to hear of it when
 * it asks next. */
void lease_ledger_drop(LeaseLedger *l, uint32_t i, bool withdrawn);

typedef enum ClaimState {
        CLAIM_FREE,      /* or left by an earlier daemon, if it is owed */
        CLAIM_HELD,      /* a lease of the book has it */
        CLAIM_WITHDRAWN, /* the lease does not know yet */
        CLAIM_ABANDONED, /* owed, and no lease has it */
} ClaimState;

ClaimState lease_ledger_state(const LeaseLedger *l, uint32_t i);
