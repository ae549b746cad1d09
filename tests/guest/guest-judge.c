/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The witness of a guest scenario. It starts the guilty process and, until some time after that
 * one's end, notes what happens: who dies, how far memory falls, how long the heartbeat stops,
 * whether the kernel had to kill. Then it writes everything to the result disk and switches the
 * guest off. It only reports; what is right is decided outside, by tests/guest/run.
 *
 *   guest-judge [calm=MS] [limit=MS] [linger=MS]
 *
 * It must see it all when the memory is gone: locked into memory, everything it reads is open
 * beforehand, and it starts nothing between the load's first page and the end. */

#include "tests/guest/guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RESULT_DISK "/dev/vdb"
#define FLAG_KTHREAD 0x00200000UL /* PF_KTHREAD in field 9 of stat */
#define PEOPLE_MAX 512
#define TIMELINE_MAX 2048
#define STEP_MSEC 50

typedef struct Person {
        int pid;
        unsigned long long start_ticks;
        char comm[17];
} Person;

typedef struct Moment {
        uint64_t at_usec;
        uint64_t available_kib;
        uint64_t swap_free_kib;
        uint64_t psi_full_usec;
} Moment;

typedef struct Judge {
        uint64_t calm_msec;
        uint64_t limit_msec;
        uint64_t linger_msec;

        int meminfo_fd;
        int vmstat_fd;
        int psi_fd;
        GuestHeartbeat *heartbeat;

        Person people[PEOPLE_MAX];
        size_t n_people;
        Moment timeline[TIMELINE_MAX];
        size_t n_timeline;

        int guilty_pid;
        int guilty_pidfd;
        uint64_t started_usec;
        uint64_t ended_usec; /* 0: still there */
        uint64_t oom_kills_before;
        uint64_t oom_kills_after;
        uint64_t calm_gap_usec;
        uint64_t worst_gap_usec;
} Judge;

static Judge judge = {
        .calm_msec = 2000,
        .limit_msec = 25000,
        .linger_msec = 2000,
        .guilty_pidfd = -1,
};

static void note(const char *text) {
        fprintf(stderr, "judge: %s\n", text);
}

/* Runs a command for its output; the trial is not going on. */
static void run(const char *command) {
        if (system(command) != 0)
                fprintf(stderr, "judge: failed: %s\n", command);
}

static uint64_t read_number(int fd, const char *key) {
        char buf[8192];
        ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);
        const char *at;

        if (n <= 0)
                return 0;
        buf[n] = '\0';
        at = strstr(buf, key);
        return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* False for what is no longer there, for kernel threads, and for ourselves. */
static bool read_person(int pid, Person *ret) {
        unsigned long flags;
        char path[64], buf[1024], *name, *end;
        Person p = { .pid = pid };
        ssize_t n;
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        n = read(fd, buf, sizeof(buf) - 1);
        close(fd);
        if (n <= 0)
                return false;
        buf[n] = '\0';

        name = strchr(buf, '(');
        end = strrchr(buf, ')');
        if (!name || !end || end[1] == '\0' || end[2] == 'Z')
                return false;
        if (sscanf(end + 2,
                    "%*c %*d %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
                    "%llu",
                    &flags, &p.start_ticks) != 2)
                return false;
        if ((flags & FLAG_KTHREAD) != 0 || pid == getpid())
                return false;

        *end = '\0';
        snprintf(p.comm, sizeof(p.comm), "%.16s", name + 1);
        for (char *c = p.comm; *c; c++)
                if (*c < ' ' || *c == '"' || *c == '\\' || *c > '~')
                        *c = '?';
        *ret = p;
        return true;
}

/* Everybody who is there before the trial is expected to be there after it. */
static void count_people(Judge *j) {
        struct dirent *entry;
        DIR *dir = opendir("/proc");

        while (dir && (entry = readdir(dir))) {
                int pid = atoi(entry->d_name);

                if (pid > 0 && j->n_people < PEOPLE_MAX &&
                        read_person(pid, &j->people[j->n_people]))
                        j->n_people++;
        }
        if (dir)
                closedir(dir);
}

