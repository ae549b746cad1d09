/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/vmstat.h"

#include <errno.h>

#include "base/lines.h"
#include "base/number.h"
#include "kernel/keyvalue.h"

static const KeySpec specs[] = {
        /* Before 5.9 one counter stood for both kinds. */
        KEY_COUNT("workingset_refault", VmStat, refault_file,
                VMSTAT_REFAULT_FILE | VMSTAT_REFAULT_UNSPLIT),
        KEY_COUNT("workingset_restore", VmStat, restore_file,
                VMSTAT_RESTORE_FILE | VMSTAT_REFAULT_UNSPLIT),
        KEY_COUNT("workingset_refault_anon", VmStat, refault_anon, VMSTAT_REFAULT_ANON),
        KEY_COUNT("workingset_refault_file", VmStat, refault_file, VMSTAT_REFAULT_FILE),
        KEY_COUNT("workingset_restore_anon", VmStat, restore_anon, VMSTAT_RESTORE_ANON),
        KEY_COUNT("workingset_restore_file", VmStat, restore_file, VMSTAT_RESTORE_FILE),
        KEY_COUNT("pswpin", VmStat, swap_in, VMSTAT_SWAP_IN),
        KEY_COUNT("pswpout", VmStat, swap_out, VMSTAT_SWAP_OUT),
        KEY_COUNT("pgmajfault", VmStat, majfault, VMSTAT_MAJFAULT),
        KEY_COUNT("pgsteal_kswapd", VmStat, steal_kswapd, VMSTAT_STEAL_KSWAPD),
        KEY_COUNT("pgsteal_direct", VmStat, steal_direct, VMSTAT_STEAL_DIRECT),
        KEY_COUNT("pgsteal_khugepaged", VmStat, steal_khugepaged, VMSTAT_STEAL_KHUGEPAGED),
        KEY_COUNT("pgscan_kswapd", VmStat, scan_kswapd, VMSTAT_SCAN_KSWAPD),
        KEY_COUNT("pgscan_direct", VmStat, scan_direct, VMSTAT_SCAN_DIRECT),
        KEY_COUNT("pgscan_khugepaged", VmStat, scan_khugepaged, VMSTAT_SCAN_KHUGEPAGED),
        KEY_COUNT("oom_kill", VmStat, oom_kill, VMSTAT_OOM_KILL),
        KEY_COUNT("compact_stall", VmStat, compact_stall, VMSTAT_COMPACT_STALL),
};

/* allocstall_normal, allocstall_movable ...: one per zone type of the machine. */
static void add_allocstall(KeyScan *keys, Slice line, VmStat *v) {
        Slice key, value;
        uint64_t n;

        if (!slice_starts_with(line, SLICE("allocstall")) || !keyvalue_split(line, &key, &value) ||
                keyvalue_number(value, false, &n) < 0)
                return;

        v->allocstall = add_sat_u64(v->allocstall, n);
        keys->have |= VMSTAT_ALLOCSTALL;
}

static int finish(VmStat *v, const KeyScan *keys, VmStat *ret) {
        if (keys->have == 0)
                return -EBADMSG;

        v->have = (uint32_t) keys->have;
        *ret = *v;
        return 0;
}

int vmstat_parse(const char *text, VmStat *ret) {
        KeyScan keys = { .specs = specs, .n = ELEMENTS(specs) };
        Slice rest = slice_of(text), line;
        VmStat v = { 0 };

        while (slice_next_line(&rest, &line)) {
                keyvalue_take(&keys, line, &v);
                add_allocstall(&keys, line, &v);
        }
        return finish(&v, &keys, ret);
}

int vmstat_read_fd(int fd, VmStat *ret) {
        KeyScan keys = { .specs = specs, .n = ELEMENTS(specs) };
        VmStat v = { 0 };
        char buf[4096];
        Lines lines;
        Slice line;
        int r;

        lines_init(&lines, fd, buf, sizeof(buf), false);
        while ((r = lines_next(&lines, &line)) > 0) {
                keyvalue_take(&keys, line, &v);
                add_allocstall(&keys, line, &v);
        }
        return r < 0 ? r : finish(&v, &keys, ret);
}
