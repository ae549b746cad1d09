/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Conditions against a sample: which policy instances are true, clear, armed. Pure and without
 * memory: how long something has been true is the incident book's business (incident.h).
 * Three-valued: a value whose source is missing, suspect or too young is unknown, so is its
 * negation, and only true fires. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "core/sample.h"

typedef enum Truth {
        TRUTH_FALSE,
        TRUTH_TRUE,
        TRUTH_UNKNOWN,
} Truth;

/* "false", "true", "unknown": literal. */
const char *truth_name(Truth t);

/* What a verdict is about, within its policy. */
typedef struct InstanceKey {
        WatchKind watch;
        uint32_t slot; /* watch: process, cgroup, unit */
        uint32_t generation;
        uint32_t uid; /* watch: user */
} InstanceKey;

bool instance_key_equals(const InstanceKey *a, const InstanceKey *b);

#define VERDICT_ATOMS_MAX 12

typedef struct AtomReading {
        const Atom *atom;
        Reading reading;
        Truth truth;
        bool decisive; /* it is (part of) why the whole is what it is: not of a branch that plays no
                          role */
} AtomReading;

typedef struct Verdict {
        uint16_t policy; /* index into Config.policies */
        InstanceKey key;
        int32_t proc;  /* index into Sample.procs for watch: process, else -1 */
        int32_t group; /* index into Sample.groups for watch: cgroup and unit, else -1 */
        Truth when;
        Truth clear; /* of the explicit `clear`, or of the negated relaxed `when` */
        bool armed;  /* near enough that processes must be read */
        AtomReading atoms[VERDICT_ATOMS_MAX]; /* of `when`, in the order written */
        size_t n_atoms;
} Verdict;

/* What a condition is about besides the system: at most one of them is not NULL. */
typedef struct Instance {
        const ProcSample *proc;
        const UserSample *user;
        const GroupSample *group;
} Instance;

/* The reading of a metric for one instance; unknown when the scope does not fit. */
Reading evaluate_metric(const Sample *s, MetricId metric, const Instance *instance);

/* What a cgroup may be charged: the tightest memory.max from it up, or all memory; bytes. */
uint64_t evaluate_group_limit(const Sample *s, const GroupSample *g);

/* Evaluates one condition. Windows that began before not_before_usec count as unknown (0: all are
 * good). */
Truth evaluate_condition(
        const Condition *c, const Sample *s, const Instance *instance, usec_t not_before_usec);

/* Asked for each instance: from which moment on its windows count (the end of the last step's
 * settling). */
typedef usec_t (*EvaluateNotBefore)(const void *ctx, uint16_t policy, const InstanceKey *key);

/* All policies, in the order of the config; instances of one policy largest first, at most
 * config->limits.instances verdicts in all and never more than cap. Returns the number written to
 * ret; *ret_dropped (may be NULL) counts instances beyond the bound. */
size_t evaluate(const Config *config, const Sample *s, EvaluateNotBefore not_before,
        const void *ctx, Verdict *ret, size_t cap, size_t *ret_dropped);

/* True when any policy needs the amounts of processes now: it is armed, or it has watch: process or
 * user without a system atom and tick.process is over. A policy about cgroups needs them when it
 * would act on one of the sample's cgroups soon. */
bool evaluate_needs_processes(const Config *config, const Sample *s, usec_t last_read_usec);

/* True when any policy needs the amounts of cgroups now: one about cgroups that is armed, or that
 * names no reading of the system (then at each sample, for when that comes was chosen for it), or
 * because processes are needed. last_read_usec: when they were last read, USEC_UNSET: never. */
bool evaluate_needs_groups(const Config *config, const Sample *s, usec_t last_read_usec);

/* True when a cgroup that policies may be about was charged so much since its memory.stat was read
 * that nobody knows any more how much of it can be reclaimed: a thirty-second part of its limit. */
bool evaluate_needs_stat(const Config *config, const Sample *s);

/* When the next sample is due, microseconds after s->raw.at_usec: from the headroom to the nearest
 * threshold and the measured fill rate (or, if it may fill faster than was measured, the machine's
 * ceiling), within tick.min and tick.max; tick.min while something is true, held or in flight
 * (busy). A cgroup has a headroom of its own, at its own growth; one that did not grow may begin
 * to, and is then met after tick.process. */
usec_t evaluate_next_tick(
        const Config *config, const Sample *s, const Verdict *verdicts, size_t n, bool busy);
