/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who a process is: made from stat, status, cgroup, exe and oom_score_adj of one process directory.
 * Opens files; for the scout's thread. Knows nothing of amounts. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/sample.h"
#include "engine/facts-strings.h"
#include "kernel/proc-stat.h"
#include "kernel/proc-status.h"
#include "kernel/sysroot.h"

typedef struct FactsReader {
        const SysRoot *root;
        FactStrings *strings;
        uint64_t ticks_per_sec; /* of start times: sysconf(_SC_CLK_TCK) */
} FactsReader;

/* Reads what stat and status, which the caller has read through the same descriptor, do not tell,
 * and makes the facts. The process, its mm_group, cmdline and self are the caller's to fill in.
 * PROC_OK (the caller owns *ret: facts_free()), PROC_GONE, or negative errno (-ENOMEM, -EMFILE).
 * What may not be read is left empty: no reason to overlook a process. */
int facts_read(const FactsReader *reader, int pid_fd, const ProcStat *stat,
        const ProcStatus *status, ProcFacts **ret);

/* A copy to change and publish, with references of its own. NULL without memory. */
ProcFacts *facts_copy(FactStrings *strings, const ProcFacts *facts);

ProcFacts *facts_free(FactStrings *strings, ProcFacts *facts);

/* Replaces one of the texts; hashes are not touched. 0 or -ENOMEM. */
int facts_set_cmdline(FactStrings *strings, ProcFacts *facts, const char *cmdline, size_t len);

/* Whether two of the same process say the same (mm_group, cmdline and self aside): no need to
 * publish. */
bool facts_equal(const ProcFacts *a, const ProcFacts *b);

/* "pts/3", "tty1", "ttyS0", "204:64" for a device number as stat has it; "" for 0. */
void facts_tty_name(int tty_nr, char *buf, size_t size);
