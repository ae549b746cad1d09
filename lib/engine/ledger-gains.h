/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kept processes and cgroups have held over the last hour, in the ledger's file, so that a
 * daemon that was killed still knows who gained. Plain stores and no call into the kernel; of what
 * is half written when the daemon is killed nothing is known, as of who was born since. Who
 * somebody is: pid and start time, the inode of a cgroup's directory; the file is of this boot. */

#include "core/history.h"
#include "engine/lease-ledger.h"

/* Sentinel, after each judgement: writes what has changed of those that were read for it. */
void ledger_gains_save(LeaseLedger *l, const History *h, const Sample *s);

/* Before the first judgement that counts, with a sample that the history has taken in: takes over
 * what is not older than an hour. */
void ledger_gains_load(LeaseLedger *l, const Sample *s, History *h);
