/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/psi.h"

#include <errno.h>
#include <sys/types.h>

#include "base/fdio.h"
#include "base/number.h"
#include "base/text.h"

/* "12.34" -> 1234: the kernel always writes two decimals. */
static int parse_average(Slice s, uint32_t *ret) {
        uint64_t whole, hundredths;
        int n;

        n = number_scan_u64(s.at, s.len, &whole);
        if (n <= 0 || whole > 1000 || (size_t) n + 3 != s.len || s.at[n] != '.')
                return -EBADMSG;
        if (number_scan_u64(s.at + n + 1, 2, &hundredths) != 2)
                return -EBADMSG;

        *ret = (uint32_t) (whole * 100 + hundredths);
        return 0;
}

static Slice behind(Slice s, Slice prefix) {
        return (Slice){ s.at + prefix.len, s.len - prefix.len };
}

/* Parses what follows "some" or "full". Unknown words are passed over. */
static int parse_line(Slice rest, PsiLine *ret) {
        unsigned seen = 0;
        PsiLine line = { 0 };
        Slice word;

        while (slice_next_word(&rest, &word)) {
                const struct {
                        Slice key;
                        uint32_t *average;
                } averages[] = {
                        { SLICE("avg10="), &line.avg10_permyriad },
                        { SLICE("avg60="), &line.avg60_permyriad },
                        { SLICE("avg300="), &line.avg300_permyriad },
                };

                for (size_t i = 0; i < ELEMENTS(averages); i++)
                        if (slice_starts_with(word, averages[i].key)) {
                                if (parse_average(
                                            behind(word, averages[i].key), averages[i].average) < 0)
                                        return -EBADMSG;
                                seen |= 1U << i;
                        }

                if (slice_starts_with(word, SLICE("total="))) {
                        Slice digits = behind(word, SLICE("total="));
                        int n = number_scan_u64(digits.at, digits.len, &line.total_usec);

                        if (n <= 0 || (size_t) n != digits.len)
                                return -EBADMSG;
                        seen |= 8;
                }
        }

        if (seen != 15)
                return -EBADMSG;
        *ret = line;
        return 0;
}

int psi_parse(const char *text, PsiStats *ret) {
        Slice rest = slice_of(text), line, word;
        PsiStats stats = { 0 };
        bool has_some = false;
        int r = 0;

        while (r == 0 && slice_next_line(&rest, &line)) {
                if (!slice_next_word(&line, &word))
                        continue;

                if (slice_equals(word, SLICE("some"))) {
                        r = parse_line(line, &stats.some);
                        has_some = true;
                } else if (slice_equals(word, SLICE("full"))) {
                        r = parse_line(line, &stats.full);
                        stats.has_full = true;
                }
        }
        if (r < 0 || !has_some)
                return -EBADMSG;

        *ret = stats;
        return PSI_OK;
}

static int outcome(ssize_t r) {
        if (r == -ENOENT || r == -ENODEV)
                return PSI_GONE;
        if (r == -EOPNOTSUPP)
                return PSI_UNSUPPORTED;
        return (int) r;
}

int psi_read_fd(int fd, PsiStats *ret) {
        char buf[512];
        ssize_t n;

        n = fdio_pread_once(fd, buf, sizeof(buf));
        return n < 0 ? outcome(n) : psi_parse(buf, ret);
}

int psi_read_at(int dirfd, const char *name, PsiStats *ret) {
        _cleanup_close_ int fd = fdio_open_at(dirfd, name);

        return fd < 0 ? outcome(fd) : psi_read_fd(fd, ret);
}
