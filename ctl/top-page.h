/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The page that avertctl top shows, as pieces of text with a place: for a terminal that is drawn
 * on, and for one that is not. */

#include "ctl/term.h"
#include "ctl/top.h"

/* Pieces come from top to bottom, and in a row from left to right. `text` is clean and as wide as
 * it may be; `marked`: the chosen row. */
typedef struct TopCanvas {
        void (*put)(void *ctx, unsigned row, unsigned column, Paint paint, bool marked,
                const char *text);
        void *ctx;
        unsigned width;
        unsigned height; /* 0: as many rows as it takes, and nothing is chosen */
        bool utf8;
} TopCanvas;

/* Fits the first row and the length of a page in `top` to the height. */
void top_draw(Top *top, const TopCanvas *canvas);
