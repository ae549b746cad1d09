/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The orders of a destructive step: signals to who is still there, or an errand to the service
 * manager. */

#include "core/judge.h"

/* Orders the signal for everybody who is still there. */
void flight_order(Judge *j, Flight *f, int signo);

/* Gives the last order again, which nobody could take on; its deadlines go on. */
void flight_order_again(Judge *j, Flight *f);

/* Asks for a restart or stop of the target's unit. index: of the policy's step. The plan has room.
 */
void flight_order_errand(
        Judge *j, Flight *f, const Incident *i, uint16_t index, const Target *target);
