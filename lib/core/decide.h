/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From verdicts to steps. Pure: everything that outlives a tick is in the IncidentBook, which is
 * plain memory that can be printed, copied and set.
 *
 * (1) One destructive step is in flight on the host at a time; the others queue: critical first,
 * then system scope, then the order of the policies. (2) A step's effect is judged on samples that
 * began after it settled. (3) A target is picked once and keeps the ladder until it is gone,
 * refused or useless. (4) Nothing destructive happens between `when` and `clear`. (5) notify never
 * queues, never settles and never delays the next step. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "core/evaluate.h"
#include "core/event.h"
#include "core/group-rank.h"
#include "core/lease.h"
#include "core/rank.h"
#include "core/sample.h"
#include "core/steering.h"

/* ---- what the actuator reports back
 * --------------------------------------------------------------- */

typedef enum OutcomeKind {
        OUTCOME_SENT,    /* the signal is delivered */
        OUTCOME_DRY,     /* it would have been */
        OUTCOME_REFUSED, /* error: EPERM, … */
        OUTCOME_STALE,   /* no longer the same process */
        OUTCOME_BUSY,    /* nobody could take the order on: it is given again */
        OUTCOME_GONE, /* its pidfd became readable, or the cgroup is empty: the memory is released
                       */
        OUTCOME_DONE, /* reclaim: value is what came back; lease taken: value is what was there
                       * before; lease returned; errand: value is what it says that it freed */
        OUTCOME_RENEWED, /* limit: the value from before the lease was back, ours is in force again
                          */
        OUTCOME_FOREIGN, /* lease: somebody else wrote the file since: theirs stays */
        OUTCOME_SKIPPED, /* run: the command asks to leave out the next step */
        OUTCOME_LATE,    /* errand, reclaim: not over at its deadline; value as for DONE */
} OutcomeKind;

typedef struct Outcome {
        OutcomeKind kind;
        uint64_t action; /* Action.id */
        uint32_t slot;
        uint32_t generation;
        int error;
        usec_t at_usec;
        bool is_group; /* slot and generation are those of a cgroup in Action.groups */
        uint64_t value;
} Outcome;

#define PATH_TEXT_MAX 1024
#define ERRAND_PROCESSES_MAX 8

/* ---- what decide orders
 * --------------------------------------------------------------------------- */

typedef enum ActionKind {
        ACTION_SIGNAL,  /* to slots and groups */
        ACTION_RECLAIM, /* memory.reclaim of groups[0]: value bytes, until deadline_usec */
        ACTION_LEASE,   /* value into `file` of groups[0], remembered before as lease `lease` */
        ACTION_RETURN,  /* the old value of that lease, if ours is still there; overrides a LEASE of
                         * it that is still on its way */
} ActionKind;

typedef struct Action {
        ActionKind kind;
        uint64_t id; /* unique; outcomes name it */
        uint64_t incident;
        uint16_t policy;
        StepKind step;
        int signo;    /* SIGTERM, SIGKILL or the signal step's */
        bool release; /* after SIGKILL: process_mrelease */
        uint32_t slots[TARGET_MEMBERS_MAX];
        uint32_t generations[TARGET_MEMBERS_MAX];
        size_t n_slots;                     /* the root first */
        GroupRef groups[TARGET_GROUPS_MAX]; /* a cgroup and its populated descendants, the cgroup
                                             * first. SIGKILL: cgroup.kill of the first, which
                                             * takes all below it; another signal: to each process
                                             * in each of them. slots are then who of them is
                                             * known: killed and released one by one as well, and
                                             * waited for, but sent no other signal twice. */
        size_t n_groups;                    /* 0: only processes */
        LeaseFile file;                     /* LEASE */
        uint32_t lease;                     /* LEASE, RETURN: index into LeaseBook.leases */
        uint64_t value;                     /* RECLAIM, LEASE */
        usec_t deadline_usec;               /* RECLAIM; LEASE: of the lease, or USEC_UNSET */
} Action;

/* What main does, because it needs other programs or disks: told programs, commands, evidence,
 * units. The answer is an Outcome with the errand's id as its action. */
