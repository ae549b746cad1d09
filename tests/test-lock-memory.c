/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/lock-memory.h"

#include "engine/fill-ceiling.h"
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGES = 64 };

static size_t page;
static char *memory;

static void map(void) {
        page = (size_t) sysconf(_SC_PAGESIZE);
        memory = mmap(
                NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(memory, MAP_FAILED);
}

static size_t resident(void) {
        unsigned char state[PAGES];
        size_t n = 0;

        ck_assert_int_eq(mincore(memory, PAGES * page, state), 0);
        for (size_t i = 0; i < PAGES; i++)
                n += state[i] & 1;
        return n;
}

static long locked_kib(void) {
        char line[256];
        long kib = -1;
        FILE *f = fopen("/proc/self/status", "re");

        while (f && kib < 0 && fgets(line, sizeof(line), f))
                (void) sscanf(line, "VmLck: %ld", &kib);
        if (f)
                fclose(f);
        return kib;
}

START_TEST(touched_memory_is_resident_and_unchanged) {
        map();
        memory[5 * page + 7] = 'x';
        ck_assert_uint_eq(resident(), 1);
        memory_touch(memory, PAGES * page);
        ck_assert_uint_eq(resident(), PAGES);
        ck_assert_int_eq(memory[5 * page + 7], 'x');
        munmap(memory, PAGES * page);
}
END_TEST

START_TEST(memory_is_touched_ahead_from_anywhere_to_anywhere) {
        map();
        memory_touch_ahead(
                memory + page + 100, page); /* two pages, as it begins in the middle of one */
        ck_assert_uint_eq(resident(), 2);
        memory_touch_ahead(memory, 0);
        memory_touch_ahead(NULL, page);
        ck_assert_uint_eq(resident(), 2);
        munmap(memory, PAGES * page);
}
END_TEST

START_TEST(touching_works_where_memory_is_locked_on_fault) {
        if (memory_lock() < 0 || locked_kib() == 0)
                return; /* no right to; or a sanitizer has made it do nothing */
        map();
        ck_assert_uint_eq(resident(), 0); /* what is merely mapped costs nothing */
        memory_touch(memory, PAGES * page);
        ck_assert_uint_eq(resident(), PAGES);
        munmap(memory, PAGES * page);
        (void) munlockall();
}
END_TEST

START_TEST(a_program_without_its_libraries_pages_goes_on) {
        char text[32];

        ck_assert_uint_gt(memory_touch_program(), 0);
        memory_shed_libraries();
        snprintf(text, sizeof(text), "%.3f", strtod("1.5", NULL));
        ck_assert_str_eq(text, "1.500");
}
END_TEST

START_TEST(the_ceiling_is_measured_only_where_there_is_room) {
        ck_assert_uint_eq(fill_ceiling_measure(16 * 1024 * 1024), 0);
        ck_assert_uint_gt(fill_ceiling_measure(UINT64_C(1) << 30), 16 * 1024 * 1024);
}
END_TEST

HARNESS_MAIN("lock-memory", touched_memory_is_resident_and_unchanged,
        memory_is_touched_ahead_from_anywhere_to_anywhere,
        touching_works_where_memory_is_locked_on_fault,
        a_program_without_its_libraries_pages_goes_on,
        the_ceiling_is_measured_only_where_there_is_room)
