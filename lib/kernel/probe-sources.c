/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "kernel/arcstats.h"
#include "kernel/cgroup-list.h"
#include "kernel/meminfo.h"
#include "kernel/probe-parts.h"
#include "kernel/psi.h"
#include "kernel/swaps.h"
#include "kernel/vmstat.h"
#include "kernel/zoneinfo.h"
#include "kernel/zram.h"

static void set_unreadable(Probe *probe, const SysRoot *root, ProbeId id, int r) {
        if (r == -ENOENT && root->mounts.processes_only)
                probe_set(probe, id, PROBE_ABSENT, "/proc is mounted with subset=pid");
        else if (r == -EBADMSG)
                probe_set(probe, id, PROBE_ABSENT, "the file does not say what it should");
        else
                probe_set(probe, id, PROBE_ABSENT, "cannot be read: %s", strerror(-r));
}

static void probe_meminfo(const SysRoot *root, Probe *probe) {
        _cleanup_close_ int fd = fdio_open_at(root->proc_fd, "meminfo");
        MemInfo m;
        int r;

        r = fd < 0 ? fd : meminfo_read_fd(fd, &m);
        if (r < 0)
                set_unreadable(probe, root, PROBE_MEMINFO, r);
        else if (m.suspect & MEMINFO_SWAP_FREE)
                probe_set(
                        probe, PROBE_MEMINFO, PROBE_DEGRADED, "SwapFree is larger than SwapTotal");
        else if (m.suspect)
                probe_set(probe, PROBE_MEMINFO, PROBE_DEGRADED, "parts are larger than the whole");
        else
                probe_set(probe, PROBE_MEMINFO, PROBE_PRESENT, "%s", "");
}

static void probe_vmstat(const SysRoot *root, Probe *probe) {
        _cleanup_close_ int fd = fdio_open_at(root->proc_fd, "vmstat");
        VmStat v;
        int r;

        r = fd < 0 ? fd : vmstat_read_fd(fd, &v);
        if (r < 0)
                set_unreadable(probe, root, PROBE_VMSTAT, r);
        else if (!(v.have & VMSTAT_OOM_KILL))
                probe_set(probe, PROBE_VMSTAT, PROBE_DEGRADED, "no oom_kill counter (before 4.13)");
        else if (!(v.have & VMSTAT_REFAULT_FILE))
                probe_set(probe, PROBE_VMSTAT, PROBE_DEGRADED, "no refault counters");
        else if (v.have & VMSTAT_REFAULT_UNSPLIT)
                probe_set(probe, PROBE_VMSTAT, PROBE_DEGRADED,
                        "refaults of files and of anonymous memory are one counter (before 5.9)");
        else
                probe_set(probe, PROBE_VMSTAT, PROBE_PRESENT, "%s", "");
}

static void probe_zoneinfo(const SysRoot *root, Probe *probe) {
        _cleanup_close_ int fd = fdio_open_at(root->proc_fd, "zoneinfo");
        Zoneinfo z;
        int r;

        r = fd < 0 ? fd : zoneinfo_read_fd(fd, &z);
        if (r < 0)
                set_unreadable(probe, root, PROBE_ZONEINFO, r);
        else
                probe_set(probe, PROBE_ZONEINFO, PROBE_PRESENT, "%s", "");
}

static int read_zram(const SysRoot *root, int number) {
        _cleanup_close_ int fd = zram_open_at(root->sys_fd, number);
        ZramStat stat;

        return fd < 0 ? fd : zram_read_fd(fd, &stat);
}