typedef struct Errand {
        uint64_t id;
        uint64_t incident;
        StepKind kind;        /* hint, capture, run, restart, stop. STOP is also what a spent budget
                               * ends in: then the step at `step` is another one */
        const Config *config; /* that the step is of; NULL: of none, nor are the next two. A hint
                               * is of none: it may be taken back after its policy is gone */
        uint16_t policy;
        uint16_t step;              /* index into its steps */
        HintLevel hint;             /* hint: of the incident; HINT_NONE: it is over */
        usec_t deadline_usec;       /* then the answer is not waited for any more */
        char unit[256];             /* restart, stop: of the system manager, whole name */
        char cgroup[PATH_TEXT_MAX]; /* of the target; "": none, cut: starts with "?" */
        uint32_t n_processes;       /* of the target, root first */
        int32_t pids[ERRAND_PROCESSES_MAX];
        uint64_t start_ticks[ERRAND_PROCESSES_MAX]; /* tells two users of a pid apart */
        Event event; /* the step as it is told: readings, target, ranking */
} Errand;

#define PLAN_ACTIONS_MAX 8 /* a new step, the escalation of the one in flight, leases */
#define PLAN_ERRANDS_MAX 4
#define PLAN_EVENTS_MAX 32

typedef struct Plan {
        Action actions[PLAN_ACTIONS_MAX];
        size_t n_actions;
        Errand errands[PLAN_ERRANDS_MAX];
        size_t n_errands;
        Event events[PLAN_EVENTS_MAX];
        size_t n_events;
        uint64_t events_lost;
        bool busy;          /* something is held, true or in flight: sample again at tick.min */
        usec_t within_usec; /* a lease wants to be looked at by then at the latest; USEC_UNSET */
        bool critical;
} Plan;

/* ---- what outlives the tick
 * ----------------------------------------------------------------------- */

typedef enum IncidentPhase {
        INCIDENT_HOLDING, /* `when` is true, `for` is not over */
        INCIDENT_OPEN,    /* on the ladder */
        INCIDENT_COOLING, /* cleared; reopening now resumes it */
} IncidentPhase;

/* The reversible step of an incident under way: until its outcome is known and has settled. */
typedef struct Relief {
        bool pending;
        const char *failed; /* why its lease did not come to be, literal; NULL: it did */
        StepKind step;
        uint16_t index;  /* of the step in the policy */
        GroupRef group;  /* that it is done to */
        uint64_t action; /* reclaim: its outcome is waited for; else 0, the leases tell */
        usec_t sent_usec;
        usec_t deadline_usec;
        usec_t settle_usec; /* USEC_UNSET: the outcome is not known yet */
        int error;          /* errno of the refusal */
        uint64_t freed;
} Relief;

typedef struct Incident {
        bool used;
        uint64_t id; /* 0 while HOLDING: it has no name before it opens */
        uint16_t policy;
        InstanceKey key;
        IncidentPhase phase;
        bool critical;
        usec_t true_since_usec;  /* `when`; USEC_UNSET: the last known sample was false */
        usec_t false_since_usec; /* for the default clear; USEC_UNSET while true */
        usec_t known_usec;       /* when `when` was last true or false */
        usec_t opened_usec;
        usec_t closed_usec;
        uint32_t next_step;                 /* index into the policy's steps */
        uint32_t first_destructive_reached; /* UINT32_MAX: none yet */
        usec_t not_before_usec;             /* settling: judge only by what began after this */
        bool has_target;
        uint32_t slot; /* of the target's root, or of the cgroup that it is */
        uint32_t generation;
        bool target_is_group;
        Relief relief;
        uint32_t n_freezes;
        bool resumes; /* a lease ended with the trouble: reopening starts at resume_step again */
        uint32_t resume_step;
        usec_t told_pause_usec; /* Steering.paused_until_usec of the pause it was told of */
        bool skips_next;        /* a command asked to leave out the next step */
        uint32_t n_skipped;     /* that was the last one: so often since it opened */
        usec_t ask_again_usec;  /* nobody is asked again before this, unless it is critical */
        HintLevel hint;         /* given, and not taken back yet */
        TargetKind widened;     /* TARGET_PROCESS until a budget was spent */
        uint32_t n_steps_taken;
        uint64_t freed_total;
        bool told_no_victim;
        bool told_budget;
        bool told_open;      /* this opening was reported, so its end is too */
        bool held;           /* dry: the step was shown; nothing more until it clears */
        uint32_t n_failures; /* refused, stuck, useless in a row */
        uint32_t n_reopened;
        usec_t retry_usec;    /* no new target before this */
        char reason[256];     /* of the moment it opened or took its last step */
        bool ends_told;       /* its end is still to be told in this tick */
        const char *ends_why; /* literal; NULL: it cleared */
} Incident;

