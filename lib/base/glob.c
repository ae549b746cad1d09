/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/glob.h"

#include <stddef.h>
#include <string.h>

/* How the matcher works: pattern and text are walked once; a star remembers where it stands, and a
 * mismatch goes back to the last star only, giving it one more character. Going back further would
 * not help: a later star that can reach less than an earlier one does not exist within one path
 * component, and a '/' between two stars fixes where the first one ends. A single star that meets
 * '/' gives way to the last double star. So at most two positions are remembered, and the cost is
 * bounded by text * longest component * pattern. */

/* One element of a bracket expression: a character, possibly escaped. */
static const char *read_char(const char *p, unsigned char *ret) {
        if (*p == '\\' && p[1] != '\0')
                p++;
        *ret = (unsigned char) *p;
        return p + 1;
}

/* Reads the bracket expression that begins at p ('['). Returns the position behind ']', or NULL
 * when it is not closed or a range runs backwards. */
static const char *read_bracket(const char *p, unsigned char c, bool *ret_matches) {
        bool negated = p[1] == '!', found = false, first = true;

        for (p += negated ? 2 : 1; *p != ']' || first; first = false) {
                unsigned char low, high;

                if (*p == '\0')
                        return NULL;

                p = read_char(p, &low);
                high = low;
                if (*p == '-' && p[1] != ']' && p[1] != '\0')
                        p = read_char(p + 1, &high);
                if (high < low)
                        return NULL;
                if (low <= c && c <= high)
                        found = true;
        }

        *ret_matches = found != negated;
        return p + 1;
}

/* Matches one non-star element of the pattern with the character c. Returns the rest of the
 * pattern, or NULL. */
static const char *match_one(const char *p, char c, GlobMode mode) {
        bool is_barrier = mode == GLOB_PATH && c == '/';

        switch (*p) {
        case '\0':
                return NULL;
        case '?':
                return is_barrier ? NULL : p + 1;
        case '[': {
                bool matches;
                const char *behind = read_bracket(p, (unsigned char) c, &matches);

                if (behind)
                        return matches && !is_barrier ? behind : NULL;
                break; /* malformed: a plain character */
        }
        case '\\':
                if (p[1] != '\0')
                        p++;
                break;
        default:
                break;
        }
        return *p == c ? p + 1 : NULL;
}

/* A place in both: what is left of the pattern has to match what is left of the text. */
typedef struct Place {
        const char *pattern; /* NULL: no such place */
        const char *text;
} Place;

typedef struct Matcher {
        GlobMode mode;
        Place at;
        Place star;     /* behind the last single star, where it ends at present */
        Place globstar; /* behind the last double star */
} Matcher;

/* Remembers the place behind a star that just ended its shortest match. */
static void remember_star(Matcher *m, bool crosses) {
        if (crosses && m->mode == GLOB_PATH) {
                m->globstar = m->at;
                m->star.pattern = NULL;
        } else
                m->star = m->at;
}

/* Steps over stars, if the pattern stands before some. Returns false when what follows decides. */
static bool skip_stars(Matcher *m, bool *ret_matches_rest) {
        const char *p = m->at.pattern;
        bool any_depth = m->mode == GLOB_PATH && p[0] == '/' && p[1] == '*' && p[2] == '*';

        *ret_matches_rest = false;
        if (any_depth && p[3] == '\0' && (*m->at.text == '/' || *m->at.text == '\0')) {
                *ret_matches_rest = true; /* the directory itself, or anything below */
                return true;
        }
        if (any_depth && p[3] == '/' && *m->at.text == '/') {
                m->at.pattern = p + 3; /* no directories between the two slashes, to begin with */
                remember_star(m, true);
                return true;
        }
        if (*p != '*')
                return false;

        while (*m->at.pattern == '*')
                m->at.pattern++;
        remember_star(m, p[1] == '*');
        *ret_matches_rest = *m->at.pattern == '\0' && (p[1] == '*' || m->mode == GLOB_TEXT);
        return true;
}

/* Gives the last star that can take it one more character of the text, and goes on from there. */
static bool step_back(Matcher *m) {
        Place *star = &m->star;

        if (!star->pattern || *star->text == '\0' || (m->mode == GLOB_PATH && *star->text == '/')) {
                star->pattern = NULL;
                star = &m->globstar;
                if (!star->pattern || *star->text == '\0')
                        return false;
        }

        star->text++;
        m->at = *star;
        return true;
}

/* Whether the pattern stands at a character that only matches itself. */
static bool is_plain(const char *p, GlobMode mode) {
        switch (*p) {
        case '\0':
        case '*':
        case '?':
        case '[':
        case '\\':
                return false;
        case '/':
                return mode != GLOB_PATH || p[1] != '*';
        default:
                return true;
        }
}

bool glob_match(const char *pattern, const char *text, GlobMode mode) {
        Matcher m = { .mode = mode };

        /* Most patterns differ from most texts before their first star: there is nothing to go back
         * to. */
        for (; is_plain(pattern, mode); pattern++, text++)
                if (*pattern != *text)
                        return false;
        m.at = (Place){ pattern, text };

        for (;;) {
                const char *next = NULL;
                bool matches_rest;

                while (skip_stars(&m, &matches_rest))
                        if (matches_rest)
                                return true;

                if (*m.at.text != '\0')
                        next = match_one(m.at.pattern, *m.at.text, mode);
                else if (*m.at.pattern == '\0')
                        return true;

                if (next) {
                        m.at.pattern = next;
                        m.at.text++;
                } else if (!step_back(&m))
                        return false;
        }
}

bool glob_is_valid(const char *pattern) {
        while (*pattern != '\0') {
                bool ignored;

                if (*pattern == '\\') {
                        if (pattern[1] == '\0')
                                return false;
                        pattern += 2;
                } else if (*pattern == '[') {
                        pattern = read_bracket(pattern, 0, &ignored);
                        if (!pattern)
                                return false;
                } else
                        pattern++;
        }
        return true;
}
