/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-children.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/fdio.h"
#include "base/number.h"
#include "base/text.h"

int proc_children_parse(const char *text, pid_t *ret, size_t max) {
        Slice rest = slice_of(text), word;
        size_t n = 0;

        while (n < max && slice_next_word(&rest, &word)) {
                uint64_t number;

                if (word.len == 1 && *word.at == '\n')
                        break;
                if (number_scan_u64(word.at, word.len, &number) != (int) word.len || number == 0 ||
                        number > INT_MAX)
                        return -EBADMSG;
                ret[n++] = (pid_t) number;
        }
        return (int) n;
}

int proc_children_read_own(pid_t *ret, size_t max) {
        char text[4096];
        ssize_t n;

        n = fdio_read_at(AT_FDCWD, "/proc/thread-self/children", text, sizeof(text));
        if (n == -EOVERFLOW) { /* the last number may be cut */
                char *cut = strrchr(text, ' ');

                if (cut)
                        *cut = '\0';
        } else if (n < 0)
                return (int) n;
        return proc_children_parse(text, ret, max);
}
