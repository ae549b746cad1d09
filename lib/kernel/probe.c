/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/probe.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "kernel/probe-parts.h"

typedef struct Source {
        const char *name;
        const char *if_degraded;
        const char *if_absent;
} Source;

static const Source sources[_PROBE_MAX] = {
        [PROBE_MEMINFO] = { "meminfo", "the clamped values count as unknown",
                "mem.* and swap.* are unknown: no policy can act" },
        [PROBE_VMSTAT] = { "vmstat", "what is missing counts as unknown",
                "kernel OOM kills are not counted; refault.* and reclaim.* are unknown" },
        [PROBE_PSI_MEMORY] = { "psi.memory", "",
                "psi.memory.* is unknown: trouble shows in amounts and their speed alone" },
        [PROBE_PSI_IO] = { "psi.io", "", "psi.io.* is unknown" },
        [PROBE_PSI_CPU] = { "psi.cpu", "", "psi.cpu.* is unknown" },
        [PROBE_PSI_TRIGGERS] = { "psi.triggers",
                "pressure wakes avert up to 2 s later; the timer goes on as before",
                "pressure does not wake avert; the timer goes on as before" },
        [PROBE_SWAPS] = { "swaps", "",
                "swap devices are unknown: swap on zram counts at its face value" },
        [PROBE_ZRAM] = { "zram", "swap on zram counts at its face value", "" },
        [PROBE_ZONEINFO] = { "zoneinfo", "", "the kernel's own watermarks are unknown" },
        [PROBE_ARC] = { "arc", "the ZFS cache counts as used memory", "" },
        [PROBE_CGROUP2] = { "cgroup2", "",
                "matches on cgroup, unit, slice and container select nothing" },
        [PROBE_CGROUP_MEMORY] = { "cgroup.memory",
                "limits and usage of cgroups are unknown where it is not enabled",
                "limits and usage of cgroups are unknown" },
        [PROBE_CGROUP_KILL] = { "cgroup.kill", "",
                "cgroups are ended process by process; who forks in between may be missed" },
        [PROBE_PROCESSES] = { "processes", "what is hidden is neither counted nor chosen",
                "no process is seen, none can be chosen" },
        [PROBE_PIDFD] = { "pidfd", "", "no process can be signalled safely: avert observes only" },
        [PROBE_MRELEASE] = { "process_mrelease", "",
                "a victim's memory comes back only as fast as it exits by itself" },
        [PROBE_CAP_KILL] = { "cap.kill", "", "only processes of avert's own user can be ended" },
        [PROBE_CAP_SYS_RESOURCE] = { "cap.sys_resource", "",
                "pressure triggers are coarse and can be blinded by any user" },
        [PROBE_CAP_SYS_PTRACE] = { "cap.sys_ptrace", "",
                "exe of other users' processes is unknown, and hidepid hides them" },
        [PROBE_CAP_DAC_OVERRIDE] = { "cap.dac_override", "",
                "cgroup files of other users cannot be written" },
        [PROBE_CAP_IPC_LOCK] = { "cap.ipc_lock", "",
                "avert's own memory may be reclaimed when it is needed most" },
};

void probe_set(Probe *probe, ProbeId id, ProbeState state, const char *why, ...) {
        ProbeItem *item = &probe->items[id];
        va_list ap;

        assert(id < _PROBE_MAX && state < _PROBE_STATE_MAX);
        item->state = state;
        item->consequence = state == PROBE_DEGRADED ? sources[id].if_degraded
                : state == PROBE_ABSENT             ? sources[id].if_absent
                                                    : "";

        va_start(ap, why);
        (void) vsnprintf(
                item->why, sizeof(item->why), why, ap); /* cut when long: text for people */
        va_end(ap);
}

void probe_run(const SysRoot *root, Probe *ret) {
        Probe probe = { 0 };

        for (ProbeId id = 0; id < _PROBE_MAX; id++) {
                probe.items[id].name = sources[id].name;
                probe_set(&probe, id, PROBE_ABSENT, "not asked");
        }

        probe_capabilities(root, &probe);
        probe_system_files(root, &probe);
        probe_pressure(root, &probe);
        probe_cgroups(root, &probe);
        probe_processes(root, &probe);
        probe_system_calls(root, &probe);
        *ret = probe;
}

bool probe_is_lack(const Probe *probe, ProbeId id) {
        bool is_luxury = id == PROBE_SWAPS || id == PROBE_ZRAM || id == PROBE_ARC;
        ProbeState state = probe->items[id].state;

        return state == PROBE_DEGRADED || (state == PROBE_ABSENT && !is_luxury);
}

const char *probe_state_to_string(ProbeState state) {
        static const char *const names[_PROBE_STATE_MAX] = {
                [PROBE_PRESENT] = "present",
                [PROBE_DEGRADED] = "degraded",
                [PROBE_ABSENT] = "absent",
        };

        assert(state < _PROBE_STATE_MAX);
        return names[state];
}
