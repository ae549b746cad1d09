/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/psi-window.h"

#include "base/macro.h"
#include "base/number.h"

#define POINT_SPACING_USEC (50 * USEC_PER_MSEC)

/* A counter may run ahead of the clock by what the kernel books late. */
#define BOOKING_SLACK_USEC (50 * USEC_PER_MSEC)

/* How much longer than its name a window may be when points are sparse. */
#define STRETCH_USEC (10 * USEC_PER_SEC)

/* "some" above half of the time and "full" below a thousandth of it, for so long: the kernel has
 * lost count of its tasks (seen on 6.12). */
#define FLAT_AFTER_USEC (60 * USEC_PER_SEC)

void psi_windows_init(PsiWindows *w) {
        *w = (PsiWindows){ .flat_since = USEC_UNSET };
        for (int r = 0; r < _PSI_RESOURCE_MAX; r++)
                w->valid_from[r] = USEC_UNSET;
}

static const PsiPoint *point_at(const PsiWindows *w, uint32_t age) {
        return &w->points[(w->head + PSI_POINTS_MAX - 1 - age) % PSI_POINTS_MAX];
}

/* (3) */
static bool is_plausible(const PsiPoint *old, const PsiPoint *new, int resource) {
        const uint64_t *a = old->total_usec[resource], *b = new->total_usec[resource];
        usec_t wall = new->at_usec - old->at_usec;
        usec_t most = wall + wall / 4 + BOOKING_SLACK_USEC;

        if (b[PSI_SOME] < a[PSI_SOME] || b[PSI_FULL] < a[PSI_FULL])
                return false;
        if (b[PSI_SOME] - a[PSI_SOME] > most || b[PSI_FULL] - a[PSI_FULL] > most)
                return false;
        return b[PSI_FULL] - a[PSI_FULL] <=
                b[PSI_SOME] - a[PSI_SOME] + wall / 4 + BOOKING_SLACK_USEC;
}

static void watch_flat(PsiWindows *w, const PsiPoint *point) {
        uint64_t some = point->total_usec[PSI_MEMORY][PSI_SOME];
        uint64_t full = point->total_usec[PSI_MEMORY][PSI_FULL];
        usec_t wall = usec_since(point->at_usec, w->flat_since);

        if (w->flat_since != USEC_UNSET && wall < USEC_PER_SEC)
                return; /* too short to tell */

        if (w->flat_since == USEC_UNSET || sub_sat_u64(some, w->flat_some) < wall / 2 ||
                sub_sat_u64(full, w->flat_full) > wall / 1000) {
                w->flat_since = point->at_usec;
                w->flat_some = some;
                w->flat_full = full;
                w->flat = false;
        } else
                w->flat = wall >= FLAT_AFTER_USEC;
}

void psi_windows_add(PsiWindows *w, usec_t at_usec, uint32_t have, const PsiRaw *psi) {
        const PsiPoint *last = w->n > 0 ? point_at(w, 0) : NULL;
        PsiPoint point = { .at_usec = at_usec };

        if (last && at_usec < usec_add(last->at_usec, POINT_SPACING_USEC))
                return; /* (1) */

        for (int r = 0; r < _PSI_RESOURCE_MAX; r++) {
                point.total_usec[r][PSI_SOME] = psi[r].total_usec[PSI_SOME];
                point.total_usec[r][PSI_FULL] = psi[r].total_usec[PSI_FULL];

                if (!(have & UINT32_C(1) << r))
                        w->valid_from[r] = USEC_UNSET;
                else if (w->valid_from[r] == USEC_UNSET || !last || !is_plausible(last, &point, r))
                        w->valid_from[r] = at_usec;
        }
        if (w->valid_from[PSI_MEMORY] == USEC_UNSET || !psi[PSI_MEMORY].has_full)
                w->flat_since = USEC_UNSET;
        else
                watch_flat(w, &point);

        w->points[w->head] = point;
        w->head = (w->head + 1) % PSI_POINTS_MAX;
        w->n = MIN(w->n + 1, (uint32_t) PSI_POINTS_MAX);
}

bool psi_windows_is_sane(const PsiWindows *w, PsiResource resource) {
        return w->valid_from[resource] != USEC_UNSET && !(resource == PSI_MEMORY && w->flat);
}

Reading psi_windows_read(
        const PsiWindows *w, PsiResource resource, PsiKind kind, PsiWindow window) {
        static const usec_t lengths[] = { USEC_PER_SEC, 3 * USEC_PER_SEC, 10 * USEC_PER_SEC };
        usec_t length = lengths[window];
        const PsiPoint *end;

        if (w->n == 0 || !psi_windows_is_sane(w, resource))
                return (Reading){ 0 };

        end = point_at(w, 0);
        for (uint32_t age = 1; age < w->n; age++) {
                const PsiPoint *begin = point_at(w, age);
                usec_t wall = end->at_usec - begin->at_usec;
                uint64_t stalled;

                if (begin->at_usec < w->valid_from[resource] || wall > length + STRETCH_USEC)
                        break; /* (2) */
                if (wall < length)
                        continue;

                stalled = end->total_usec[resource][kind] - begin->total_usec[resource][kind];
                return (Reading){
                        .known = true,
                        .value = (int64_t) permyriad_of(MIN(stalled, wall), wall),
                        .since_usec = begin->at_usec,
                };
        }
        return (Reading){ 0 };
}
