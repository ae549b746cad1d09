/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/lock-memory.h"

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ /* 5.14 */
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

void memory_tune_malloc(void) {
        (void) mallopt(M_ARENA_MAX, 1);
        (void) mallopt(M_TRIM_THRESHOLD, INT_MAX);
}

int memory_lock(void) {
        (void) malloc_trim(0); /* what starting up has left free would be locked with the rest */
        return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0 ? -errno : 0;
}

static size_t page_size(void) {
        return (size_t) sysconf(_SC_PAGESIZE);
}

static void touch_pages(uintptr_t from, uintptr_t to, bool write) {
        for (uintptr_t at = from; at < to; at += page_size()) {
                volatile unsigned char *byte = (volatile unsigned char *) at;
                unsigned char value = *byte;

                if (write)
                        *byte = value;
        }
}

/* madvise does it in one call, and on a page that vanishes meanwhile it fails where a touch would
 * end us. */
static void populate(uintptr_t from, uintptr_t to, bool write) {
        from -= from % page_size();
        if (from >= to)
                return;
        if (madvise((void *) from, to - from, write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ) < 0)
                touch_pages(from, to, write);
}

/* Segment i of an object, whole pages of it, if it is text or constants: what may be written has
 * relocations in it and is never shed, nor shared with anybody. */
static bool find_text(
        const struct dl_phdr_info *info, size_t i, uintptr_t *ret_from, size_t *ret_bytes) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t from = info->dlpi_addr + p->p_vaddr;

        if (p->p_type != PT_LOAD || (p->p_flags & PF_W) != 0 || p->p_filesz == 0)
                return false;
        *ret_from = from - from % page_size();
        *ret_bytes = from + p->p_filesz - *ret_from;
        return true;
}

static int shed_library(struct dl_phdr_info *info, size_t size, void *ctx) {
        bool *is_program = ctx;
        uintptr_t from;
        size_t bytes;

        (void) size;
        for (size_t i = 0; i < info->dlpi_phnum && !*is_program; i++)
                if (find_text(info, i, &from, &bytes)) /* kept: only more than needed */
                        (void) madvise((void *) from, bytes, MADV_DONTNEED);
        *is_program = false; /* the first object was */
        return 0;
}

static int lock_object(struct dl_phdr_info *info, size_t size, void *ctx) {
        int *result = ctx;
        uintptr_t from;
        size_t bytes;

        (void) size;
        for (size_t i = 0; i < info->dlpi_phnum && *result == 0; i++)
                if (find_text(info, i, &from, &bytes) && mlock((void *) from, bytes) < 0)
                        *result = -errno;
        return *result;
}

int memory_lock_text(void) {
        int result = 0;

        (void) dl_iterate_phdr(lock_object, &result);
        return result;
}

void memory_shed_libraries(void) {
        bool is_program = true;

        (void) dl_iterate_phdr(shed_library, &is_program);
}

static int touch_program(struct dl_phdr_info *info, size_t size, void *ctx) {
        size_t *bytes = ctx;

        (void) size;
        for (size_t i = 0; i < info->dlpi_phnum; i++) {
                const ElfW(Phdr) *p = &info->dlpi_phdr[i];
                uintptr_t from = info->dlpi_addr + p->p_vaddr;

                if (p->p_type != PT_LOAD)
                        continue;
                /* With read-only relocations part of the data segment cannot be written any more:
                 * reading is all that can be done for every page of it; what is written gets its
                 * copy in the rehearsal. */
                populate(from, from + p->p_memsz, false);
                *bytes += p->p_memsz;
        }
        return 1; /* the first object is the program: enough */
}

size_t memory_touch_program(void) {
        size_t bytes = 0;

        (void) dl_iterate_phdr(touch_program, &bytes);
        return bytes;
}

void memory_touch(void *p, size_t bytes) {
        if (p)
                populate((uintptr_t) p, (uintptr_t) p + bytes, true);
}

void memory_touch_ahead(void *p, size_t bytes) {
        uintptr_t at = (uintptr_t) p;
        size_t into = at % page_size();

        if (p && bytes > 0)
                (void) madvise((void *) (at - into), bytes + into,
                        MADV_POPULATE_WRITE); /* before 5.14: pages come late */
}
