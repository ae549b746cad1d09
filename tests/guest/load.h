/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A load of a guest: its settings, and the ways in which it takes memory. Each load_run_ function
 * says READY once what it starts with is there, and does not return. A failure of anything ends the
 * process with a line on stderr: a load that is not what it should be spoils the scenario. */

#include <stdbool.h>
#include <stdint.h>

#include "tests/guest/guest.h"

#define LOAD_PAGE 4096

typedef enum Fill {
        FILL_RANDOM, /* zram gains nothing by it */
        FILL_HALF,   /* half of each page is random */
        FILL_SAME,   /* compresses to nothing */
} Fill;

typedef struct Load {
        const char *name;
        const char *mode;
        GuestPage *page;
        uint64_t rate_bytes; /* a second */
        uint64_t max_bytes;
        uint64_t leave_bytes; /* growth ends when no more than this is available; 0: not for that */
        uint64_t recover_msec; /* after that long at its maximum, it frees all; 0: it keeps it */
        uint64_t size_bytes;
        uint64_t portion_bytes;
        uint64_t period_msec;
        uint64_t count;
        uint64_t own_bytes; /* a parent's */
        uint64_t sleepers;
        uint64_t respawn_msec; /* 0: an ended child is not started again */
        const char *dir;
        Fill fill;
        bool ignore_term;
        bool lock;
        bool pageout;
        bool dirty;
        bool map;
        bool scattered;
        bool wait;
        bool newpid;
        bool nasty;
        bool sharer;
        bool leaderless;
        bool once;
        char **child; /* what follows "--"; NULL without it */
} Load;

/* Fills in `load` from the arguments after the program's name. */
void load_parse(Load *load, int argc, char **argv);

void load_die(const char *what) __attribute__((noreturn));
void load_sleep_usec(uint64_t usec);

/* READY=1 to systemd, if it listens. */
void load_tell_ready(void);

uint64_t load_random(void);
void load_fill_page(char *page, Fill fill);
/* `bytes` of private anonymous address space: pages appear as they are written. */
char *load_reserve(uint64_t bytes);

/* Grows at its rate to its maximum and stays: anonymous memory, a memfd, files in `dir`. A leak may
 * recover: it frees all, and lives on with nothing; or be one of its first start only. */
void load_run_leak(const Load *load) __attribute__((noreturn));
void load_run_memfd(const Load *load) __attribute__((noreturn));
void load_run_files(const Load *load) __attribute__((noreturn));

/* All of it at once, then used, each page once per period. shared: `count` processes that map the
 * same. */
void load_run_hold(const Load *load) __attribute__((noreturn));
void load_run_shared(const Load *load) __attribute__((noreturn));

/* Holds in the same way, and gives a portion back for good at each hint that it hears at
 * $MEMORY_PRESSURE_WATCH, else at /run/avert/pressure. */
void load_run_shed(const Load *load) __attribute__((noreturn));

/* Writes a set of files in `dir`, then uses them again and again, the whole once per period as far
 * as that can be done: reads them, writes them anew (`dirty`), or runs over them as a program runs
 * over its text (`map`), `scattered` or in order. */
void load_run_cache(const Load *load) __attribute__((noreturn));

/* `count` processes that share the rate and the maximum evenly. */
void load_run_swarm(const Load *load) __attribute__((noreturn));

/* Sleepers, memory of its own and one child of any kind. */
void load_run_parent(const Load *load) __attribute__((noreturn));

/* Becomes another program, its pid is the load's: what nobody wrote for this test. */
void load_run_program(const Load *load) __attribute__((noreturn));

/* Allocates a little, reads a file and notes the time, every GUEST_BEAT_USEC. */
void load_run_heartbeat(const Load *load) __attribute__((noreturn));
