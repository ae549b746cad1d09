/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The terminal that avertctl top draws on and reads keys from. Hides curses, which has one screen:
 * so has this. */

#include "ctl/top.h"

/* Takes the terminal over. False when it cannot be drawn on. */
bool top_screen_open(bool colour);

/* Gives it back as it was. */
void top_screen_close(void);

/* The bottom right corner stays empty. */
void top_screen_draw(Top *top);

/* The next key, as top_key() takes it; 0 when there was none in that time, or the window changed
 * its size; -1 when the terminal is gone. */
int top_screen_key(int wait_ms);
