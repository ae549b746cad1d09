/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bounded text: slices of a buffer, a builder that truncates instead of overflowing, and the
 * printable forms of the units that avert speaks. Never allocates. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/macro.h"

/* A piece of somebody else's buffer; not NUL-terminated. */
typedef struct Slice {
        const char *at;
        size_t len;
} Slice;

#define SLICE(literal) ((Slice){ (literal), sizeof(literal) - 1 })

Slice slice_of(const char *text);

/* Inline: every line of /proc is compared with many keys, and most differ in length already. */
static inline bool slice_equals(Slice a, Slice b) {
        return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool slice_starts_with(Slice s, Slice prefix) {
        return s.len >= prefix.len && slice_equals((Slice){ s.at, prefix.len }, prefix);
}

/* Takes the next line (without '\n' and a preceding '\r') off *rest. Returns false when nothing is
 * left. */
bool slice_next_line(Slice *rest, Slice *ret_line);

/* Takes the next word (separated by blanks and tabs) off *rest. Returns false when none is left. */
bool slice_next_word(Slice *rest, Slice *ret_word);

/* Edit distance of two words with a cap, for "did you mean": returns cap + 1 when it is larger.
 * Words beyond 64 characters count as far. */
unsigned text_distance(const char *a, const char *b, unsigned cap);

/* A text under construction in a caller's buffer. Always NUL-terminated; what does not fit is cut
 * (never in the middle of a UTF-8 sequence or an escape) and remembered in `truncated`; nothing is
 * added after a cut. */
typedef struct TextBuf {
        char *data;
        size_t size; /* of the buffer, with the NUL */
        size_t len;
        bool truncated;
} TextBuf;

void textbuf_init(TextBuf *b, char *data, size_t size);
void textbuf_add(TextBuf *b, const char *text);
void textbuf_add_slice(TextBuf *b, Slice s);

/* The path of `name` in the directory in which `path` is: of "/run/avert/bus" and "leases",
 * "/run/avert/leases". */
void textbuf_add_beside(TextBuf *b, const char *path, const char *name);
void textbuf_addf(TextBuf *b, const char *format, ...) _printf_(2, 3);

/* Adds text that belongs to somebody else (comm, cmdline, file names): control characters, marks
 * that turn the direction of writing, invalid UTF-8 and backslashes are written as \xNN, so that no
 * terminal or log is steered by it. */
void textbuf_add_escaped(TextBuf *b, const char *text, size_t len);

/* "6.1 GiB", "340 KiB", "17 B": bytes below 10 KiB, then binary units with one decimal up to 99.9
 * of a unit. This and the next two round down: what is below a threshold is never shown as equal to
 * it. */
void textbuf_add_bytes(TextBuf *b, uint64_t bytes);

/* "340 ms", "1.5 s", "12 min", "3 h"; "never" for USEC_UNSET. */
void textbuf_add_usec(TextBuf *b, usec_t usec);

/* "3.1%", "100%": at most one decimal, two below 1 %. */
void textbuf_add_permyriad(TextBuf *b, uint64_t permyriad);

/* Copies text into dst[size], cut if it does not fit (never in the middle of a UTF-8 sequence),
 * always NUL-terminated. Returns false when it was cut. */
bool text_copy(char *dst, size_t size, const char *text);
