/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#define BLOCK_BYTES ((size_t) 16 * 1024)

typedef struct Block {
        struct Block *next;
        size_t size;
        size_t used;
        alignas(max_align_t) char data[];
} Block;

struct Arena {
        Block *blocks; /* the newest first */
        size_t used;
        size_t max_bytes;
};

int arena_new(size_t max_bytes, Arena **ret) {
        Arena *arena = calloc(1, sizeof(*arena));

        if (!arena)
                return -ENOMEM;

        arena->max_bytes = max_bytes;
        *ret = arena;
        return 0;
}

Arena *arena_free(Arena *arena) {
        if (!arena)
                return NULL;

        for (Block *b = arena->blocks, *next; b; b = next) {
                next = b->next;
                free(b);
        }
        free(arena);
        return NULL;
}

static Block *add_block(Arena *arena, size_t size) {
        Block *block;

        size = MAX(size, BLOCK_BYTES);
        block = calloc(1, sizeof(*block) + size);
        if (!block)
                return NULL;

        block->size = size;
        block->next = arena->blocks;
        arena->blocks = block;
        return block;
}

void *arena_alloc(Arena *arena, size_t size) {
        const size_t align = alignof(max_align_t);
        Block *block = arena->blocks;
        void *memory;

        if (size > arena->max_bytes - arena->used)
                return NULL;
        size = (size + align - 1) / align * align;

        if (!block || size > block->size - block->used) {
                block = add_block(arena, size);
                if (!block)
                        return NULL;
        }

        memory = block->data + block->used;
        block->used += size;
        arena->used = MIN(arena->used + size, arena->max_bytes);
        return memory;
}

void *arena_alloc_array(Arena *arena, size_t n, size_t size) {
        size_t bytes;

        if (__builtin_mul_overflow(n, size, &bytes))
                return NULL;
        return arena_alloc(arena, bytes);
}

char *arena_copy_text(Arena *arena, const char *text, size_t len) {
        char *copy;

        if (len == SIZE_MAX)
                return NULL;
        copy = arena_alloc(arena, len + 1);
        if (copy && len > 0)
                memcpy(copy, text, len); /* the NUL is there: the memory is zeroed */
        return copy;
}

size_t arena_used(const Arena *arena) {
        return arena->used;
}
