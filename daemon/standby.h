/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* avertd --standby: keeps the program and its libraries in memory for the one that works. A daemon
 * that is killed while memory is short has its text read again from the same disk that everybody
 * waits for; seconds pass, and those are the seconds in which it is needed. What another process
 * has locked is there at once (mlock(2): locked pages of a file are never dropped, whoever maps
 * them). Costs some pages of data; the text is shared with the daemon. */

/* Locks all text, waits for SIGTERM or SIGINT. Returns the exit code. */
int standby_run(void);