/* The one destructive step under way. */
typedef struct Flight {
        bool active;
        uint64_t action; /* the latest; outcomes of it and of first_action belong here */
        uint64_t first_action;
        uint64_t incident;
        uint16_t policy;
        StepKind step;
        int signo;
        bool dry;
        bool killed;        /* SIGKILL is out */
        bool is_errand;     /* the service manager is asked, no signal is sent */
        bool answered;      /* errand: it is done */
        bool errand_failed; /* errand: refused or late; the next step is taken */
        usec_t timeout_usec;
        usec_t sent_usec;
        usec_t kill_at_usec;  /* end of grace; USEC_UNSET: no escalation */
        usec_t deadline_usec; /* then it did not work */
        usec_t gone_usec;     /* all members gone; USEC_UNSET: not yet */
        uint32_t slots[TARGET_MEMBERS_MAX];
        uint32_t generations[TARGET_MEMBERS_MAX];
        bool member_gone[TARGET_MEMBERS_MAX];
        bool member_out[TARGET_MEMBERS_MAX]; /* refused, or no longer the same process */
        size_t n_members;
        size_t n_gone;
        size_t n_out;
        size_t n_refused;
        GroupRef groups[TARGET_GROUPS_MAX]; /* a cgroup with all below it, the cgroup first */
        size_t n_groups;                    /* 0: only processes */
        bool group_gone;                    /* it is empty, or there no more */
        bool group_out;                     /* it refused: its known processes tell */
        bool again;                         /* the last order was not taken on */
        int error;                          /* of the first refusal */
        uint64_t promised;
        uint64_t before; /* mem.available + effective swap.free when it was sent */
        uint64_t class_hash;
        uint64_t others_rate; /* bytes/s that everybody else was filling when it was sent */
        uint64_t best;        /* highest mem.available + swap.free since all were gone */
        bool measured;        /* before and best were both known */
        usec_t settle_usec;   /* end of settling; USEC_UNSET: outcome not known yet */
        usec_t signal_usec;   /* when the last signal was ordered */
        uint32_t n_unreached;
        bool watches_group;    /* the effect can be seen in a cgroup as well */
        GroupRef effect_group; /* the cgroup that is taken, or the instance in which it happens */
        uint64_t group_before; /* charged to it, swap included, when it was sent */
        uint64_t group_least;  /* the least that was charged to it since all were gone */
        EventProcess target;
        EventGroup target_group; /* "" when no cgroup is taken */
} Flight;

/* A process, cgroup or class that is left alone for a while. */
typedef struct Remembered {
        uint64_t class_hash; /* or 0: only this process or cgroup */
        uint32_t slot;
        uint32_t generation;
        bool is_group;            /* slot and generation are those of a cgroup */
        uint16_t policy_plus_one; /* whose steps cannot be taken on it; 0: nobody's can */
        usec_t until_usec;
        const char *why; /* literal: "refused (EPERM)", "did not exit", "freed nothing" */
} Remembered;

#define BUDGET_TIMES_MAX 16

typedef struct BudgetEntry {
        uint16_t policy;
        uint64_t class_hash;            /* 0: unused */
        usec_t times[BUDGET_TIMES_MAX]; /* of destructive steps, a ring */
        uint32_t n;
} BudgetEntry;

/* A capture or a command whose answer is still to come. */
typedef struct Awaited {
        uint64_t errand; /* 0: unused */
        uint64_t incident;
        StepKind step;
        uint16_t index; /* of the step in the policy */
        usec_t sent_usec;
        usec_t deadline_usec;
} Awaited;

