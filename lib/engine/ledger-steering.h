/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Pauses and wards in the ledger's file, so that a daemon that was killed does not forget whom it
 * was asked to leave alone. Main only. Safe against a kill after each store: what is half written
 * has no seal, and nothing was asked for. */

#include "core/steering.h"
#include "engine/lease-ledger.h"

void ledger_steering_save(LeaseLedger *l, const Steering *steering);

/* True when there is something that was saved whole; then *ret. What is over by now is not taken
 * out. */
bool ledger_steering_load(LeaseLedger *l, Steering *ret);
