/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a reaper does to a cgroup that harms nobody in it: reclaim, and the leases of
 * lease-ledger.h. May hang in the kernel: never on the sentinel. */

#include "engine/reaper.h"

/* When the thread is to be called back from the kernel. */
usec_t reaper_lease_deadline(const ReaperJob *job, usec_t now_usec);

/* Runs a job of kind RECLAIM, LEASE or RETURN. Outcomes: DONE (value: bytes that came back; what
 * the file held before avert), LATE (reclaim: bytes so far), FOREIGN, GONE, REFUSED with its error:
 * EALREADY where a limit is lower already, EBUSY while another reaper hangs in the same record.
 * What cannot be given back is still owed. A RETURN that overtakes its LEASE undoes it: that is
 * FOREIGN. */
Outcome reaper_lease_run(const ReaperOps *ops, const ReaperJob *job, usec_t now_usec);

/* The part that waits for nobody: nothing is done. REFUSED, EBUSY. */
Outcome reaper_lease_refuse(const ReaperJob *job, usec_t now_usec);
