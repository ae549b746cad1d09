/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/judge.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Suspect {
        Role role;
        char name[64];
        GuestPage *page;
        GuestPage *parent;
        pid_t pid; /* the last one seen, 0 before */
        unsigned long long start_ticks;
        int pidfd;
        char cgroup[300];
        int events_fd;        /* cgroup.events */
        int memory_events_fd; /* memory.events */
        int procs_fd;         /* cgroup.procs */
        uint64_t oom_kills_before;
        uint64_t oom_kills;
        uint64_t ended_usec; /* 0: lives */
        uint64_t work_before;
        double work[2]; /* beats a second: in the trial, in the calm before it */
        pid_t pids[JUDGE_PIDS_MAX];
        size_t n_pids;
} Suspect;

static Suspect suspects[JUDGE_SUSPECTS_MAX];
static size_t n_suspects;
static uint64_t work_since_usec;

static bool is_guilty(const Suspect *s) {
        return s->role == ROLE_GUILTY_PROCESS || s->role == ROLE_GUILTY_UNIT;
}

void suspects_add(Role role, const char *name, const char *parent) {
        Suspect *s = &suspects[n_suspects];

        if (n_suspects == JUDGE_SUSPECTS_MAX) {
                fputs("judge: too many suspects\n", stderr);
                exit(1);
        }
        n_suspects++;
        *s = (Suspect){ .role = role };
        s->pidfd = s->events_fd = s->memory_events_fd = s->procs_fd = -1;
        snprintf(s->name, sizeof(s->name), "%s", name);
        s->page = guest_page_map(name);
        s->parent = parent[0] ? guest_page_map(parent) : NULL;
        if (!s->page || (parent[0] && !s->parent)) {
                fprintf(stderr, "judge: no page of %s\n", name);
                exit(1);
        }
}

static void note_pid(Suspect *s, pid_t pid) {
        for (size_t i = 0; i < s->n_pids; i++)
                if (s->pids[i] == pid)
                        return;
        if (s->n_pids < JUDGE_PIDS_MAX)
                s->pids[s->n_pids++] = pid;
}

static int close_if_open(int fd) {
        if (fd >= 0)
                close(fd);
        return -1;
}

/* Whoever is started again gets a new one under the same name. */
static bool cgroup_is_gone(const Suspect *s) {
        char c;

        return s->events_fd >= 0 && pread(s->events_fd, &c, 1, 0) < 0;
}

/* It may be gone before it is seen: then it has ended. */
static void meet(Suspect *s, pid_t pid, uint64_t now_usec) {
        s->pid = pid;
        s->ended_usec = 0;
        note_pid(s, pid);
        s->start_ticks = people_start_ticks(pid);
        if (s->pidfd >= 0)
                close(s->pidfd);
        s->pidfd = (int) syscall(SYS_pidfd_open, pid, 0);
        if (cgroup_is_gone(s)) {
                s->events_fd = close_if_open(s->events_fd);
                s->memory_events_fd = close_if_open(s->memory_events_fd);
                s->procs_fd = close_if_open(s->procs_fd);
        }
        if (s->events_fd < 0) {
                s->events_fd =
                        judge_open_cgroup_file(pid, "cgroup.events", s->cgroup, sizeof(s->cgroup));
                s->memory_events_fd =
                        judge_open_cgroup_file(pid, "memory.events", s->cgroup, sizeof(s->cgroup));
                s->procs_fd =
                        judge_open_cgroup_file(pid, "cgroup.procs", s->cgroup, sizeof(s->cgroup));
                s->oom_kills_before = s->oom_kills =
                        judge_read_number(s->memory_events_fd, "oom_kill ");
        }
        if (s->pidfd < 0 || (s->role == ROLE_GUILTY_UNIT && s->events_fd < 0))
                s->ended_usec = now_usec;
}

void suspects_prepare(void) {
        for (size_t i = 0; i < n_suspects; i++)
                if (suspects[i].page->pid > 0)
                        meet(&suspects[i], (pid_t) suspects[i].page->pid, guest_now_usec());
}

void suspects_forget_associates(void) {
        for (size_t i = 0; i < n_suspects; i++)
                if (suspects[i].role == ROLE_ASSOCIATE)
                        people_forget(suspects[i].pid);
}

void suspects_begin_work(uint64_t now_usec) {
        work_since_usec = now_usec;
        for (size_t i = 0; i < n_suspects; i++)
                suspects[i].work_before = suspects[i].page->beats;
}

void suspects_note_work(uint64_t now_usec, bool calm) {
        for (size_t i = 0; i < n_suspects; i++)
                suspects[i].work[calm] =
                        (double) (suspects[i].page->beats - suspects[i].work_before) * 1e6 /
                        (double) (now_usec - work_since_usec);
}

static void note_members(Suspect *s) {
        char buf[4096];
        ssize_t n = pread(s->procs_fd, buf, sizeof(buf) - 1, 0);

        if (n <= 0)
                return;
        buf[n] = '\0';
        for (char *at = buf, *end; (end = strchr(at, '\n')); at = end + 1)
                note_pid(s, atoi(at));
}

static bool has_ended(const Suspect *s) {
        struct pollfd p = { .fd = s->pidfd, .events = POLLIN };
        char buf[64];
        ssize_t n;

        if (s->role != ROLE_GUILTY_UNIT)
                return poll(&p, 1, 0) > 0;
        n = pread(s->events_fd, buf, sizeof(buf) - 1, 0);
        if (n <= 0)
                return true; /* ENODEV: a cgroup that was removed was empty */
        buf[n] = '\0';
        return strstr(buf, "populated 0");
}

