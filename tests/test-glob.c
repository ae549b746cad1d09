/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/glob.h"

#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "tests/harness.h"

typedef struct Row {
        const char *pattern, *text;
        bool path, plain; /* expected in GLOB_PATH and in GLOB_TEXT */
} Row;

static const Row rows[] = {
        { "", "", true, true },
        { "", "a", false, false },
        { "a", "", false, false },
        { "abc", "abc", true, true },
        { "abc", "abd", false, false },
        { "abc", "abcd", false, false },
        { "ABC", "abc", false, false },

        /* '?' */
        { "?", "a", true, true },
        { "?", "", false, false },
        { "?", "/", false, true },
        { "a?c", "abc", true, true },
        { "a?c", "a/c", false, true },
        { "??", "\xc3\xa4", true, true }, /* bytes, not characters */

        /* '*' */
        { "*", "", true, true },
        { "*", "abc", true, true },
        { "*", "a/b", false, true },
        { "a*", "a", true, true },
        { "a*", "a/b", false, true },
        { "*b", "aab", true, true },
        { "*b", "aaba", false, false },
        { "*ab", "aaab", true, true },
        { "*--type=renderer*", "/opt/x/chrome --type=renderer --lang=en", false, true },
        { "/usr/bin/*", "/usr/bin/gcc", true, true },
        { "/usr/bin/*", "/usr/bin/a/b", false, true },
        { "/usr/*/gcc", "/usr/bin/gcc", true, true },
        { "/usr/*/gcc", "/usr/local/bin/gcc", false, true },
        { "/*/*/c", "/a/b/c", true, true },
        { "/*/*/c", "/a/b/d/c", false, true },
        { "*.service", "ssh.service", true, true },
        { "*.service", "a/ssh.service", false, true },
        { "user@*.service", "user@1000.service", true, true },
        { "a*b*c", "aXbYbZc", true, true },
        { "a*b*c", "aXbYbZ", false, false },
        { "a*/b*/c", "a1/b2/c", true, true },
        { "a*/b*/c", "a1/x/b2/c", false, true },

        /* '**' */
        { "**", "", true, true },
        { "**", "a/b/c", true, true },
        { "***", "a/b/c", true, true },
        { "/**", "/", true, true },
        { "/**", "/a/b", true, true },
        { "/user.slice/**", "/user.slice", true, false },
        { "/user.slice/**", "/user.slice/", true, true },
        { "/user.slice/**", "/user.slice/user-1000.slice/session-2.scope", true, true },
        { "/user.slice/**", "/user.slices", false, false },
        { "/user.slice/**", "/system.slice/user.slice/a", false, false },
        { "/a/**/b", "/a/b", true, false },
        { "/a/**/b", "/a/x/b", true, true },
        { "/a/**/b", "/a/x/y/b", true, true },
        { "/a/**/b", "/a/xb", false, false },
        { "/a/**/b", "/ab", false, false },
        { "/a/**/b", "/a//b", true, true },
        { "/a/**/b/**", "/a/b", true, false },
        { "/a/**/b/**", "/a/x/b/y/z", true, true },
        { "/**/**/b", "/b", true, false },
        { "**/b", "a/b", true, true },
        { "**/b", "b", false, false },
        { "**b", "a/b", true, true },
        { "a**b", "a/x/b", true, true },
        { "/a**", "/abc/d", true, true },
        { "**/x*y", "a/xb/xcy", true, true },
        { "**/x*y", "a/xb/cy", false, true },
        { "**/*.scope", "/user.slice/user-1.slice/session-3.scope", true, true },
        { "/**/*-**/c", "/a/b-/d/c", true, true },

        /* brackets */
        { "[abc]", "b", true, true },
        { "[abc]", "d", false, false },
        { "[a-c]x", "bx", true, true },
        { "[!a-c]x", "bx", false, false },
        { "[!a-c]x", "dx", true, true },
        { "[!a]", "/", false, true }, /* no bracket crosses '/' in a path */
        { "[/]", "/", false, true },
        { "[]]", "]", true, true },
        { "[!]]", "]", false, false },
        { "[!]]", "a", true, true },
        { "[a-]", "-", true, true },
        { "[-a]", "-", true, true },
        { "[\\]]", "]", true, true },
        { "[a\\-z]", "-", true, true },
        { "[a\\-z]", "m", false, false },
        { "[0-9][0-9]", "42", true, true },
        { "session-[0-9]*.scope", "session-12.scope", true, true },
        { "*[0-9]", "abc7", true, true },
        { "[\x80-\xff]", "\xc3", true, true },

        /* escapes */
        { "\\*", "*", true, true },
        { "\\*", "a", false, false },
        { "\\?", "?", true, true },
        { "\\[a]", "[a]", true, true },
        { "\\\\", "\\", true, true },
        { "a\\b", "ab", true, true },
        { "dev-disk-by\\\\x2duuid.swap", "dev-disk-by\\x2duuid.swap", true, true },

        /* what is not well formed stands for itself */
        { "[abc", "[abc", true, true },
        { "[abc", "a", false, false },
        { "a\\", "a\\", true, true },
        { "[z-a]", "[z-a]", true, true },
        { "[", "[", true, true },
};

