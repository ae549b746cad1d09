/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/diagnosis.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/text.h"
#include "engine/rival.h"
#include "kernel/own-cgroup.h"
#include "kernel/proc-list.h"
#include "kernel/proc-stat.h"
#include "kernel/proc.h"
#include "kernel/sysroot.h"

#define PSI_FIX "a kernel with CONFIG_PSI, booted with psi=1"
#define V2_FIX "boot with systemd.unified_cgroup_hierarchy=1"
#define PROC_FIX "mount /proc whole, or with hidepid=0"
#define UNIT_FIX "start avertd by its unit; in a container, give it the capability"

/* Users from here on are people. Who copied a tree owns all that is in it. */
#define FIRST_PERSON 1000

static const char *const fixes[_PROBE_MAX] = {
        [PROBE_MEMINFO] = PROC_FIX,
        [PROBE_VMSTAT] = PROC_FIX,
        [PROBE_PSI_MEMORY] = PSI_FIX,
        [PROBE_PSI_IO] = PSI_FIX,
        [PROBE_PSI_CPU] = PSI_FIX,
        [PROBE_PSI_TRIGGERS] = "CAP_SYS_RESOURCE, which the unit gives",
        [PROBE_ZONEINFO] = PROC_FIX,
        [PROBE_CGROUP2] = V2_FIX,
        [PROBE_CGROUP_MEMORY] = V2_FIX,
        [PROBE_CGROUP_KILL] = "Linux 5.14",
        [PROBE_PROCESSES] = PROC_FIX,
        [PROBE_PIDFD] = "Linux 5.3; allow pidfd_open and pidfd_send_signal in the filter",
        [PROBE_MRELEASE] = "Linux 5.15; allow process_mrelease in the filter",
        [PROBE_CAP_KILL] = UNIT_FIX,
        [PROBE_CAP_SYS_RESOURCE] = UNIT_FIX,
        [PROBE_CAP_SYS_PTRACE] = UNIT_FIX,
        [PROBE_CAP_DAC_OVERRIDE] = UNIT_FIX,
        [PROBE_CAP_IPC_LOCK] = UNIT_FIX,
};

static Finding *add(Diagnosis *d, const char *name, ProbeState state, bool is_lack) {
        Finding *f = &d->findings[d->n++];

        *f = (Finding){ .name = name, .state = state, .is_lack = is_lack, .fix = "" };
        d->n_lacks += is_lack;
        return f;
}

/* Only the machine itself can say. */
static bool is_of_the_running(ProbeId id) {
        return id == PROBE_PSI_TRIGGERS || id == PROBE_PIDFD || id == PROBE_MRELEASE ||
                id >= PROBE_CAP_KILL;
}

static void add_probe(Diagnosis *d, const Probe *probe, bool foreign) {
        for (ProbeId id = 0; id < _PROBE_MAX; id++) {
                const ProbeItem *item = &probe->items[id];
                bool is_lack = probe_is_lack(probe, id);
                Finding *f;

                if (foreign && is_of_the_running(id))
                        continue;
                f = add(d, item->name, item->state, is_lack);
                (void) text_copy(f->why, sizeof(f->why), item->why);
                if (!is_lack)
                        continue;
                (void) text_copy(f->consequence, sizeof(f->consequence),
                        item->consequence ? item->consequence : "");
                f->fix = fixes[id] ? fixes[id] : "";
        }
}

static void add_mode(Diagnosis *d) {
        CgroupDiscovery c;
        Finding *f;
        TextBuf b;

        cgroup_discover(&c);
        f = add(d, "cgroup.mode",
                c.mode == CGROUP_MODE_V2           ? PROBE_PRESENT
                        : c.mode == CGROUP_MODE_V1 ? PROBE_DEGRADED
                                                   : PROBE_ABSENT,
                c.mode != CGROUP_MODE_V2);
        textbuf_init(&b, f->why, sizeof(f->why));
        cgroup_discovery_print(&c, &b);
        if (!f->is_lack)
                return;
        (void) text_copy(f->consequence, sizeof(f->consequence),
                "no step on a cgroup is possible, and commands have no cgroup of their own");
        f->fix = V2_FIX;
}

/* Anybody can call a program so; one that acts on others runs as root or as a user of the system.
 */
static bool is_rival(const SysRoot *root, pid_t pid, ProcStat *ret) {
        _cleanup_close_ int dir_fd = FD_NONE;
        struct stat st;

        return proc_dir_open(root->proc_fd, pid, &dir_fd) == PROC_OK && fstat(dir_fd, &st) == 0 &&
                (st.st_uid < FIRST_PERSON || root->foreign) &&
                proc_stat_read_at(dir_fd, ret) == PROC_OK && rival_is_named(ret->comm);
}

static void add_rivals(Diagnosis *d, const SysRoot *root) {
        _cleanup_close_ int list_fd = proc_list_open(root->proc_fd, ".");
        alignas(8) char room[4096];
        char who[128] = "";
        ProcList list;
        ProcStat stat;
        Finding *f;
        TextBuf b;
        pid_t pid;

        textbuf_init(&b, who, sizeof(who));
        if (list_fd >= 0 && proc_list_init(&list, list_fd, room, sizeof(room)) == 0)
                while (proc_list_next(&list, &pid) > 0)
                        if (is_rival(root, pid, &stat))
                                textbuf_addf(&b, "%s%s (pid %d)", b.len ? ", " : "", stat.comm,
                                        (int) pid);
        f = add(d, "rivals", b.len ? PROBE_DEGRADED : PROBE_PRESENT, b.len > 0);
        if (b.len == 0)
                return;
        (void) snprintf(f->why, sizeof(f->why), "active as well: %s", who);
        (void) text_copy(f->consequence, sizeof(f->consequence),
                "both may act on one shortage, and neither can tell what the other has freed");
        f->fix = "let only one of them kill: systemctl disable --now the other";
}

int diagnose(const char *root, Diagnosis *ret) {
        SysRoot sys = SYSROOT_INIT;
        Probe probe;
        int r;

        r = sysroot_open(root, &sys);
        if (r < 0)
                return r;
        *ret = (Diagnosis){ 0 };
        probe_run(&sys, &probe);
        add_probe(ret, &probe, sys.foreign);
        if (!sys.foreign)
                add_mode(ret);
        add_rivals(ret, &sys);
        sysroot_done(&sys);
        return 0;
}