static void probe_swap(const SysRoot *root, Probe *probe) {
        _cleanup_close_ int fd = fdio_open_at(root->proc_fd, "swaps");
        unsigned zrams = 0, unreadable = 0;
        Swaps swaps;
        int r;

        r = fd < 0 ? fd : swaps_read_fd(fd, &swaps);
        if (r < 0) {
                set_unreadable(probe, root, PROBE_SWAPS, r);
                probe_set(probe, PROBE_ZRAM, PROBE_ABSENT, "swap devices are unknown");
                return;
        }
        probe_set(probe, PROBE_SWAPS, PROBE_PRESENT, "%s", "");

        for (size_t i = 0; i < swaps.n; i++)
                if (swaps.devices[i].zram != SWAP_NOT_ZRAM) {
                        zrams++;
                        if (read_zram(root, swaps.devices[i].zram) != ZRAM_OK)
                                unreadable++;
                }
        if (zrams == 0)
                probe_set(probe, PROBE_ZRAM, PROBE_ABSENT, "no swap lives on zram");
        else if (unreadable > 0)
                probe_set(probe, PROBE_ZRAM, PROBE_DEGRADED,
                        "mm_stat of %u of %u zram devices cannot be read", unreadable, zrams);
        else
                probe_set(probe, PROBE_ZRAM, PROBE_PRESENT, "%s", "");
}

static void probe_arc(const SysRoot *root, Probe *probe) {
        _cleanup_close_ int fd = FD_NONE;
        ArcStats stats;
        int r;

        r = arcstats_open_at(root->proc_fd, &fd);
        if (r == ARC_OK)
                r = arcstats_read_fd(fd, &stats);

        if (r == ARC_ABSENT)
                probe_set(probe, PROBE_ARC, PROBE_ABSENT, "ZFS is not loaded");
        else if (r < 0)
                probe_set(probe, PROBE_ARC, PROBE_DEGRADED, "arcstats cannot be read: %s",
                        strerror(-r));
        else
                probe_set(probe, PROBE_ARC, PROBE_PRESENT, "%s", "");
}

void probe_system_files(const SysRoot *root, Probe *probe) {
        probe_meminfo(root, probe);
        probe_vmstat(root, probe);
        probe_zoneinfo(root, probe);
        probe_swap(root, probe);
        probe_arc(root, probe);
}

static void probe_pressure_file(const SysRoot *root, Probe *probe, ProbeId id, const char *name) {
        PsiStats stats;
        int r = psi_read_at(root->proc_fd, name, &stats);

        if (r == PSI_OK)
                probe_set(probe, id, PROBE_PRESENT, "%s", "");
        else if (r == PSI_UNSUPPORTED)
                probe_set(probe, id, PROBE_ABSENT,
                        "the kernel was booted with psi=0: add psi=1 to its command line instead");
        else if (r == PSI_GONE && !root->mounts.processes_only)
                probe_set(probe, id, PROBE_ABSENT,
                        "the kernel has no /proc/%s: add psi=1 to its command line, if it was "
                        "built with PSI",
                        name);
        else
                set_unreadable(probe, root, id, r > 0 ? -ENOENT : r);
}

static void probe_triggers(const SysRoot *root, Probe *probe) {
        PsiTrigger trigger = PSI_TRIGGER_INIT;
        int r;

        if (root->foreign) {
                probe_set(probe, PROBE_PSI_TRIGGERS, PROBE_ABSENT, "not this machine");
                return;
        }

        r = psi_trigger_open(root->proc_fd, "pressure/memory", PSI_STALL_SOME, 100 * USEC_PER_MSEC,
                USEC_PER_SEC, &trigger);
        probe->trigger_mode = r == PSI_OK ? trigger.mode : PSI_TRIGGER_NONE;
        psi_trigger_done(&trigger);

        if (r == PSI_OK && probe->trigger_mode == PSI_TRIGGER_PRIVILEGED)
                probe_set(probe, PROBE_PSI_TRIGGERS, PROBE_PRESENT, "%s", "");
        else if (r == PSI_OK)
                probe_set(probe, PROBE_PSI_TRIGGERS, PROBE_DEGRADED,
                        "without CAP_SYS_RESOURCE the kernel grants windows of 2 s only");
        else if (r == PSI_REFUSED)
                probe_set(probe, PROBE_PSI_TRIGGERS, PROBE_ABSENT,
                        "the kernel refuses them without CAP_SYS_RESOURCE");
        else if (r > 0)
                probe_set(probe, PROBE_PSI_TRIGGERS, PROBE_ABSENT, "no memory pressure file");
        else
                probe_set(probe, PROBE_PSI_TRIGGERS, PROBE_ABSENT, "cannot be armed: %s",
                        strerror(-r));
}

