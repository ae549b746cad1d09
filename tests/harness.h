/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The thread sanitizer keeps one state for an address space: no second process may run in it. */
#if defined(__SANITIZE_THREAD__)
#define HARNESS_SANITIZES_THREADS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HARNESS_SANITIZES_THREADS 1
#endif
#endif
#ifndef HARNESS_SANITIZES_THREADS
#define HARNESS_SANITIZES_THREADS 0
#endif

/* What every unit test shares: the main() of a Check program that speaks TAP, and a directory tree
 * made from an initialiser list, which a test may change and break as it likes. */

#include <check.h>
#include <stdlib.h>

/* How long a test may hang, and how long it waits for what comes at once where the machine is idle:
 * no test that passes uses them up, however busy the machine is. The second one ends first, because
 * it can say what did not come. */
#define HARNESS_TIMEOUT_SEC 120
#define HARNESS_PATIENCE_MSEC (60 * 1000)

/* A temporary tree under $TMPDIR. `fd` is its directory. */
typedef struct Fixture {
        char path[256];
        int fd;
} Fixture;

/* Makes an empty tree; ends the test on failure. */
void fixture_init(Fixture *f);

/* Removes it again. */
void fixture_done(Fixture *f);

/* Writes text to a file, making the directories on the way; replaces what is there. */
void fixture_file(const Fixture *f, const char *name, const char *text);

/* The same with a length, for NULs. */
void fixture_bytes(const Fixture *f, const char *name, const void *data, size_t len);

/* Makes a symbolic link. */
void fixture_link(const Fixture *f, const char *name, const char *target);

/* Removes a file or an empty directory. */
void fixture_remove(const Fixture *f, const char *name);

/* Runs a suite, TAP on stdout; returns the exit code for main(). */
int harness_run(Suite *suite);

/* Makes the suite of a file that has one TCase. */
#define HARNESS_MAIN(name, ...)                                                                    \
        int main(void) {                                                                           \
                const TTest *const tests[] = { __VA_ARGS__ };                                      \
                Suite *s = suite_create(name);                                                     \
                TCase *tc = tcase_create(name);                                                    \
                for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)                      \
                        tcase_add_test(tc, tests[i]);                                              \
                tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);                                        \
                suite_add_tcase(s, tc);                                                            \
                return harness_run(s);                                                             \
        }
