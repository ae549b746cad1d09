/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/tree-fixture.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096

static void put(const Fixture *f, const char *prefix, int pid, const char *name, const char *text) {
        char path[256];

        (void) snprintf(path, sizeof(path), "%sproc/%d/%s", prefix, pid, name);
        fixture_file(f, path, text);
}

static void put_stat(const Fixture *f, const char *prefix, const TreeProcess *p) {
        char text[1024];

        (void) snprintf(text, sizeof(text),
                "%d (%s) %c %d %d %d %d -1 %u 0 0 0 0 1 1 0 0 20 0 %u 0 %llu 1000000 %llu%s\n",
                p->pid, p->comm ? p->comm : "program", p->state ? p->state : 'S',
                p->ppid ? p->ppid : 1, p->pid, p->session ? p->session : p->pid, p->tty, p->flags,
                p->threads ? p->threads : 1, (unsigned long long) (p->start ? p->start : 100),
                (unsigned long long) (p->anon + p->file) / PAGE,
                " 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0");
        put(f, prefix, p->pid, "stat", text);
}

static void put_status(const Fixture *f, const char *prefix, const TreeProcess *p) {
        bool has_memory = p->state != 'Z' && (p->flags & 0x200000) == 0;
        char text[1024];
        int n;

        n = snprintf(text, sizeof(text),
                "Name:\t%s\nState:\t%c (state)\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\n"
                "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nNSpid:\t%d\n",
                p->comm ? p->comm : "program", p->state ? p->state : 'S', p->pid, p->pid,
                p->ppid ? p->ppid : 1, p->uid, p->uid, p->uid, p->uid, p->uid, p->uid, p->uid,
                p->uid, p->pid);
        if (has_memory)
                n += snprintf(text + n, sizeof(text) - (size_t) n,
                        "VmHWM:\t%llu kB\nVmRSS:\t%llu kB\nRssAnon:\t%llu kB\nRssFile:\t%llu kB\n"
                        "RssShmem:\t0 kB\nVmStk:\t132 kB\nVmPTE:\t40 kB\nVmSwap:\t%llu kB\n"
                        "CoreDumping:\t0\n",
                        (unsigned long long) (p->anon + p->file) / 1024,
                        (unsigned long long) (p->anon + p->file) / 1024,
                        (unsigned long long) p->anon / 1024, (unsigned long long) p->file / 1024,
                        (unsigned long long) p->swap / 1024);
        (void) snprintf(
                text + n, sizeof(text) - (size_t) n, "Threads:\t%u\n", p->threads ? p->threads : 1);
        put(f, prefix, p->pid, "status", text);
}

void tree_process(const Fixture *f, const char *prefix, const TreeProcess *p) {
        bool has_memory = p->state != 'Z' && (p->flags & 0x200000) == 0;
        char path[256], text[512];

        put_stat(f, prefix, p);
        put_status(f, prefix, p);
        (void) snprintf(text, sizeof(text), "%llu %llu %llu 0 0 0 0\n",
                has_memory ? (unsigned long long) (p->anon + p->file) / PAGE + 100 : 0,
                has_memory ? (unsigned long long) (p->anon + p->file) / PAGE : 0,
                has_memory ? (unsigned long long) p->file / PAGE : 0);
        put(f, prefix, p->pid, "statm", text);
        (void) snprintf(text, sizeof(text), "0::%s\n", p->cgroup ? p->cgroup : "/");
        put(f, prefix, p->pid, "cgroup", text);
        (void) snprintf(text, sizeof(text), "%d\n", p->adj);
        put(f, prefix, p->pid, "oom_score_adj", text);
        (void) snprintf(text, sizeof(text), "%d\n", p->score ? p->score : 667);
        put(f, prefix, p->pid, "oom_score", text);
        if (p->cmdline)
                put(f, prefix, p->pid, "cmdline", p->cmdline);
        (void) snprintf(path, sizeof(path), "%sproc/%d/exe", prefix, p->pid);
        (void) unlinkat(f->fd, path, 0);
        if (p->exe)
                fixture_link(f, path, p->exe);
}

void tree_remove(const Fixture *f, const char *prefix, int pid) {
        static const char *const files[] = { "stat", "status", "statm", "cgroup", "oom_score_adj",
                "oom_score", "cmdline", "exe" };
        char path[256];

        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                (void) snprintf(path, sizeof(path), "%sproc/%d/%s", prefix, pid, files[i]);
                (void) unlinkat(f->fd, path, 0); /* some have none */
        }
        (void) snprintf(path, sizeof(path), "%sproc/%d", prefix, pid);
        fixture_remove(f, path);
}

void tree_meminfo(const Fixture *f, const char *prefix, uint64_t total, uint64_t available,
        uint64_t swap_total, uint64_t swap_free) {
        char path[256], text[512];

        (void) snprintf(path, sizeof(path), "%sproc/meminfo", prefix);
        (void) snprintf(text, sizeof(text),
                "MemTotal: %llu kB\nMemFree: %llu kB\nMemAvailable: %llu kB\nBuffers: 0 kB\n"
                "Cached: 1024 kB\nSwapTotal: %llu kB\nSwapFree: %llu kB\nAnonPages: 1024 kB\n",
                (unsigned long long) total / 1024, (unsigned long long) available / 2048,
                (unsigned long long) available / 1024, (unsigned long long) swap_total / 1024,
                (unsigned long long) swap_free / 1024);
        fixture_file(f, path, text);
}

void tree_pressure(const Fixture *f, const char *prefix, const char *name, uint64_t some_usec,
        uint64_t full_usec) {
        char path[256], text[256];

        (void) snprintf(path, sizeof(path), "%sproc/pressure/%s", prefix, name);
        (void) snprintf(text, sizeof(text),
                "some avg10=1.00 avg60=2.00 avg300=3.00 total=%llu\n"
                "full avg10=0.50 avg60=0.00 avg300=0.00 total=%llu\n",
                (unsigned long long) some_usec, (unsigned long long) full_usec);
        fixture_file(f, path, text);
}
