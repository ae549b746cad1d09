/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The budgets of classes in the ledger's file, so that a daemon that was killed has not its steps
 * to spend again. Plain stores and no lock; each is safe against a kill after it: what is half
 * written has no times yet. */

#include "config/config.h"
#include "core/decide.h"
#include "engine/lease-ledger.h"

/* Sentinel, after each judgement: writes what has changed since. */
void ledger_budgets_save(LeaseLedger *l, const Config *config, const IncidentBook *book);

/* Before the first judgement: takes over what was spent within the last hour by policies that the
 * config still has. The book has no budgets yet. Returns how many. */
size_t ledger_budgets_load(
        LeaseLedger *l, const Config *config, usec_t now_usec, IncidentBook *book);
