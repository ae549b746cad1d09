/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* One process has one stderr; everything else about logging is in the arguments. */
static struct {
        LogLevel level;
        LogForm form;
        uint64_t dropped;
} state = { .level = LOG_LEVEL_INFO };

static const struct {
        const char *name;
        LogLevel level;
} names[] = {
        { "error", LOG_LEVEL_ERROR },
        { "warning", LOG_LEVEL_WARNING },
        { "notice", LOG_LEVEL_NOTICE },
        { "info", LOG_LEVEL_INFO },
        { "debug", LOG_LEVEL_DEBUG },
};

int log_level_from_name(const char *name, LogLevel *ret) {
        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (strcmp(names[i].name, name) == 0) {
                        *ret = names[i].level;
                        return 0;
                }
        return -EINVAL;
}

const char *log_level_name(LogLevel level) {
        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (names[i].level == level)
                        return names[i].name;
        return "log";
}

void log_set(LogLevel level, LogForm form) {
        state.level = level;
        state.form = form;
}

void log_set_level(LogLevel level) {
        state.level = level;
}

LogLevel log_get_level(void) {
        return state.level;
}

uint64_t log_dropped(void) {
        return state.dropped;
}

/* A pipe or socket with room takes a line of this size whole, so poll() is enough to not block. */
static void put(const char *text, size_t len) {
        struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

        if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT) || write(STDERR_FILENO, text, len) < 0)
                state.dropped++; /* nobody there, or a full disk: nothing to be done about it */
}

void log_line(LogLevel level, const char *format, ...) {
        char text[3072], line[1024];
        Slice rest, one;
        va_list ap;
        int n;

        if (level > state.level)
                return;

        va_start(ap, format);
        n = vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        if (n < 0)
                return;

        rest = slice_of(text);
        while (slice_next_line(&rest, &one)) {
                TextBuf b;

                textbuf_init(&b, line, sizeof(line) - 1); /* room for the newline after a cut */
                if (state.form == LOG_FORM_PREFIX)
                        textbuf_addf(&b, "<%d>", (int) level);
                else if (level <= LOG_LEVEL_WARNING || level == LOG_LEVEL_DEBUG)
                        textbuf_addf(&b, "avertd: %s: ", log_level_name(level));
                else
                        textbuf_add(&b, "avertd: ");
                textbuf_add_slice(&b, one);
                line[b.len] = '\n';
                put(line, b.len + 1);
        }
}
