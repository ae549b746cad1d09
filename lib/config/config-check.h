/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What only shows when the parts are put together: promise 1, thresholds that contradict each
 * other, ladders that go down, names used twice. Internal to the loader. */

#include "config/config-draft.h"

/* Checks everything that was read. Findings go to the loader. 0 or -ENOMEM. */
int config_check(Loader *l);

/* The steps of one policy: their order, settings that contradict each other, steps that its kind of
 * target cannot take. 0 or -ENOMEM. */
int steps_check(Loader *l, const PolicyDraft *draft);

/* The conditions of one policy: scopes, impossible and contradictory thresholds, `clear` against
 * `when`, promise 1. `tick` is the effective one. 0 or -ENOMEM. */
int condition_check(Loader *l, const PolicyDraft *draft, const TickConfig *tick);
