/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is said to whoever runs or debugs the daemon, on stderr; what the daemon does to the machine
 * is an Event and goes to the sinks. For main only. A line is dropped and counted rather than
 * waited for: the reader of stderr may be a journal that stands still. */

#include <stdint.h>

#include "base/macro.h"

/* The numbers are those of syslog. */
typedef enum LogLevel {
        LOG_LEVEL_ERROR = 3,
        LOG_LEVEL_WARNING = 4,
        LOG_LEVEL_NOTICE = 5,
        LOG_LEVEL_INFO = 6,
        LOG_LEVEL_DEBUG = 7,
} LogLevel;

typedef enum LogForm {
        LOG_FORM_PLAIN,  /* "avertd: warning: …" */
        LOG_FORM_PREFIX, /* "<4>…": a journal or another collector reads it */
} LogForm;

/* 0 or -EINVAL, *ret untouched then. */
int log_level_from_name(const char *name, LogLevel *ret);

/* "warning". */
const char *log_level_name(LogLevel level);

/* From now on. */
void log_set_level(LogLevel level);
LogLevel log_get_level(void);

void log_set(LogLevel level, LogForm form);

/* Writes one line (or several: each gets its prefix) without waiting. */
void log_line(LogLevel level, const char *format, ...) _printf_(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Lines that nobody took. */
uint64_t log_dropped(void);
