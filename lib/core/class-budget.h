/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How many destructive steps each class of target has cost, per policy. A class that was widened to
 * a larger kind of target counts afresh there. */

#include "core/decide.h"

/* True when the policy's budget for this class and kind is used up. */
bool class_budget_is_spent(const IncidentBook *book, const Policy *policy, uint16_t index,
        uint64_t class_hash, TargetKind kind, usec_t now_usec);

/* Counts one step. */
void class_budget_count(IncidentBook *book, const Policy *policy, uint16_t index,
        uint64_t class_hash, TargetKind kind, usec_t now_usec);
