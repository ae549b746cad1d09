/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What avertd and its helper for units say to each other, a line each way, and which units are
 * refused. Pure: neither side trusts the other's text.
 *
 *     stop UNIT MILLISECONDS | restart UNIT MILLISECONDS
 *     done | late | refused ERRNO [words for people] */

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/text.h"

#define UNIT_NAME_SIZE 256 /* systemd's UNIT_NAME_MAX, with the NUL */
#define UNIT_LINE_MAX 512  /* with the newline */
#define UNIT_TIMEOUT_MAX_USEC (5 * USEC_PER_MIN)

typedef enum UnitVerb {
        UNIT_STOP,
        UNIT_RESTART,
        _UNIT_VERB_MAX,
} UnitVerb;

typedef struct UnitRequest {
        UnitVerb verb;
        char unit[UNIT_NAME_SIZE];
        usec_t timeout_usec;
} UnitRequest;

const char *unit_verb_name(UnitVerb verb);

/* A name that systemd takes (see unit_name_is_valid() there), of a service or a scope; no template
 * without an instance. */
bool unit_name_is_valid(const char *name);

/* Whether the machine would hang together no more without it: the managers, the bus, storage below
 * the file systems, ourselves. */
bool unit_is_vital(const char *name);

/* One line without its newline. 0; -EINVAL malformed; -EPERM a vital unit; -EOPNOTSUPP the restart
 * of a scope, which nobody can start again. *ret is untouched on failure. */
int unit_request_parse(const char *text, size_t len, UnitRequest *ret);

/* With its newline. The time is rounded up to 1 ms and cut to UNIT_TIMEOUT_MAX_USEC. */
void unit_request_print(const UnitRequest *request, TextBuf *ret);

/* What became of it: UNIT_DONE, UNIT_LATE, or the negative errno that it was refused with. */
enum { UNIT_DONE = 0, UNIT_LATE = 1 };

/* One line without its newline. 0 or -EINVAL, *ret untouched. */
int unit_answer_parse(const char *text, size_t len, int *ret);

/* With its newline; words (may be NULL) are told with a refusal. */
void unit_answer_print(int answer, const char *words, TextBuf *ret);
