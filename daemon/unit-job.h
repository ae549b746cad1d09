/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A job of systemd's for one unit, from the order to its end. Waits: for a program of its own. */

#include <systemd/sd-bus.h>

#include "daemon/unit-request.h"

/* Orders it from the manager at the other end of the connection and waits until the job is over or
 * deadline_usec (CLOCK_MONOTONIC) has come: the job then goes on. UNIT_DONE, UNIT_LATE, or what it
 * was refused with: -ENOENT no such unit is loaded, -EPERM vital under its own name or not to be
 * stopped by hand, -ECANCELED another job took its place, -ETIMEDOUT or -EIO the job failed,
 * another negative errno. Words about it go to *ret_words.
 *
 * restart is TryRestartUnit: what somebody has stopped meanwhile is not started again. */
int unit_job_run(
        sd_bus *manager, const UnitRequest *request, usec_t deadline_usec, TextBuf *ret_words);
