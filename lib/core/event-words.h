/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts that sentences about events are made of. */

#include "core/event.h"

/* What a cgroup is called by people: a unit by its name, another one by its path. */
void event_add_group_name(const char *unit, const char *path, TextBuf *out);

/* Whom it is about: "chrome (pid 4312, 6.1 GiB, app-chrome.scope)", a cgroup with its processes, or
 * "a process" when nobody knows. */
void event_add_target(const Event *e, TextBuf *out);

/* "SIGTERM" */
void event_add_signal(int signo, TextBuf *out);

/* ": readings [policy]" */
void event_add_why(const Event *e, TextBuf *out);

/* "; text" */
void event_add_text(const Event *e, TextBuf *out);
