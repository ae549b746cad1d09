/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whom the steps of an incident fall on: the choice (choice.h) for its policy and instance, with
 * the target that it has already. */

#include "core/choice.h"
#include "core/judge.h"

/* Who would be taken. A target that the incident had and that may not be taken any more is given
 * up, and the next one enters the ladder where it does. */
void pick_target(Judge *j, Incident *i, const Verdict *v, Choice *ret);

/* The candidates alone, whoever has the ladder. */
void pick_rank(Judge *j, const Incident *i, const Verdict *v);

/* The best of them, and the largest that are left alone, for who is told. */
void pick_list(const Judge *j, const Incident *i, Event *e);

/* The cgroup that may be taken for the choice though nobody is ended: the one that it takes or was
 * to take whole; of a policy that watches cgroups with a kind of cgroups, the instance itself, even
 * if its end would free little. NULL: none. */
const GroupSample *pick_group(
        const Judge *j, const Verdict *v, const Incident *i, const Choice *choice);

/* The instance itself, for what is done to each of them; NULL, with the reason, when it may not be
 * touched. */
const GroupSample *pick_instance(
        Judge *j, const Incident *i, const Verdict *v, Refusal *ret_refusal);

/* Turns the choice into the whole unit of the system manager that it is or lies in. False when
 * there is none that may be taken. */
bool pick_unit(Judge *j, Incident *i, const Verdict *v, Choice *choice);

/* The next larger target than the choice's, as choice_widen() has it. */
bool pick_wider(const Judge *j, const Incident *i, const Verdict *v, const Choice *choice,
        TargetKind kind, Target *ret);

/* The target is this one from now on. */
void pick_keep(const Judge *j, Incident *i, const Target *target);
void pick_keep_group(Incident *i, const GroupSample *group);

/* Where the next target of an incident enters its ladder: at the first destructive step already
 * reached, with the evidence and the commands right before it; before any was reached, at the first
 * step that falls on somebody. */
uint32_t pick_entry(const Policy *p, const Incident *i);

/* Gives the target up: its leases are returned, the next one enters. why: a literal. */
void pick_release(Judge *j, Incident *i, const char *why);