void suspects_follow(uint64_t now_usec) {
        for (size_t i = 0; i < n_suspects; i++) {
                Suspect *s = &suspects[i];
                uint64_t oom_kills;
                bool ended;

                if (s->page->pid > 0 && (pid_t) s->page->pid != s->pid)
                        meet(s, (pid_t) s->page->pid, now_usec);
                if (s->pid == 0)
                        continue;
                if (s->role == ROLE_GUILTY_UNIT)
                        note_members(s);
                /* of a cgroup that is gone the last number stays */
                oom_kills = judge_read_number(s->memory_events_fd, "oom_kill ");
                if (oom_kills > s->oom_kills)
                        s->oom_kills = oom_kills;
                ended = has_ended(s);
                if (!ended)
                        s->ended_usec = 0;
                else if (s->ended_usec == 0)
                        s->ended_usec = now_usec;
        }
}

bool suspects_await(void) {
        for (int i = 0; i < 1000; i++) {
                bool all = true;

                suspects_follow(guest_now_usec());
                for (size_t k = 0; k < n_suspects; k++)
                        all = all && suspects[k].pid > 0;
                if (all)
                        return true;
                usleep(10000);
        }
        return false;
}

uint64_t suspects_ended_usec(void) {
        uint64_t last = 0;

        for (size_t i = 0; i < n_suspects; i++) {
                if (!is_guilty(&suspects[i]))
                        continue;
                if (suspects[i].ended_usec == 0)
                        return 0;
                if (suspects[i].ended_usec > last)
                        last = suspects[i].ended_usec;
        }
        return last;
}

uint64_t suspects_asked(const char *name) {
        for (size_t i = 0; i < n_suspects; i++)
                if (strcmp(suspects[i].name, name) == 0)
                        return suspects[i].page->asked;
        return 0;
}

static void ask_unit(const Suspect *s, const char *property, char *ret, size_t size) {
        char command[256];

        snprintf(command, sizeof(command), "systemctl show %s.service --value -p %s", s->name,
                property);
        judge_ask(command, ret, size);
}

/* How it ended, by its parent's wait status or by systemd's account of the unit: one of systemd's
 * words ("signal", "oom-kill", "success"), whether a signal ended it, and that signal or the exit
 * code. */
static void write_end(const Suspect *s, FILE *f) {
        char result[64], code[32], status[32];
        bool signalled;
        int number;

        if (s->parent) {
                int wait_status = (int) s->parent->child_status;

                signalled = WIFSIGNALED(wait_status);
                number = signalled ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
                snprintf(result, sizeof(result), "%s",
                        s->parent->child_ends == 0 ? "unknown"
                                : signalled        ? "signal"
                                                   : "exit-code");
        } else {
                ask_unit(s, "Result", result, sizeof(result));
                ask_unit(s, "ExecMainCode", code, sizeof(code));
                ask_unit(s, "ExecMainStatus", status, sizeof(status));
                signalled = atoi(code) == CLD_KILLED;
                number = atoi(status);
        }
        fprintf(f, ", \"result\": \"%s\", \"signalled\": %s, \"status\": %d", result,
                signalled ? "true" : "false", number);
}

static void write_suspect(const Suspect *s, FILE *f, uint64_t start_usec) {
        fprintf(f, "{\"name\": \"%s\", \"pid\": %d, \"cgroup\": \"%s\", \"oom_kills\": %llu",
                s->name, (int) s->pid, s->cgroup,
                (unsigned long long) (s->oom_kills - s->oom_kills_before));
        fprintf(f, ", \"alive\": %s",
                s->pid > 0 && people_is_alive(s->pid, s->start_ticks) ? "true" : "false");
        fprintf(f, ", \"starts\": %llu, \"hints\": %llu, \"shed_bytes\": %llu",
                (unsigned long long) s->page->starts, (unsigned long long) s->page->hints,
                (unsigned long long) s->page->shed_bytes);
        fprintf(f, ", \"calm_work\": %.2f, \"work\": %.2f", s->work[true], s->work[false]);
        fputs(", \"pids\": [", f);
        for (size_t i = 0; i < s->n_pids; i++)
                fprintf(f, "%s%d", i > 0 ? ", " : "", (int) s->pids[i]);
        fputs("]", f);
        if (is_guilty(s)) {
                fprintf(f, ", \"ended\": %s, \"lived_usec\": %llu, \"asked\": %llu",
                        s->ended_usec > 0 ? "true" : "false",
                        (unsigned long long) (s->ended_usec > 0 ? s->ended_usec - start_usec : 0),
                        (unsigned long long) s->page->asked);
                write_end(s, f);
        }
        fputs("}", f);
}

static void write_roles(FILE *f, const char *key, Role first, Role last, uint64_t start_usec) {
        const char *separator = "";

        fprintf(f, "\"%s\": [", key);
        for (size_t i = 0; i < n_suspects; i++) {
                if (suspects[i].role < first || suspects[i].role > last)
                        continue;
                fputs(separator, f);
                write_suspect(&suspects[i], f, start_usec);
                separator = ", ";
        }
        fputs("]", f);
}

void suspects_write(FILE *f, uint64_t start_usec) {
        write_roles(f, "guilty", ROLE_GUILTY_PROCESS, ROLE_GUILTY_UNIT, start_usec);
        fputs(", ", f);
        write_roles(f, "associates", ROLE_ASSOCIATE, ROLE_ASSOCIATE, start_usec);
        fputs(", ", f);
        write_roles(f, "newcomers", ROLE_NEWCOMER, ROLE_NEWCOMER, start_usec);
        fputs(", ", f);
        write_roles(f, "restrained", ROLE_RESTRAINED, ROLE_RESTRAINED, start_usec);
        fputs(", ", f);
        write_roles(f, "innocents", ROLE_INNOCENT, ROLE_INNOCENT, start_usec);
}