/* What an incident asks of the programs that listen, until somebody has taken it on. */
typedef struct HintOrder {
        uint64_t incident; /* 0: unused */
        uint64_t errand;   /* 0: to be ordered */
        HintLevel level;   /* HINT_NONE: it is over */
} HintOrder;

#define AWAITED_MAX 32
#define INCIDENTS_MAX 256
#define REMEMBERED_MAX (2 * TARGET_MEMBERS_MAX) /* all of a tree that refused, and others */
#define BUDGETS_MAX 128

typedef struct IncidentBook {
        uint64_t next_incident;
        uint64_t next_action;
        Incident incidents[INCIDENTS_MAX];
        Flight flight;
        LeaseBook leases;
        Awaited awaited[AWAITED_MAX];
        HintOrder hints[INCIDENTS_MAX];
        uint16_t settling[INCIDENTS_MAX]; /* incidents that settle later than the host does */
        size_t n_settling;
        Remembered remembered[REMEMBERED_MAX];
        size_t n_remembered; /* of the array in use */
        BudgetEntry budgets[BUDGETS_MAX];
        usec_t not_before_usec; /* host-wide: end of the last destructive step's settling */
        uint64_t oom_kills;     /* last seen vmstat oom_kill */
        bool oom_kills_known;
        uint64_t kernel_oom_total; /* since start */
        uint64_t oom_ahead;        /* told of cgroups, and not in vmstat yet */
        uint64_t oom_pending;      /* in vmstat, and not told: no cgroup has them yet */
        usec_t oom_pending_usec;   /* since when */
        Event oom_event;           /* what was to be told of them then */
        uint64_t steps_total;
        uint64_t freed_total;
        Steering steering;      /* as main wants it */
        Steering steering_told; /* as it was when it was told last */
} IncidentBook;

void incident_book_init(IncidentBook *book);

/* For evaluate(): ctx is the IncidentBook. */
usec_t incident_not_before(const void *ctx, uint16_t policy, const InstanceKey *key);

/* For a RankVeto: whether a process or its class is left alone for a while. ctx is a DecideVeto. A
 * spent budget is no veto: the guilty class would hand its place to an innocent one. */
typedef struct DecideVeto {
        const IncidentBook *book;
        usec_t now_usec;
        uint16_t policy_plus_one; /* who asks; 0: what holds for all */
} DecideVeto;

static inline uint16_t decide_asks(uint16_t policy) {
        return (uint16_t) (policy + 1);
}

Refusal decide_veto(const void *ctx, const ProcSample *proc);
Refusal decide_veto_group(const void *ctx, const GroupSample *group);

/* What a ranking asks: what is remembered, and whom somebody protects. Borrows the veto. */
static inline RankVeto decide_ask(const DecideVeto *veto) {
        return (RankVeto){ decide_veto, decide_veto_group, veto, &veto->book->steering,
                veto->now_usec };
}

/* Working memory of decide; the caller makes it once. */
typedef struct DecideScratch {
        Candidate *candidates; /* as many as limits.processes */
        size_t size;
        Candidate best[64];
        size_t n_best;          /* of the last ranking, for explain */
        GroupCandidate *groups; /* as many as limits.cgroups; NULL: no cgroup is ever a target */
        size_t groups_size;
        GroupCandidate best_groups[16];
        size_t n_best_groups;
} DecideScratch;

/* One tick: takes in the outcomes since the last one, moves incidents on, writes the plan. dry:
 * steps are planned, reported and marked as dry. */
void decide(const Config *config, const Sample *s, const Verdict *verdicts, size_t n_verdicts,
        const Outcome *outcomes, size_t n_outcomes, bool dry, IncidentBook *book,
        DecideScratch *scratch, Plan *ret);

/* Moves a book to a new config after a reload: incidents whose policy (by name) still exists go on
 * under the new index, the others are closed (an event each in ret). Nothing is ordered: what is
 * owed because of it, leases and hints, the next decide() orders. */
void incident_book_rebase(
        IncidentBook *book, const Config *from, const Config *to, usec_t now_usec, Plan *ret);
