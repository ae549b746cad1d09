/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/judge.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMELINE_MAX 4096
#define SLOW_USEC 2000000 /* 6.1 loses stall time to whoever reads a pressure file more often */

static int meminfo_fd, vmstat_fd, psi_memory_fd, psi_io_fd;
static GuestPage *heartbeat;
static Moment timeline[TIMELINE_MAX];
static size_t n_timeline;

/* With the space, which ends a name: some are the beginning of others. */
static const char *const slow_keys[_SLOW_MAX] = {
        [SLOW_ACTIVE_FILE] = "nr_active_file ",
        [SLOW_INACTIVE_FILE] = "nr_inactive_file ",
        [SLOW_REFAULT] = "workingset_refault_file ",
        [SLOW_ACTIVATE] = "workingset_activate_file ",
        [SLOW_RESTORE] = "workingset_restore_file ",
        [SLOW_MAJOR_FAULTS] = "pgmajfault ",
};

uint64_t judge_read_number(int fd, const char *key) {
        char buf[8192];
        ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);
        const char *at;

        if (n <= 0)
                return 0;
        buf[n] = '\0';
        at = strstr(buf, key);
        return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

void judge_ask(const char *command, char *ret, size_t size) {
        FILE *f = popen(command, "re");

        ret[0] = '\0';
        if (f && !fgets(ret, (int) size, f))
                ret[0] = '\0';
        if (f)
                pclose(f);
        ret[strcspn(ret, "\n")] = '\0';
}

int judge_open_cgroup_file(pid_t pid, const char *file, char *ret_path, size_t size) {
        char path[512], line[300] = "";
        FILE *f;

        snprintf(path, sizeof(path), "/proc/%d/cgroup", (int) pid);
        f = fopen(path, "re");
        while (f && fgets(line, sizeof(line), f) && strncmp(line, "0::", 3) != 0)
                line[0] = '\0';
        if (f)
                fclose(f);
        if (line[0] == '\0')
                return -1;
        line[strcspn(line, "\n")] = '\0';
        snprintf(ret_path, size, "%s", line + 3);
        snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", line + 3, file);
        return open(path, O_RDONLY | O_CLOEXEC);
}

void machine_open(void) {
        meminfo_fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
        vmstat_fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
        psi_memory_fd = open("/proc/pressure/memory", O_RDONLY | O_CLOEXEC);
        psi_io_fd = open("/proc/pressure/io", O_RDONLY | O_CLOEXEC);
        heartbeat = guest_page_map("heartbeat");
        if (!heartbeat)
                fputs("judge: there is no heartbeat\n", stderr);
}

uint64_t machine_heartbeat_gap(void) {
        uint64_t now = guest_now_usec(), last, longest;

        if (!heartbeat || heartbeat->beats == 0)
                return UINT64_MAX;
        last = heartbeat->last_usec;
        longest = heartbeat->longest_usec;
        return now > last && now - last > longest ? now - last : longest;
}

uint64_t machine_missed_beats(void) {
        return heartbeat ? heartbeat->missed : 0;
}

void machine_reset_heartbeat(void) {
        if (!heartbeat)
                return;
        heartbeat->longest_usec = 0;
        heartbeat->missed = 0;
}

uint64_t machine_oom_kills(void) {
        return judge_read_number(vmstat_fd, "oom_kill ");
}

static uint64_t total_behind(const char *text, const char *kind) {
        const char *at = strstr(text, kind);

        at = at ? strstr(at, "total=") : NULL;
        return at ? strtoull(at + 6, NULL, 10) : 0;
}

void machine_read_stalls(uint64_t *ret) {
        const int fds[] = { psi_memory_fd, psi_io_fd };

        for (int i = 0; i < 2; i++) {
                char buf[512];
                ssize_t n = pread(fds[i], buf, sizeof(buf) - 1, 0);

                buf[n > 0 ? n : 0] = '\0';
                ret[STALL_MEMORY_SOME + 2 * i] = total_behind(buf, "some");
                ret[STALL_MEMORY_FULL + 2 * i] = total_behind(buf, "full");
        }
}

uint64_t machine_total_kib(void) {
        return judge_read_number(meminfo_fd, "MemTotal:");
}

uint64_t machine_available_kib(void) {
        return judge_read_number(meminfo_fd, "MemAvailable:");
}

static void read_slow(uint64_t *ret) {
        machine_read_stalls(ret + SLOW_STALLS);
        for (int i = SLOW_ACTIVE_FILE; i < _SLOW_MAX; i++)
                ret[i] = judge_read_number(vmstat_fd, slow_keys[i]);
}

void machine_note_moment(uint64_t start_usec) {
        static uint64_t slow_at_usec, slow[_SLOW_MAX];
        uint64_t now = guest_now_usec();
        Moment *m;

        if (n_timeline == TIMELINE_MAX)
                return;
        m = &timeline[n_timeline++];
        if (now >= slow_at_usec + SLOW_USEC) {
                slow_at_usec = now;
                read_slow(slow);
        }
        m->at_usec = now - start_usec;
        m->available_kib = machine_available_kib();
        m->swap_free_kib = judge_read_number(meminfo_fd, "SwapFree:");
        memcpy(m->slow, slow, sizeof(m->slow));
}

size_t machine_timeline(const Moment **ret) {
        *ret = timeline;
        return n_timeline;
}

void machine_write_timeline(void) {
        FILE *f = fopen(GUEST_DIR "/timeline.csv", "we");

        if (!f)
                return;
        fputs("at_usec,available_kib,swap_free_kib,psi_memory_some_usec,psi_memory_full_usec,"
              "psi_io_some_usec,psi_io_full_usec",
                f);
        for (int i = SLOW_ACTIVE_FILE; i < _SLOW_MAX; i++)
                fprintf(f, ",%s", slow_keys[i]);
        for (size_t i = 0; i < n_timeline; i++) {
                fprintf(f, "\n%llu,%llu,%llu", (unsigned long long) timeline[i].at_usec,
                        (unsigned long long) timeline[i].available_kib,
                        (unsigned long long) timeline[i].swap_free_kib);
                for (int k = 0; k < _SLOW_MAX; k++)
                        fprintf(f, ",%llu", (unsigned long long) timeline[i].slow[k]);
        }
        fputs("\n", f);
        fclose(f);
}
