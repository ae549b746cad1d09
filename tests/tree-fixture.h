/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A recorded machine for tests: meminfo and processes written below a fixture, as the kernel would.
 */

#include <stdint.h>

#include "tests/harness.h"

#define TREE_MIB (UINT64_C(1024) * 1024)

/* What is 0 or NULL gets a plain value: parent 1, state S, one thread, cgroup "/". */
typedef struct TreeProcess {
        int pid;
        int ppid;
        unsigned uid;
        const char *comm;
        const char *exe; /* NULL: no link */
        const char *cgroup;
        const char *cmdline;       /* NULL: no file */
        uint64_t start;            /* ticks; 0: 100 */
        uint64_t anon, file, swap; /* bytes */
        char state;
        unsigned threads;
        unsigned flags;
        int session, tty;
        int adj;
        int score;
} TreeProcess;

/* Writes proc/PID/ below `prefix` ("" or "000/"). */
void tree_process(const Fixture *f, const char *prefix, const TreeProcess *p);

/* Removes it. */
void tree_remove(const Fixture *f, const char *prefix, int pid);

/* Writes proc/meminfo; bytes. */
void tree_meminfo(const Fixture *f, const char *prefix, uint64_t total, uint64_t available,
        uint64_t swap_total, uint64_t swap_free);

/* Writes proc/pressure/NAME with total= of some and full. */
void tree_pressure(const Fixture *f, const char *prefix, const char *name, uint64_t some_usec,
        uint64_t full_usec);
