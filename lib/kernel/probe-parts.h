/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts of probe_run(), for probe.c alone. Each sets the items it is named after. */

#include "base/macro.h"
#include "kernel/probe.h"

/* Sets one item, with the reason; the consequence follows from id and state. */
void probe_set(Probe *probe, ProbeId id, ProbeState state, const char *why, ...) _printf_(4, 5);

void probe_system_files(
        const SysRoot *root, Probe *probe); /* meminfo, vmstat, zoneinfo, swap, zram, ARC */
void probe_pressure(const SysRoot *root, Probe *probe);
void probe_cgroups(const SysRoot *root, Probe *probe);
void probe_processes(const SysRoot *root, Probe *probe);
void probe_system_calls(const SysRoot *root, Probe *probe); /* pidfd, process_mrelease */
void probe_capabilities(const SysRoot *root, Probe *probe);
