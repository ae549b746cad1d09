/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/scout-table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "engine/reserve.h"

typedef struct Cell {
        int32_t pid; /* 0: empty */
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

/* Neighbouring pids stay neighbours: they are born, listed and read together, and pages that nobody
 * hashes to are not resident. */
static uint32_t home_of(const ScoutTable *t, int32_t pid) {
        return (uint32_t) pid & (t->n_cells - 1);
}

static uint32_t cell_of(const ScoutTable *t, int32_t pid) {
        uint32_t i = home_of(t, pid);

        while (t->cells[i].pid != 0 && t->cells[i].pid != pid)
                i = (i + 1) & (t->n_cells - 1);
        return i;
}

uint32_t scout_table_find(const ScoutTable *t, int32_t pid) {
        const Cell *c = &t->cells[cell_of(t, pid)];

        return c->pid == pid ? c->slot : SCOUT_TABLE_NONE;
}

void scout_table_add(ScoutTable *t, int32_t pid, uint32_t slot) {
        Cell *c = &t->cells[cell_of(t, pid)];

        assert(c->pid == 0);
        *c = (Cell){ .pid = pid, .slot = slot };
}

/* Moves up what stood behind the gap because of it. */
void scout_table_remove(ScoutTable *t, int32_t pid) {
        uint32_t mask = t->n_cells - 1;
        uint32_t gap = cell_of(t, pid);

        if (t->cells[gap].pid == 0)
                return;
        for (uint32_t i = (gap + 1) & mask; t->cells[i].pid != 0; i = (i + 1) & mask) {
                uint32_t home = home_of(t, t->cells[i].pid);

                if (((i - home) & mask) < ((i - gap) & mask))
                        continue;
                t->cells[gap] = t->cells[i];
                gap = i;
        }
        t->cells[gap] = (Cell){ 0 };
}
