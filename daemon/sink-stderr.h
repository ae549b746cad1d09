/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Events for people, on a terminal or in whatever collects stderr: the sentence, below it who was
 * considered. Also the line at the bottom of the terminal that tells how the machine is. */

#include <stdbool.h>

#include "core/event.h"
#include "engine/engine.h"

typedef enum StderrForm {
        STDERR_PLAIN,    /* time, level, sentence */
        STDERR_TERMINAL, /* the same with a status line below, which each event replaces */
        STDERR_PREFIX,   /* "<4>" and the sentence: a collector adds the time */
} StderrForm;

typedef struct StderrSink {
        int fd; /* owner: journal; main writes status lines when that does not wait */
        StderrForm form;
        bool colour;
} StderrSink;

/* For the engine; valid while *s is. Called on the journal thread, may block. */
Sink sink_stderr_get(StderrSink *s);

/* The text of one event in that form, with its newlines. */
void sink_stderr_print(const StderrSink *s, const Event *e, TextBuf *out);

/* Puts one line at the bottom of a terminal, cut to its width; nothing in the other forms. Never
 * waits. For main. */
void sink_stderr_status(StderrSink *s, const char *line);