START_TEST(patterns_match_as_the_language_says) {
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                ck_assert_msg(glob_match(rows[i].pattern, rows[i].text, GLOB_PATH) == rows[i].path,
                        "path: '%s' and '%s'", rows[i].pattern, rows[i].text);
                ck_assert_msg(glob_match(rows[i].pattern, rows[i].text, GLOB_TEXT) == rows[i].plain,
                        "text: '%s' and '%s'", rows[i].pattern, rows[i].text);
        }
}
END_TEST

START_TEST(malformed_patterns_are_told) {
        static const struct {
                const char *pattern;
                bool valid;
        } patterns[] = {
                { "", true },
                { "*", true },
                { "**/[a-z]?", true },
                { "[]]", true },
                { "[!]a]", true },
                { "\\[", true },
                { "a\\\\", true },
                { "[a-]", true },
                { "[", false },
                { "[]", false },
                { "[!]", false },
                { "[a", false },
                { "a[b-", false },
                { "[\\]", false },
                { "a\\", false },
                { "[z-a]", false },
                { "[a]b[", false },
                { "\\", false },
        };

        for (size_t i = 0; i < ELEMENTS(patterns); i++)
                ck_assert_msg(glob_is_valid(patterns[i].pattern) == patterns[i].valid, "'%s'",
                        patterns[i].pattern);
}
END_TEST

/* The definition, word by word, without a thought for its cost. */
static bool reference(const char *p, const char *t, bool path) {
        if (path && strncmp(p, "/**", 3) == 0 && p[3] == '\0' && (*t == '/' || *t == '\0'))
                return true;
        if (path && strncmp(p, "/**/", 4) == 0 && *t == '/') {
                for (const char *at = t; *at != '\0'; at++)
                        if (*at == '/' && reference(p + 3, at, path))
                                return true;
                return false;
        }
        if (*p == '*') {
                bool crosses = !path || p[1] == '*';

                while (*p == '*')
                        p++;
                for (;; t++) {
                        if (reference(p, t, path))
                                return true;
                        if (*t == '\0' || (*t == '/' && !crosses))
                                return false;
                }
        }
        if (*p == '\0' || *t == '\0')
                return *p == *t;
        return (*p == '?' ? !path || *t != '/' : *p == *t) && reference(p + 1, t + 1, path);
}

/* The n-th word over an alphabet, shortest first. */
static void spell(unsigned n, const char *alphabet, char *word) {
        unsigned base = (unsigned) strlen(alphabet), len = 0, count = 1;

        while (n >= count) {
                n -= count;
                count *= base;
                len++;
        }
        for (unsigned i = 0; i < len; i++, n /= base)
                word[i] = alphabet[n % base];
        word[len] = '\0';
}

/* Asked a million times: only a difference goes through the framework. */
static void compare(const char *pattern, const char *text, bool path) {
        bool got = glob_match(pattern, text, path ? GLOB_PATH : GLOB_TEXT);

        if (got != reference(pattern, text, path))
                ck_abort_msg("'%s' and '%s', path %d: got %d", pattern, text, path, got);
}

START_TEST(every_short_pattern_agrees_with_the_definition) {
        enum { PATTERNS = 1 + 4 + 16 + 64 + 256 + 1024, TEXTS = 1 + 3 + 9 + 27 + 81 + 243 };

        for (unsigned i = 0; i < PATTERNS; i++)
                for (unsigned j = 0; j < TEXTS; j++) {
                        char pattern[16], text[16];

                        spell(i, "a*/?", pattern);
                        spell(j, "a/b", text);
                        compare(pattern, text, true);
                        compare(pattern, text, false);
                }
}
END_TEST

START_TEST(long_patterns_of_stars_agree_with_the_definition) {
        static const char *const patterns[] = {
                "**/a*b**",
                "*a**b*/",
                "/**/a*/**/b",
                "**a*/b*a",
                "a**/*b/**/a",
                "/**/*a*/*b*",
                "**/**a",
                "*/**/*",
        };
        enum { TEXTS = 1 + 3 + 9 + 27 + 81 + 243 + 729 + 2187 };

        for (size_t i = 0; i < ELEMENTS(patterns); i++)
                for (unsigned j = 0; j < TEXTS; j++) {
                        char text[16];

                        spell(j, "ab/", text);
                        compare(patterns[i], text, true);
                }
}
END_TEST

/* What takes exponential time in a matcher that tries every star everywhere; the timeout of the
 * test is the assertion. */
START_TEST(hostile_texts_take_no_time) {
        static char as[8192], path[8192];

        memset(as, 'a', sizeof(as) - 1);
        for (size_t i = 0; i < sizeof(path) - 1; i++)
                path[i] = i % 2 ? 'a' : '/';

        ck_assert(!glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", as, GLOB_TEXT));
        ck_assert(!glob_match("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", as, GLOB_PATH));
        ck_assert(!glob_match("**a**a**a**a**a**a**a**a**a**a**b", as, GLOB_PATH));
        ck_assert(!glob_match("/**/a/**/a/**/a/**/a/**/a/**/a/**/b", path, GLOB_PATH));
        ck_assert(!glob_match("**/*a*/**/*a*/**/*a*/**/*a*/**/b", path, GLOB_PATH));
        ck_assert(!glob_match("**?*?*?*?*?*?*?*?*[!a]", as, GLOB_PATH));
}
END_TEST

HARNESS_MAIN("glob", patterns_match_as_the_language_says, malformed_patterns_are_told,
        every_short_pattern_agrees_with_the_definition,
        long_patterns_of_stars_agree_with_the_definition, hostile_texts_take_no_time)
