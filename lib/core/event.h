/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is told to people and programs: one fixed-size record per thing that happened, complete in
 * itself, so that it can cross threads and outlive the sample it came from. Made by decide and by
 * the engine, printed by the sinks. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/config.h"
#include "core/lease.h"
#include "core/rank.h"
#include "core/sample.h"

typedef enum EventKind {
        EVENT_STARTED, /* text: what was found and what is missing */
        EVENT_STOPPING,
        EVENT_RELOADED,
        EVENT_RELOAD_REFUSED,  /* text: the first error */
        EVENT_SOURCE_DEGRADED, /* text: source, why, consequence */
        EVENT_SOURCE_RESTORED,
        EVENT_INCIDENT_OPENED,
        EVENT_INCIDENT_REOPENED, /* within cooldown: same incident */
        EVENT_INCIDENT_CLOSED,
        EVENT_NOTIFY,         /* the notify step */
        EVENT_STEP_TAKEN,     /* it was begun (or would be: dry) */
        EVENT_STEP_ESCALATED, /* grace over: SIGKILL */
        EVENT_STEP_DONE,      /* outcome known: freed against promised */
        EVENT_STEP_FAILED,    /* refused, stuck, useless: why in text */
        EVENT_STEP_SKIPPED,   /* left out: why in text */
        EVENT_LEASE_RETURNED, /* the old value is back: why in text */
        EVENT_LEASE_RENEWED, /* the value from before a limit was written: ours is in force again */
        EVENT_LEASE_FOREIGN, /* somebody else wrote the file meanwhile: theirs stays */
        EVENT_LEASE_DROPPED, /* the cgroup is gone: there is nothing to give back */
        EVENT_LIVELOCK,      /* a throttle that helped nobody: it is returned */
        EVENT_HINT,          /* programs were asked to give memory back, or that is over */
        EVENT_CAPTURED,
        EVENT_COMMAND_ANSWERED,
        EVENT_NO_USEFUL_VICTIM,
        EVENT_BUDGET_SPENT,
        EVENT_KERNEL_OOM, /* the kernel killed: our miss */
        EVENT_PAUSED,     /* somebody wants no step taken for a while: text */
        EVENT_RESUMED,    /* that is over: why in text */
        EVENT_PROTECTED,  /* somebody wants somebody left alone: text */
        EVENT_UNPROTECTED,
        EVENT_RIVAL, /* another daemon of this kind is active */
        EVENT_LOST,  /* records were dropped: count in `count` */
        _EVENT_MAX,
} EventKind;

/* "incident-opened": stable, for JSON, bus and journal. */
const char *event_name(EventKind kind);

/* "medium"; "none" when it is over. */
const char *event_hint_name(HintLevel level);

#define EVENT_CANDIDATES_MAX 5
#define EVENT_LEFT_ALONE 2 /* of them, for who may not be taken and is largest */

/* A process; as a candidate also a whole cgroup, which has no pid and no comm. */
typedef struct EventProcess {
        int32_t pid; /* 0: none */
        uint32_t uid;
        char comm[16];
        char unit[64]; /* system or user unit; cut if longer */
        char cgroup[128];
        uint64_t rss, anon, swap, gained;
        int64_t score;
        Refusal refusal;
} EventProcess;

/* A cgroup, as an instance of a policy or as a target. */
typedef struct EventGroup {
        char path[128];       /* below the cgroup2 mount; "": none; cut if longer */
        char unit[64];        /* system or user unit that it is; "": none */
        uint32_t n_processes; /* known ones, in it and below it */
        uint64_t current, usage, limit, gained;
} EventGroup;

typedef struct Event {
        EventKind kind;
        NotifyLevel level;
        usec_t at_usec;       /* CLOCK_MONOTONIC */
        usec_t realtime_usec; /* filled by the reporter */
        uint64_t serial;      /* filled by the reporter */
        bool dry;
        bool critical;
        uint64_t incident; /* 0: none */
        char policy[POLICY_NAME_MAX];
        StepKind step;
        bool has_step;
        int signo;
        HintLevel hint;    /* EVENT_HINT; HINT_NONE: it is over */
        bool has_file;     /* the next three mean something */
        LeaseFile file;    /* that is leased */
        uint64_t value;    /* what is written there; UINT64_MAX is "max" */
        usec_t lease_usec; /* for how long at most; 0: as long as the policy is in force */
        EventProcess target;
        EventGroup group;   /* what an incident is about, or the cgroup that a step takes whole */
        uint32_t n_members; /* of a tree or a cgroup */
        uint32_t n_unreached;
        uint64_t promised;
        uint64_t freed;
        usec_t took_usec;
        int error; /* errno of a refusal */
        uint64_t count;
        uint64_t mem_available, mem_total, swap_free, swap_total;
        EventProcess candidates[EVENT_CANDIDATES_MAX]; /* the ranking behind the choice */
        size_t n_candidates;
        char reason[256]; /* "mem.available 3.1% < 6% for 1 s, swap.free 2% < 10%" */
        char text[512];   /* whatever else the kind needs, in plain words */
} Event;

/* The one plain sentence of an event, as the journal shows it:
 * `terminated chrome (pid 4312, 6.1 GiB, app-chrome.scope): mem.available 3.1% < 6% for 1 s
 * [host-exhaustion]` */
void event_print(const Event *e, TextBuf *out);
