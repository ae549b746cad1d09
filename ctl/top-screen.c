/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/top-screen.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "ctl/top-page.h"

/* How long after an escape the rest of a key may come. */
#define ESCAPE_MS 25

static SCREEN *screen;

bool top_screen_open(bool colour) {
        (void) setlocale(LC_CTYPE, "");
        screen = newterm(NULL, stdout, stdin);
        if (!screen)
                return false;

        (void) cbreak();
        (void) noecho();
        (void) nodelay(stdscr, TRUE);
        (void) keypad(stdscr, TRUE);
        (void) set_escdelay(ESCAPE_MS);
        (void) curs_set(0);
        if (colour && has_colors() && start_color() == OK && use_default_colors() == OK) {
                (void) init_pair(PAINT_GOOD, COLOR_GREEN, -1);
                (void) init_pair(PAINT_WARN, COLOR_YELLOW, -1);
                (void) init_pair(PAINT_BAD, COLOR_RED, -1);
        }
        return true;
}

void top_screen_close(void) {
        (void) endwin();
        delscreen(screen);
        screen = NULL;
}

static int attributes(Paint paint) {
        switch (paint) {
        case PAINT_BOLD:
                return A_BOLD;
        case PAINT_DIM:
                return A_DIM;
        case PAINT_GOOD:
        case PAINT_WARN:
                return COLOR_PAIR(paint);
        case PAINT_BAD:
                return (int) (A_BOLD | (unsigned) COLOR_PAIR(paint));
        case PAINT_PLAIN:
        case _PAINT_MAX:
                break;
        }
        return A_NORMAL;
}

static void put(
        void *ctx, unsigned row, unsigned column, Paint paint, bool marked, const char *text) {
        int height = *(const int *) ctx;

        if ((int) row >= height)
                return;
        if (marked && column == 0)
                (void) mvhline((int) row, 0, (chtype) ' ' | A_REVERSE, COLS);
        (void) attrset(marked ? (int) A_REVERSE : attributes(paint));
        (void) mvaddstr((int) row, (int) column, text);
        (void) attrset(A_NORMAL);
}

void top_screen_draw(Top *top) {
        int width, height;

        getmaxyx(stdscr, height, width);
        (void) erase();
        top_draw(top,
                &(TopCanvas){ .put = put,
                        .ctx = &height,
                        .width = (unsigned) MAX(width - 1, 1),
                        .height = (unsigned) MAX(height, 1),
                        .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 });
        (void) refresh();
}

static int translate(int key) {
        switch (key) {
        case KEY_UP:
                return TOP_KEY_UP;
        case KEY_DOWN:
                return TOP_KEY_DOWN;
        case KEY_PPAGE:
                return TOP_KEY_PAGE_UP;
        case KEY_NPAGE:
                return TOP_KEY_PAGE_DOWN;
        case KEY_HOME:
                return TOP_KEY_HOME;
        case KEY_END:
                return TOP_KEY_END;
        case KEY_ENTER:
        case '\r':
                return '\n';
        case '\033':
                return TOP_KEY_ESCAPE;
        default:
                return key > 0 && key < 256 ? key : 0;
        }
}

int top_screen_key(int wait_ms) {
        struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
        int key = getch(); /* what curses has read already */

        if (key == ERR) {
                /* A signal ends the wait early: the window may have a new size. */
                if (poll(&fd, 1, wait_ms) > 0 && (fd.revents & (POLLERR | POLLHUP | POLLNVAL)))
                        return -1;
                key = getch();
        }
        return translate(key);
}
