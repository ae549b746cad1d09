/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/keyvalue.h"

#include <errno.h>
#include <string.h>

#include "base/number.h"

bool keyvalue_split(Slice line, Slice *ret_key, Slice *ret_value) {
        size_t n = 0;

        while (n < line.len && line.at[n] != ':' && line.at[n] != ' ' && line.at[n] != '\t')
                n++;
        if (n == 0 || n == line.len)
                return false;

        *ret_key = (Slice){ line.at, n };
        *ret_value = (Slice){ line.at + n + 1, line.len - n - 1 };
        return true;
}

int keyvalue_number(Slice value, bool is_kib, uint64_t *ret) {
        uint64_t number = UINT64_MAX;
        Slice word, unit;
        int n;

        if (!slice_next_word(&value, &word))
                return -EBADMSG;
        n = number_scan_u64(word.at, word.len, &number);
        if (n == 0 || (n > 0 && (size_t) n != word.len))
                return -EBADMSG;
        if (is_kib && (!slice_next_word(&value, &unit) || !slice_equals(unit, SLICE("kB"))))
                return -EBADMSG;

        if (n < 0 || (is_kib && __builtin_mul_overflow(number, 1024, &number))) {
                *ret = UINT64_MAX;
                return -ERANGE;
        }
        *ret = number;
        return 0;
}

static const KeySpec *find(KeyScan *scan, Slice key) {
        for (size_t i = 0; i < scan->n; i++) {
                size_t at = (scan->next + i) % scan->n;

                if (slice_equals(scan->specs[at].key, key)) {
                        scan->next = at + 1;
                        return &scan->specs[at];
                }
        }
        return NULL;
}

void keyvalue_take(KeyScan *scan, Slice line, void *base) {
        const KeySpec *spec;
        Slice key, value;
        uint64_t number;
        int r;

        if (!keyvalue_split(line, &key, &value))
                return;
        spec = find(scan, key);
        if (!spec || (scan->have & spec->bits) == spec->bits)
                return;
        r = keyvalue_number(value, spec->is_kib, &number);
        if (r == -EBADMSG)
                return;

        memcpy((char *) base + spec->offset, &number, sizeof(number));
        scan->have |= spec->bits;
        if (r < 0)
                scan->overflowed |= spec->bits;
}
