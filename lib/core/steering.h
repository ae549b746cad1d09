/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What somebody who steers asked of judging: a pause, and who is left alone for a while. Plain
 * memory that main makes and judging reads; knows neither how it was asked for nor who may ask.
 * Pure.
 *
 * (1) What is over by the clock is over, forgotten or not. (2) A ward is one process, told from a
 * later user of its pid by the time of its start, or everybody in a unit of the system manager, or
 * everybody in a cgroup and below it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/text.h"
#include "core/sample.h"

#define STEERING_WARDS_MAX 32
#define STEERING_TEXT_MAX 1100 /* of ward_print(), all of its name escaped */

typedef enum WardKind {
        WARD_PROCESS,
        WARD_UNIT,
        WARD_CGROUP,
        _WARD_MAX,
} WardKind;

typedef struct Ward {
        uint64_t id; /* never twice in a Steering; given by steering_protect() */
        WardKind kind;
        int32_t pid;
        uint64_t start_ticks;
        char name[256];    /* unit, whole name; or path of the cgroup below the cgroup2 mount */
        usec_t until_usec; /* CLOCK_MONOTONIC; USEC_UNSET: until it is taken back */
        uint32_t by_uid;
} Ward;

typedef struct Steering {
        usec_t paused_until_usec; /* CLOCK_MONOTONIC; 0: not paused */
        uint32_t paused_by_uid;
        uint64_t last_id;
        Ward wards[STEERING_WARDS_MAX];
        size_t n_wards; /* of the array in use; the rest is all zeros */
} Steering;

/* True while no step but notify may be taken. */
bool steering_is_paused(const Steering *s, usec_t now_usec);

void steering_pause(Steering *s, usec_t until_usec, uint32_t by_uid);

/* False when it was not paused. */
bool steering_resume(Steering *s, usec_t now_usec);

/* Takes a ward in; a second time it is renewed. False when there is no place left. */
bool steering_protect(Steering *s, const Ward *ward);

/* Lets go who is the same by kind and name or pid; false when there is none. */
bool steering_unprotect(Steering *s, const Ward *ward);

/* Drops what is over. Returns how many wards. */
size_t steering_forget(Steering *s, usec_t now_usec);

/* Why this process, or whole cgroup, is left alone: itself, or what it lives in; NULL: it is not.
 */
const Ward *steering_find(const Steering *s, const ProcFacts *proc, usec_t now_usec);
const Ward *steering_find_group(const Steering *s, const GroupFacts *group, usec_t now_usec);

/* The same of a cgroup, its unit and all processes of the sample that live in it or below it. */
const Ward *steering_find_inside(
        const Steering *s, const Sample *sample, const GroupSample *group, usec_t now_usec);

/* How many processes of the sample it covers. */
size_t ward_count(const Ward *w, const Sample *sample);

/* "pid 4312", "unit ssh.service", "cgroup /user.slice". */
void ward_print(const Ward *w, TextBuf *out);

/* "process", "unit", "cgroup": stable, for JSON. */
const char *ward_kind_name(WardKind kind);