static int read_pid(const char *name) {
        char path[256], text[32] = "";
        ssize_t n;
        int fd;

        snprintf(path, sizeof(path), GUEST_DIR "/%s.pid", name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return 0;
        n = read(fd, text, sizeof(text) - 1);
        close(fd);
        return n > 0 ? atoi(text) : 0;
}

static void open_sources(Judge *j) {
        int fd;

        j->meminfo_fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
        j->vmstat_fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
        j->psi_fd = open("/proc/pressure/memory", O_RDONLY | O_CLOEXEC);

        fd = open(GUEST_DIR "/heartbeat", O_RDWR | O_CLOEXEC);
        if (fd >= 0) {
                void *page = mmap(
                        NULL, sizeof(GuestHeartbeat), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

                j->heartbeat = page == MAP_FAILED ? NULL : page;
                close(fd);
        }
        if (!j->heartbeat)
                note("there is no heartbeat");
        if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
                note("cannot lock memory");
}

/* The longest gap so far, one that has not ended included. */
static uint64_t heartbeat_gap(const Judge *j) {
        uint64_t now = guest_now_usec(), last, longest;

        if (!j->heartbeat)
                return UINT64_MAX;
        last = j->heartbeat->last_usec;
        longest = j->heartbeat->longest_usec;
        return now > last && now - last > longest ? now - last : longest;
}

static void reset_heartbeat(Judge *j) {
        if (j->heartbeat)
                j->heartbeat->longest_usec = 0;
}

static void note_moment(Judge *j) {
        char buf[512];
        const char *full;
        Moment *m;
        ssize_t n;

        if (j->n_timeline == TIMELINE_MAX)
                return;
        m = &j->timeline[j->n_timeline++];
        m->at_usec = guest_now_usec() - j->started_usec;
        m->available_kib = read_number(j->meminfo_fd, "MemAvailable:");
        m->swap_free_kib = read_number(j->meminfo_fd, "SwapFree:");

        n = pread(j->psi_fd, buf, sizeof(buf) - 1, 0);
        buf[n > 0 ? n : 0] = '\0';
        full = strstr(buf, "full");
        full = full ? strstr(full, "total=") : NULL;
        m->psi_full_usec = full ? strtoull(full + 6, NULL, 10) : 0;
}

/* Starts the guilty one and holds on to it. It may be gone before it told its pid: then it has been
 * ended. */
static void start_guilty(Judge *j) {
        j->started_usec = guest_now_usec();
        run("systemctl start --no-block guilty.service");
        for (int i = 0; i < 500 && j->guilty_pid == 0; i++) {
                usleep(20000);
                j->guilty_pid = read_pid("guilty");
        }
        if (j->guilty_pid == 0) {
                note("the guilty process did not start");
                return;
        }
        j->guilty_pidfd = (int) syscall(SYS_pidfd_open, j->guilty_pid, 0);
        if (j->guilty_pidfd < 0)
                j->ended_usec = guest_now_usec();
}

static void watch_trial(Judge *j) {
        uint64_t end = j->started_usec + j->limit_msec * 1000;

        while (guest_now_usec() < end) {
                struct pollfd p = { .fd = j->ended_usec > 0 ? -1 : j->guilty_pidfd,
                        .events = POLLIN };

                note_moment(j);
                if (poll(&p, 1, STEP_MSEC) > 0 && j->ended_usec == 0) {
                        j->ended_usec = guest_now_usec();
                        end = j->ended_usec + j->linger_msec * 1000;
                }
        }
}

static void write_timeline(const Judge *j) {
        FILE *f = fopen(GUEST_DIR "/timeline.csv", "we");

        if (!f)
                return;
        fputs("at_usec,available_kib,swap_free_kib,psi_full_usec\n", f);
        for (size_t i = 0; i < j->n_timeline; i++)
                fprintf(f, "%llu,%llu,%llu,%llu\n", (unsigned long long) j->timeline[i].at_usec,
                        (unsigned long long) j->timeline[i].available_kib,
                        (unsigned long long) j->timeline[i].swap_free_kib,
                        (unsigned long long) j->timeline[i].psi_full_usec);
        fclose(f);
}

/* How systemd saw it end: one of its own words ("signal", "oom-kill", "success"), whether a signal
 * ended it, and that signal or the exit code. */
static void ask_end(char *ret_result, size_t size, bool *ret_signalled, int *ret_status) {
        char line[64];
        FILE *f = popen(
                "systemctl show guilty.service -p Result -p ExecMainCode -p ExecMainStatus", "re");

        while (f && fgets(line, sizeof(line), f)) {
                line[strcspn(line, "\n")] = '\0';
                if (strncmp(line, "Result=", 7) == 0)
                        snprintf(ret_result, size, "%.*s", (int) size - 1, line + 7);
                else if (strncmp(line, "ExecMainCode=", 13) == 0)
                        *ret_signalled = atoi(line + 13) == CLD_KILLED;
                else if (strncmp(line, "ExecMainStatus=", 15) == 0)
                        *ret_status = atoi(line + 15);
        }
        if (f)
                pclose(f);
}

static void write_died(const Judge *j, FILE *f) {
        const char *separator = "";

        fputs(", \"died\": [", f);
        for (size_t i = 0; i < j->n_people; i++) {
                Person now;

                if (read_person(j->people[i].pid, &now) &&
                        now.start_ticks == j->people[i].start_ticks)
                        continue;
                fprintf(f, "%s\"%s[%d]\"", separator, j->people[i].comm, j->people[i].pid);
                separator = ", ";
        }
        fputs("]", f);
}

static void write_result(const Judge *j) {
        uint64_t lowest = UINT64_MAX;
        char result[64] = "unknown";
        bool signalled = false;
        int status = -1;
        FILE *f;

        for (size_t i = 0; i < j->n_timeline; i++)
                if (j->timeline[i].available_kib < lowest)
                        lowest = j->timeline[i].available_kib;

        f = fopen(GUEST_DIR "/result.json", "we");
        if (!f)
                return;
        fprintf(f, "{\"guilty_started\": %s, \"guilty_ended\": %s",
                j->guilty_pid > 0 ? "true" : "false", j->ended_usec > 0 ? "true" : "false");
        fprintf(f, ", \"guilty_pid\": %d, \"guilty_lived_usec\": %llu", j->guilty_pid,
                (unsigned long long) (j->ended_usec > 0 ? j->ended_usec - j->started_usec : 0));
        write_died(j, f); /* first: what follows starts processes and takes its time */
        ask_end(result, sizeof(result), &signalled, &status);
        fprintf(f, ", \"guilty_result\": \"%s\", \"guilty_signalled\": %s, \"guilty_status\": %d",
                result, signalled ? "true" : "false", status);
        fprintf(f, ", \"oom_kills\": %llu, \"people\": %zu, \"lowest_available_kib\": %llu",
                (unsigned long long) (j->oom_kills_after - j->oom_kills_before), j->n_people,
                (unsigned long long) lowest);
        fprintf(f, ", \"calm_gap_usec\": %llu, \"worst_gap_usec\": %llu}\n",
                (unsigned long long) j->calm_gap_usec, (unsigned long long) j->worst_gap_usec);
        fclose(f);
}

/* All that a reader of a failed trial may want, onto the disk that the other side unpacks. */
static void deliver(void) {
        int fd;

        run("if command -v avertctl >/dev/null; then"
            " timeout 10 avertctl status --json >" GUEST_DIR "/status.json 2>" GUEST_DIR
            "/status.err; fi");
        run("journalctl --sync");
        run("journalctl -b --no-pager -o short-monotonic -n 3000 >" GUEST_DIR "/journal.txt 2>&1");
        run("journalctl -b --no-pager -o json -u avertd.service >" GUEST_DIR
            "/avertd.json 2>/dev/null");
        run("if [ -d /var/lib/avert/incidents ]; then cp -r /var/lib/avert/incidents " GUEST_DIR
            "/; fi");
        run("tar -C " GUEST_DIR " -cf " RESULT_DISK " .");

        fd = open(RESULT_DISK, O_WRONLY | O_CLOEXEC);
        if (fd >= 0) {
                (void) fsync(fd); /* the other side sees a torn archive if this fails */
                close(fd);
        }
}

static void parse_argument(Judge *j, const char *arg) {
        if (strncmp(arg, "calm=", 5) == 0)
                j->calm_msec = strtoull(arg + 5, NULL, 10);
        else if (strncmp(arg, "limit=", 6) == 0)
                j->limit_msec = strtoull(arg + 6, NULL, 10);
        else if (strncmp(arg, "linger=", 7) == 0)
                j->linger_msec = strtoull(arg + 7, NULL, 10);
        else
                fprintf(stderr, "judge: no such setting: %s\n", arg);
}

int main(int argc, char **argv) {
        for (int i = 1; i < argc; i++)
                parse_argument(&judge, argv[i]);

        open_sources(&judge);
        usleep(500000); /* what started us ends */
        reset_heartbeat(&judge);
        usleep((useconds_t) judge.calm_msec * 1000);
        judge.calm_gap_usec = heartbeat_gap(&judge);

        count_people(&judge);
        judge.oom_kills_before = read_number(judge.vmstat_fd, "oom_kill ");
        reset_heartbeat(&judge);
        start_guilty(&judge);
        watch_trial(&judge);
        judge.worst_gap_usec = heartbeat_gap(&judge);
        judge.oom_kills_after = read_number(judge.vmstat_fd, "oom_kill ");

        write_result(&judge);
        write_timeline(&judge);
        deliver();
        sync();
        (void) reboot(RB_POWER_OFF); /* without it the other side's deadline ends the guest */
        return 1;
}