void probe_pressure(const SysRoot *root, Probe *probe) {
        probe_pressure_file(root, probe, PROBE_PSI_MEMORY, "pressure/memory");
        probe_pressure_file(root, probe, PROBE_PSI_IO, "pressure/io");
        probe_pressure_file(root, probe, PROBE_PSI_CPU, "pressure/cpu");
        probe_triggers(root, probe);
}

static bool lists_memory(int cgroup_fd, const char *name, int *ret_error) {
        Slice rest, word;
        char buf[512];
        ssize_t n;

        n = fdio_read_at(cgroup_fd, name, buf, sizeof(buf));
        *ret_error = n < 0 ? (int) n : 0;
        if (n < 0)
                return false;

        rest = (Slice){ buf, strcspn(buf, "\n") };
        while (slice_next_word(&rest, &word))
                if (slice_equals(word, SLICE("memory")))
                        return true;
        return false;
}

/* The root has no such file: its first child tells. */
static void probe_cgroup_kill(const SysRoot *root, Probe *probe) {
        _Alignas(8) char buf[4096];
        _cleanup_close_ int root_fd = FD_NONE, dir_fd = FD_NONE;
        const char *name;
        CgroupList list;
        int r;

        root_fd = fdio_open_dir_at(root->cgroup_fd, ".");
        r = root_fd < 0 ? root_fd : cgroup_list_init(&list, root_fd, buf, sizeof(buf));
        if (r == 0)
                r = cgroup_list_next(&list, &name);
        if (r == 0) {
                probe_set(probe, PROBE_CGROUP_KILL, PROBE_ABSENT, "there is no cgroup to ask");
                return;
        }
        if (r > 0)
                r = dir_fd = fdio_open_dir_at(root_fd, name);
        if (r < 0)
                probe_set(probe, PROBE_CGROUP_KILL, PROBE_ABSENT, "cannot be looked for: %s",
                        strerror(-r));
        else if (faccessat(dir_fd, "cgroup.kill", F_OK, 0) < 0)
                probe_set(probe, PROBE_CGROUP_KILL, PROBE_ABSENT,
                        "the kernel has no cgroup.kill (before 5.14)");
        else
                probe_set(probe, PROBE_CGROUP_KILL, PROBE_PRESENT, "%s", "");
}

void probe_cgroups(const SysRoot *root, Probe *probe) {
        int error;

        if (root->cgroup_fd < 0) {
                probe_set(probe, PROBE_CGROUP2, PROBE_ABSENT, "no cgroup2 file system is mounted");
                probe_set(probe, PROBE_CGROUP_MEMORY, PROBE_ABSENT,
                        "no cgroup2 file system is mounted");
                probe_set(probe, PROBE_CGROUP_KILL, PROBE_ABSENT,
                        "no cgroup2 file system is mounted");
                return;
        }
        probe_set(probe, PROBE_CGROUP2, PROBE_PRESENT, "%s", "");
        probe_cgroup_kill(root, probe);

        if (root->mounts.v1_memory)
                probe_set(probe, PROBE_CGROUP_MEMORY, PROBE_ABSENT,
                        "the memory controller belongs to cgroup v1: boot with "
                        "cgroup_no_v1=memory");
        else if (!lists_memory(root->cgroup_fd, "cgroup.controllers", &error))
                probe_set(probe, PROBE_CGROUP_MEMORY, PROBE_ABSENT,
                        error ? "cgroup.controllers cannot be read: %s"
                              : "the kernel was booted without it%s: drop cgroup_disable=memory, "
                                "or add "
                                "cgroup_enable=memory",
                        error ? strerror(-error) : "");
        else if (!lists_memory(root->cgroup_fd, "cgroup.subtree_control", &error))
                probe_set(probe, PROBE_CGROUP_MEMORY, PROBE_DEGRADED,
                        "the memory controller is not enabled below the root");
        else
                probe_set(probe, PROBE_CGROUP_MEMORY, PROBE_PRESENT, "%s", "");
}
