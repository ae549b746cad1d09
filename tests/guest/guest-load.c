/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One process of a guest scenario: takes memory in a given way and tells the judge who it is.
 *
 *   guest-load NAME leak  [rate=20M] [max=2G] [fill=random|half|same] [ignore-term]
 *   guest-load NAME hold  [size=100M] [period=5000] [fill=...]
 *   guest-load NAME heartbeat
 *
 * leak takes `rate` bytes a second until `max`, then stays. hold takes all of it at once and goes
 * on using it, each page once per `period` milliseconds. heartbeat allocates a little, reads a file
 * and notes the time every 50 ms. NAME.pid and the heartbeat's page are in GUEST_DIR. Under
 * systemd, READY=1 is sent when the memory is there. */

#include "tests/guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

typedef enum Fill {
        FILL_RANDOM, /* zram gains nothing by it */
        FILL_HALF,   /* half of each page is random */
        FILL_SAME,   /* compresses to nothing */
} Fill;

typedef struct Load {
        const char *name;
        const char *mode;
        uint64_t rate_bytes;
        uint64_t max_bytes;
        uint64_t size_bytes;
        uint64_t period_msec;
        Fill fill;
        bool ignore_term;
} Load;

static uint64_t random_state = 0x9e3779b97f4a7c15ULL;

static uint64_t next_random(void) {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return random_state;
}

static void die(const char *what) {
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
        exit(1);
}

static void sleep_usec(uint64_t usec) {
        const struct timespec ts = {
                .tv_sec = (time_t) (usec / 1000000),
                .tv_nsec = (long) (usec % 1000000) * 1000,
        };

        (void) nanosleep(&ts, NULL); /* woken early by a signal: the loops measure what passed */
}

static void fill_page(char *page, Fill fill) {
        size_t random_bytes = fill == FILL_RANDOM ? PAGE : fill == FILL_HALF ? PAGE / 2 : 0;

        memset(page, 0x5a, PAGE);
        for (size_t at = 0; at < random_bytes; at += sizeof(uint64_t)) {
                uint64_t value = next_random();

                memcpy(page + at, &value, sizeof(value));
        }
}

static void on_term(int signo) {
        static const char text[] = "asked to end (SIGTERM), going on\n";

        (void) signo;
        (void) !write(
                STDERR_FILENO, text, sizeof(text) - 1); /* only for the reader of the journal */
}

static void tell_pid(const char *name) {
        char path[256];
        FILE *f;

        snprintf(path, sizeof(path), GUEST_DIR "/%s.pid", name);
        f = fopen(path, "we");
        if (!f)
                die(path);
        fprintf(f, "%d\n", (int) getpid());
        if (fclose(f) != 0)
                die(path);
}

static void tell_systemd(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *path = getenv("NOTIFY_SOCKET");
        size_t len;
        int fd;

        if (!path)
                return;
        len = strlen(path);
        if (len >= sizeof(address.sun_path)) {
                errno = ENAMETOOLONG;
                die("NOTIFY_SOCKET");
        }

        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                die("socket");
        memcpy(address.sun_path, path, len);
        if (address.sun_path[0] == '@')
                address.sun_path[0] = '\0';
        if (sendto(fd, "READY=1", 7, 0, (struct sockaddr *) &address,
                    (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len)) < 0)
                die("READY=1");
        close(fd);
}

/* Address space only: pages appear as they are written. */
static char *reserve(uint64_t bytes) {
        char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (at == MAP_FAILED)
                die("mmap");
        (void) madvise(at, bytes,
                MADV_NOHUGEPAGE); /* a steady pace; without THP there is nothing to refuse */
        return at;
}

static void run_leak(const Load *load) {
        char *memory = reserve(load->max_bytes);
        uint64_t start = guest_now_usec(), taken = 0;

        tell_systemd();
        while (taken < load->max_bytes) {
                uint64_t due = load->rate_bytes * (guest_now_usec() - start) / 1000000;

                /* what a stall held back is not made up for: a leak does not hurry */
                if (due > taken + load->rate_bytes / 10) {
                        start += (due - taken) * 1000000 / load->rate_bytes - 100000;
                        due = taken + load->rate_bytes / 10;
                }
                for (; taken < due && taken < load->max_bytes; taken += PAGE)
                        fill_page(memory + taken, load->fill);
                sleep_usec(10000);
        }
        for (;;)
                pause();
}

