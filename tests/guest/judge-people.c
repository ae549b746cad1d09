/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/judge.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLAG_KTHREAD 0x00200000UL /* PF_KTHREAD in field 9 of stat */
#define PEOPLE_MAX 1024

typedef struct Person {
        int pid;
        unsigned long long start_ticks;
        char comm[17];
} Person;

static Person people[PEOPLE_MAX];
static size_t n_people;

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

void people_count(void) {
        struct dirent *entry;
        DIR *dir = opendir("/proc");

        while (dir && (entry = readdir(dir))) {
                int pid = atoi(entry->d_name);

                if (pid > 0 && n_people < PEOPLE_MAX && read_person(pid, &people[n_people]))
                        n_people++;
        }
        if (dir)
                closedir(dir);
        if (n_people == PEOPLE_MAX)
                fputs("judge: there are more people than are counted\n", stderr);
}

/* "" for one that is gone. */
static void read_cgroup(pid_t pid, char *ret, size_t size) {
        char path[64];
        ssize_t n = -1;
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/cgroup", (int) pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
                n = read(fd, ret, size - 1);
                close(fd);
        }
        ret[n < 0 ? 0 : n] = '\0';
}

void people_forget_second(pid_t pid) {
        char comm[sizeof(people[0].comm)] = "", own[512], other[512];

        for (size_t i = 0; i < n_people; i++)
                if (people[i].pid == pid)
                        memcpy(comm, people[i].comm, sizeof(comm));
        read_cgroup(pid, own, sizeof(own));
        for (size_t i = 0; i < n_people && comm[0] != '\0'; i++) {
                if (strncmp(people[i].comm, comm, strlen(comm)) != 0)
                        continue;
                read_cgroup(people[i].pid, other, sizeof(other));
                if (strcmp(own, other) != 0)
                        people[i--] = people[--n_people];
        }
}

void people_forget(pid_t pid) {
        for (size_t i = 0; i < n_people; i++)
                if (people[i].pid == pid)
                        people[i--] = people[--n_people];
}

size_t people_number(void) {
        return n_people;
}

bool people_is_alive(pid_t pid, unsigned long long start_ticks) {
        Person now;

        return read_person(pid, &now) && now.start_ticks == start_ticks;
}

unsigned long long people_start_ticks(pid_t pid) {
        Person now;

        return read_person(pid, &now) ? now.start_ticks : 0;
}

void people_write_died(FILE *f) {
        const char *separator = "";

        for (size_t i = 0; i < n_people; i++) {
                if (people_is_alive(people[i].pid, people[i].start_ticks))
                        continue;
                fprintf(f, "%s\"%s[%d]\"", separator, people[i].comm, people[i].pid);
                separator = ", ";
        }
}
