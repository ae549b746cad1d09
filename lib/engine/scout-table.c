/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/scout-table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "engine/reserve.h"

typedef struct Cell {
        int32_t key; /* 0: empty */
        uint32_t slot;
} Cell;

/* Open addressing, half empty at least. */
struct ScoutTable {
        Cell *cells;
        uint32_t n_cells; /* a power of two */
};

int scout_table_new(uint32_t size, ScoutTable **ret) {
        ScoutTable *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        t->n_cells = 64;
        while (t->n_cells / 2 < size && t->n_cells <= UINT32_MAX / 4)
                t->n_cells *= 2;
        t->cells = reserve_new(t->n_cells, sizeof(Cell));
        if (!t->cells) {
                free(t);
                return -ENOMEM;
        }
        *ret = t;
        return 0;
}

ScoutTable *scout_table_free(ScoutTable *t) {
        if (t)
                (void) reserve_free(t->cells, t->n_cells, sizeof(Cell));
        free(t);
        return NULL;
}

/* Neighbouring keys stay neighbours: they are born, listed and read together, and pages that nobody
 * hashes to are not resident. */
static uint32_t home_of(const ScoutTable *t, int32_t key) {
        return (uint32_t) key & (t->n_cells - 1);
}

static uint32_t cell_of(const ScoutTable *t, int32_t key) {
        uint32_t i = home_of(t, key);

        while (t->cells[i].key != 0 && t->cells[i].key != key)
                i = (i + 1) & (t->n_cells - 1);
        return i;
}

uint32_t scout_table_find(const ScoutTable *t, int32_t key) {
        const Cell *c = &t->cells[cell_of(t, key)];

        return c->key == key ? c->slot : SCOUT_TABLE_NONE;
}

void scout_table_add(ScoutTable *t, int32_t key, uint32_t slot) {
        Cell *c = &t->cells[cell_of(t, key)];

        assert(c->key == 0);
        *c = (Cell){ .key = key, .slot = slot };
}

/* Moves up what stood behind the gap because of it. */
void scout_table_remove(ScoutTable *t, int32_t key) {
        uint32_t mask = t->n_cells - 1;
        uint32_t gap = cell_of(t, key);

        if (t->cells[gap].key == 0)
                return;
        for (uint32_t i = (gap + 1) & mask; t->cells[i].key != 0; i = (i + 1) & mask) {
                uint32_t home = home_of(t, t->cells[i].key);

                if (((i - home) & mask) < ((i - gap) & mask))
                        continue;
                t->cells[gap] = t->cells[i];
                gap = i;
        }
        t->cells[gap] = (Cell){ 0 };
}
