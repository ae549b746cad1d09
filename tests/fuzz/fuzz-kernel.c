/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every parser of lib/kernel on the same bytes, as text and through its reader, which must agree;
 * and what base does with foreign text. */

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/glob.h"
#include "base/text.h"
#include "base/utf8.h"
#include "kernel/arcstats.h"
#include "kernel/cgroup-memory.h"
#include "kernel/cgroup-path.h"
#include "kernel/cgroup-stat.h"
#include "kernel/cgroup-state.h"
#include "kernel/escape.h"
#include "kernel/meminfo.h"
#include "kernel/mount-table.h"
#include "kernel/proc-cgroup.h"
#include "kernel/proc-children.h"
#include "kernel/proc-cmdline.h"
#include "kernel/proc-exe.h"
#include "kernel/proc-limits.h"
#include "kernel/proc-oom.h"
#include "kernel/proc-stat.h"
#include "kernel/proc-statm.h"
#include "kernel/proc-status.h"
#include "kernel/proc.h"
#include "kernel/psi.h"
#include "kernel/swaps.h"
#include "kernel/vmstat.h"
#include "kernel/zoneinfo.h"
#include "kernel/zram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parses and reads into two objects that were filled with the same byte: equal results, and nothing
 * touched on failure. Readers whose buffer is filled to the brim say so instead. */
#define COMPARE(Type, parse, read_fd)                                                              \
        do {                                                                                       \
                Type parsed, read_back, untouched;                                                 \
                int a, b;                                                                          \
                                                                                                   \
                memset(&untouched, 0x5a, sizeof(untouched));                                       \
                parsed = read_back = untouched;                                                    \
                a = parse(text, &parsed);                                                          \
                b = read_fd(fd, &read_back);                                                       \
                if (a < 0)                                                                         \
                        assert(memcmp(&parsed, &untouched, sizeof(parsed)) == 0);                  \
                if (b != 0)                                                                        \
                        assert(memcmp(&read_back, &untouched, sizeof(read_back)) == 0);            \
                if (comparable)                                                                    \
                        assert(a == b || b == -EOVERFLOW);                                         \
        } while (0)

/* Lines within what the readers' buffers hold, and no NUL, at which a text ends but a file does
 * not. */
static bool is_comparable(const uint8_t *data, size_t size) {
        size_t line = 0;

        for (size_t i = 0; i < size; i++) {
                line = data[i] == '\n' ? 0 : line + 1;
                if (data[i] == '\0' || line > 900)
                        return false;
        }
        return true;
}

static int memory_file(const uint8_t *data, size_t size) {
        int fd = memfd_create("input", MFD_CLOEXEC);

        if (fd < 0 || write(fd, data, size) != (ssize_t) size)
                abort();
        return fd;
}

static void check_files(const char *text, int fd, bool comparable) {
        COMPARE(MemInfo, meminfo_parse, meminfo_read_fd);
        COMPARE(VmStat, vmstat_parse, vmstat_read_fd);
        COMPARE(Swaps, swaps_parse, swaps_read_fd);
        COMPARE(ZramStat, zram_parse, zram_read_fd);
        COMPARE(Zoneinfo, zoneinfo_parse, zoneinfo_read_fd);
        COMPARE(ArcStats, arcstats_parse, arcstats_read_fd);
        COMPARE(PsiStats, psi_parse, psi_read_fd);
        COMPARE(ProcStat, proc_stat_parse, proc_stat_read_fd);
        COMPARE(ProcStatm, proc_statm_parse, proc_statm_read_fd);
        COMPARE(ProcStatus, proc_status_parse, proc_status_read_fd);
        COMPARE(int, proc_oom_parse, proc_oom_read_fd);
        COMPARE(uint64_t, cgroup_value_parse, cgroup_value_read_fd);
        COMPARE(CgroupEvents, cgroup_events_parse, cgroup_events_read_fd);
        COMPARE(CgroupStat, cgroup_stat_parse, cgroup_stat_read_fd);
        COMPARE(CgroupState, cgroup_state_parse, cgroup_state_read_fd);
}

