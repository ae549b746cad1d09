/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-status.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/fdio.h"
#include "base/lines.h"
#include "base/number.h"
#include "kernel/keyvalue.h"
#include "kernel/proc.h"

/* Numbers as they stand there; what needs more than a number is taken by take_word(). */
typedef struct Scan {
        ProcStatus status;
        KeyScan keys;
        uint64_t tgid, ppid, kthread, core_dumping;
        uint32_t have; /* of take_word() */
} Scan;

static const KeySpec specs[] = {
        KEY_COUNT("Tgid", Scan, tgid, PROC_STATUS_TGID),
        KEY_COUNT("PPid", Scan, ppid, PROC_STATUS_PPID),
        KEY_COUNT("Kthread", Scan, kthread, PROC_STATUS_KTHREAD),
        KEY_KIB("VmLck", Scan, status.locked_bytes, PROC_STATUS_LOCKED),
        KEY_KIB("VmHWM", Scan, status.hwm_bytes, PROC_STATUS_HWM),
        KEY_KIB("VmRSS", Scan, status.rss_bytes, PROC_STATUS_RSS),
        KEY_KIB("RssAnon", Scan, status.anon_bytes, PROC_STATUS_ANON),
        KEY_KIB("RssFile", Scan, status.file_bytes, PROC_STATUS_FILE),
        KEY_KIB("RssShmem", Scan, status.shmem_bytes, PROC_STATUS_SHMEM),
        KEY_KIB("VmStk", Scan, status.stack_bytes, PROC_STATUS_STACK),
        KEY_KIB("VmPTE", Scan, status.page_tables_bytes, PROC_STATUS_PAGE_TABLES),
        KEY_KIB("VmSwap", Scan, status.swap_bytes, PROC_STATUS_SWAP),
        KEY_KIB("HugetlbPages", Scan, status.hugetlb_bytes, PROC_STATUS_HUGETLB),
        KEY_COUNT("CoreDumping", Scan, core_dumping, PROC_STATUS_CORE_DUMPING),
        KEY_COUNT("Threads", Scan, status.threads, PROC_STATUS_THREADS),
};

static bool next_id(Slice *rest, uint32_t *ret) {
        uint64_t n;
        Slice word;

        if (!slice_next_word(rest, &word) ||
                number_scan_u64(word.at, word.len, &n) != (int) word.len || n > UINT32_MAX)
                return false;
        *ret = (uint32_t) n;
        return true;
}

static bool parse_hex(Slice rest, uint64_t *ret) {
        uint64_t n = 0;
        Slice word;

        if (!slice_next_word(&rest, &word) || word.len > 16)
                return false;

        for (size_t i = 0; i < word.len; i++) {
                char c = word.at[i];

                if (c >= '0' && c <= '9')
                        n = n << 4 | (uint64_t) (c - '0');
                else if (c >= 'a' && c <= 'f')
                        n = n << 4 | (uint64_t) (c - 'a' + 10);
                else
                        return false;
        }
        *ret = n;
        return true;
}

/* "NSpid: 4711 12 1": the number in each pid namespace from ours inwards. */
static bool parse_nspid(Slice rest, ProcStatus *s) {
        uint32_t number = 0;
        unsigned depth = 0;

        while (next_id(&rest, &number))
                depth++;
        if (depth == 0)
                return false;

        s->ns_depth = depth;
        s->is_ns_init = number == 1;
        return true;
}

/* True when the line was one of those that hold more than one number. */
static bool take_word(Scan *s, Slice key, Slice value) {
        ProcStatus *status = &s->status;
        uint32_t bit = 0;
        Slice word;

        if (slice_equals(key, SLICE("State"))) {
                if (slice_next_word(&value, &word)) {
                        status->state = *word.at;
                        bit = PROC_STATUS_STATE;
                }
        } else if (slice_equals(key, SLICE("Uid"))) {
                if (next_id(&value, &status->uid) && next_id(&value, &status->euid))
                        bit = PROC_STATUS_UID;
                if (!next_id(&value, &status->suid))
                        status->suid = (uid_t) -1;
        } else if (slice_equals(key, SLICE("Gid"))) {
                if (next_id(&value, &status->gid))
                        bit = PROC_STATUS_GID;
        } else if (slice_equals(key, SLICE("NSpid"))) {
                if (parse_nspid(value, status))
                        bit = PROC_STATUS_NSPID;
        } else if (slice_equals(key, SLICE("CapEff"))) {
                if (parse_hex(value, &status->cap_eff))
                        bit = PROC_STATUS_CAP_EFF;
        } else
                return false;

        s->have |= bit;
        return true;
}

static void take_line(Scan *s, Slice line) {
        Slice key, value;

        if (keyvalue_split(line, &key, &value) && !take_word(s, key, value))
                keyvalue_take(&s->keys, line, s);
}

static int finish(Scan *s, ProcStatus *ret) {
        ProcStatus *status = &s->status;
        uint64_t impossible = s->keys.overflowed;

        for (size_t i = 0; i < ELEMENTS(specs); i++)
                if (specs[i].bits & impossible)
                        memset((char *) s + specs[i].offset, 0, sizeof(uint64_t));
        status->have = s->have | (uint32_t) (s->keys.have & ~impossible);
        if (!(status->have & PROC_STATUS_STATE) || !(status->have & PROC_STATUS_UID))
                return -EBADMSG;

        status->tgid = s->tgid <= INT_MAX ? (pid_t) s->tgid : 0;
        status->ppid = s->ppid <= INT_MAX ? (pid_t) s->ppid : 0;
        status->is_kthread = s->kthread != 0;
        status->core_dumping = s->core_dumping != 0;
        *ret = *status;
        return 0;
}

static void begin(Scan *s) {
        *s = (Scan){ .keys = { .specs = specs, .n = ELEMENTS(specs) } };
}

int proc_status_parse(const char *text, ProcStatus *ret) {
        Slice rest = slice_of(text), line;
        Scan s;

        begin(&s);
        while (slice_next_line(&rest, &line))
                take_line(&s, line);
        return finish(&s, ret);
}

int proc_status_read_fd(int fd, ProcStatus *ret) {
        char buf[2048];
        Lines lines;
        Slice line;
        Scan s;
        int r;

        begin(&s);
        lines_init(&lines, fd, buf, sizeof(buf), true);
        while ((r = lines_next(&lines, &line)) > 0)
                take_line(&s, line);
        return r < 0 ? proc_outcome(r) : finish(&s, ret);
}

int proc_status_read_at(int pid_fd, ProcStatus *ret) {
        _cleanup_close_ int fd = fdio_open_at(pid_fd, "status");

        return fd < 0 ? proc_outcome(fd) : proc_status_read_fd(fd, ret);
}
