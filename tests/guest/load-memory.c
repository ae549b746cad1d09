/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/load.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEP_USEC 50000

static uint64_t random_state = 0x9e3779b97f4a7c15ULL;

uint64_t load_random(void) {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return random_state;
}

void load_fill_page(char *page, Fill fill) {
        size_t random_bytes = fill == FILL_RANDOM ? LOAD_PAGE
                : fill == FILL_HALF               ? LOAD_PAGE / 2
                                                  : 0;

        memset(page, 0x5a, LOAD_PAGE);
        for (size_t at = 0; at < random_bytes; at += sizeof(uint64_t)) {
                uint64_t value = load_random();

                memcpy(page + at, &value, sizeof(value));
        }
}

static char *reserve(uint64_t bytes, int sharing) {
        char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                sharing | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (at == MAP_FAILED)
                load_die("mmap");
        (void) madvise(at, bytes,
                MADV_NOHUGEPAGE); /* a steady pace; without THP there is nothing to refuse */
        return at;
}

char *load_reserve(uint64_t bytes) {
        return reserve(bytes, MAP_PRIVATE);
}

static void __attribute__((noreturn)) use(const Load *load, volatile char *memory) {
        uint64_t pages = load->size_bytes / LOAD_PAGE, at = 0;
        uint64_t per_step = pages * (STEP_USEC / 1000) / load->period_msec + 1;

        for (;;) {
                for (uint64_t i = 0; i < per_step; i++) {
                        memory[at * LOAD_PAGE]++;
                        at = (at + 1) % pages;
                }
                load_sleep_usec(STEP_USEC);
        }
}

void load_run_hold(const Load *load) {
        char *memory = load_reserve(load->size_bytes);

        if (load->lock && mlock(memory, load->size_bytes) < 0)
                load_die("mlock");
        for (uint64_t at = 0; at + LOAD_PAGE <= load->size_bytes; at += LOAD_PAGE)
                load_fill_page(memory + at, load->fill);
        if (load->pageout) {
                if (madvise(memory, load->size_bytes, MADV_PAGEOUT) < 0)
                        load_die("MADV_PAGEOUT");
                load_tell_ready();
                for (;;)
                        pause(); /* using it would bring it back */
        }
        load_tell_ready();
        use(load, memory);
}

void load_run_shared(const Load *load) {
        char *memory = reserve(load->size_bytes, MAP_SHARED);

        for (uint64_t at = 0; at + LOAD_PAGE <= load->size_bytes; at += LOAD_PAGE)
                load_fill_page(memory + at, load->fill);
        for (uint64_t i = 1; i < load->count; i++) {
                pid_t pid = fork();

                if (pid < 0)
                        load_die("fork");
                if (pid == 0)
                        use(load, memory);
        }
        load_tell_ready();
        use(load, memory);
}