static void check_invariants(const char *text) {
        MemInfo m;
        Swaps swaps;
        ArcStats arc;
        ProcLimits limits;
        MountTable mounts;
        pid_t children[16];
        int n_children;

        if (meminfo_parse(text, &m) == 0) {
                assert(m.total_bytes > 0);
                assert(m.available_bytes <= m.total_bytes && m.free_bytes <= m.total_bytes);
                assert(m.swap_free_bytes <= m.swap_total_bytes);
                assert(m.hugetlb_bytes <= m.total_bytes && (m.suspect & ~m.have) == 0);
        }
        if (swaps_parse(text, &swaps) == 0) {
                assert(swaps.n <= SWAPS_MAX && swaps.used_bytes <= swaps.size_bytes);
                for (size_t i = 0; i < swaps.n; i++)
                        assert(memchr(swaps.devices[i].name, '\0', SWAP_NAME_MAX));
        }
        n_children = proc_children_parse(text, children, ELEMENTS(children));
        for (int i = 0; i < n_children; i++)
                assert(children[i] > 0);
        if (arcstats_parse(text, &arc) == 0)
                assert(arc.reclaimable_bytes <= arc.size_bytes);
        if (mount_table_parse(text, &mounts) == 0)
                assert(memchr(mounts.cgroup2, '\0', sizeof(mounts.cgroup2)));
        (void) proc_limits_parse(text, &limits); /* must not crash, no more is known of it */
}

static bool lies_within(Slice part, const char *text) {
        return part.len == 0 || (part.at >= text && part.at + part.len <= text + strlen(text));
}

static void check_paths(char *text) {
        static char path[PROC_CGROUP_PATH_MAX];
        CgroupOwner owner;
        bool deleted;

        if (proc_cgroup_parse(text, path, sizeof(path), &deleted) == 0)
                assert(path[0] == '/' && strlen(path) < sizeof(path));

        cgroup_path_parse(text, &owner);
        assert(lies_within(owner.unit, text) && lies_within(owner.slice, text));
        assert(lies_within(owner.user_unit, text) && lies_within(owner.container, text));
        assert(lies_within(owner.pod, text));
        assert(cgroup_path_is_below(text, text));
        (void) proc_exe_cut_deleted(text); /* works in place */
}

/* The first line is a pattern, the second a text. */
static void check_glob(const char *text) {
        char pattern[64], subject[256];
        Slice rest = slice_of(text), line;

        if (!slice_next_line(&rest, &line) || line.len >= sizeof(pattern))
                return;
        memcpy(pattern, line.at, line.len);
        pattern[line.len] = '\0';
        (void) text_copy(
                subject, sizeof(subject), text + MIN(strlen(text), line.len + 1)); /* cut is fine */

        assert(glob_match("**", subject, GLOB_PATH) && glob_match("*", subject, GLOB_TEXT));
        if (glob_match(pattern, subject, GLOB_PATH) && !strstr(pattern, "**"))
                assert(glob_match(pattern, subject, GLOB_TEXT)); /* which forbids less */
        (void) glob_is_valid(pattern);
}

static void check_escaping(const char *data, size_t size) {
        char shown[128], cut[32];
        TextBuf b;

        textbuf_init(&b, shown, sizeof(shown));
        textbuf_add_escaped(&b, data, size);
        assert(b.len < sizeof(shown) && shown[b.len] == '\0' && strlen(shown) == b.len);
        for (size_t i = 0; i < b.len;) {
                size_t n = utf8_sequence(shown + i, b.len - i);

                assert(n > 0 && !utf8_is_steering(shown + i, n));
                i += n;
        }
        (void) escape_undo((Slice){ data, size }, cut, sizeof(cut)); /* cut is fine */
        assert(memchr(cut, '\0', sizeof(cut)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_close_ int fd = memory_file(data, size);
        _cleanup_free_ char *text = malloc(size + 1);

        if (!text)
                abort();
        memcpy(text, data, size);
        text[size] = '\0';

        check_files(text, fd, is_comparable(data, size));
        check_invariants(text);
        check_glob(text);
        check_escaping(text, size);
        check_paths(text);
        (void) proc_cmdline_join(text, size); /* works in place */
        return 0;
}