static void run_hold(const Load *load) {
        uint64_t pages = load->size_bytes / PAGE, per_step, at = 0;
        char *memory = reserve(load->size_bytes);

        for (uint64_t i = 0; i < pages; i++)
                fill_page(memory + i * PAGE, load->fill);
        tell_systemd();

        per_step = pages * 50 / load->period_msec + 1;
        for (;;) {
                for (uint64_t i = 0; i < per_step; i++) {
                        memory[at * PAGE]++;
                        at = (at + 1) % pages;
                }
                sleep_usec(50000);
        }
}

static void run_heartbeat(void) {
        GuestHeartbeat *page;
        char buf[512];
        int fd;

        fd = open(GUEST_DIR "/heartbeat", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0 || ftruncate(fd, sizeof(*page)) < 0)
                die("heartbeat");
        page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page == MAP_FAILED)
                die("heartbeat");
        close(fd);

        page->last_usec = guest_now_usec();
        tell_systemd();
        for (;;) {
                volatile char *little =
                        malloc(256 * 1024); /* volatile: else the compiler takes nothing at all */
                uint64_t now, gap;

                for (size_t at = 0; little && at < 256 * 1024; at += PAGE)
                        little[at] = 1;
                fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
                if (fd >= 0) {
                        (void) !read(
                                fd, buf, sizeof(buf)); /* that it was served is all that counts */
                        close(fd);
                }
                free((void *) (uintptr_t) little);

                now = guest_now_usec();
                gap = now - page->last_usec;
                if (gap > page->longest_usec)
                        page->longest_usec = gap;
                page->last_usec = now;
                page->beats++;
                sleep_usec(50000);
        }
}

static uint64_t parse_size(const char *text) {
        char *end;
        uint64_t value = strtoull(text, &end, 10);

        if (*end == 'K')
                value <<= 10;
        else if (*end == 'M')
                value <<= 20;
        else if (*end == 'G')
                value <<= 30;
        if (value == 0) {
                errno = EINVAL;
                die(text);
        }
        return value;
}

static void parse_setting(Load *load, const char *arg) {
        if (strncmp(arg, "rate=", 5) == 0)
                load->rate_bytes = parse_size(arg + 5);
        else if (strncmp(arg, "max=", 4) == 0)
                load->max_bytes = parse_size(arg + 4);
        else if (strncmp(arg, "size=", 5) == 0)
                load->size_bytes = parse_size(arg + 5);
        else if (strncmp(arg, "period=", 7) == 0)
                load->period_msec = parse_size(arg + 7);
        else if (strcmp(arg, "fill=random") == 0)
                load->fill = FILL_RANDOM;
        else if (strcmp(arg, "fill=half") == 0)
                load->fill = FILL_HALF;
        else if (strcmp(arg, "fill=same") == 0)
                load->fill = FILL_SAME;
        else if (strcmp(arg, "ignore-term") == 0)
                load->ignore_term = true;
        else {
                errno = EINVAL;
                die(arg);
        }
}

int main(int argc, char **argv) {
        Load load = {
                .rate_bytes = 20 << 20,
                .max_bytes = 2ULL << 30,
                .size_bytes = 100 << 20,
                .period_msec = 5000,
        };

        if (argc < 3) {
                fputs("usage: guest-load NAME leak|hold|heartbeat [SETTING...]\n", stderr);
                return 2;
        }
        load.name = argv[1];
        load.mode = argv[2];
        for (int i = 3; i < argc; i++)
                parse_setting(&load, argv[i]);

        if (load.ignore_term)
                (void) signal(SIGTERM, on_term);
        tell_pid(load.name);

        if (strcmp(load.mode, "leak") == 0)
                run_leak(&load);
        else if (strcmp(load.mode, "hold") == 0)
                run_hold(&load);
        else if (strcmp(load.mode, "heartbeat") == 0)
                run_heartbeat();

        fprintf(stderr, "no such mode: %s\n", load.mode);
        return 2;
}
