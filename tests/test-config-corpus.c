/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Policy files to accept and to refuse: every .yaml of a directory. ok-NAME.yaml loads, prints, and
 * what was printed loads to the same; its warnings are those of ok-NAME.expect. bad-NAME.yaml is
 * refused with exactly the findings of bad-NAME.expect, one "line:column: message" each. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/text.h"
#include "config/config-load.h"

#define TEXT_MAX (300 * 1024)

static int n_tests, n_failed;

static void result(
        bool ok, const char *name, const char *what, const char *wanted, const char *got) {
        printf("%s %d - %s\n", ok ? "ok" : "not ok", ++n_tests, name);
        if (ok)
                return;
        n_failed++;
        printf("# %s\n# wanted:\n", what);
        for (const char *line = wanted; *line; line += strcspn(line, "\n"), line += *line == '\n')
                printf("#   %.*s\n", (int) strcspn(line, "\n"), line);
        printf("# got:\n");
        for (const char *line = got; *line; line += strcspn(line, "\n"), line += *line == '\n')
                printf("#   %.*s\n", (int) strcspn(line, "\n"), line);
}

static ssize_t read_file(int dir, const char *name, char *buf) {
        ssize_t n = fdio_read_at(dir, name, buf, TEXT_MAX);

        if (n < 0)
                buf[0] = '\0';
        return n;
}

static void add_findings(const ConfigErrors *errors, TextBuf *out) {
        for (size_t i = 0; i < errors->n; i++)
                textbuf_addf(out, "%u:%u: %s\n", errors->items[i].line, errors->items[i].column,
                        errors->items[i].message);
        if (errors->n_dropped > 0)
                textbuf_addf(out, "and %zu more\n", errors->n_dropped);
}

static void add_warnings(const Config *config, TextBuf *out) {
        for (size_t i = 0; i < config->n_warnings; i++)
                textbuf_addf(out, "%u:%u: %s\n", config->warnings[i].line,
                        config->warnings[i].column, config->warnings[i].text);
}

static void check_refused(const char *name, const char *text, size_t len, const char *wanted) {
        static ConfigErrors errors;
        static char got[16 * 1024];
        Config *config = NULL;
        TextBuf out;
        int r;

        textbuf_init(&out, got, sizeof(got));
        r = config_load_text(name, text, len, &config, &errors);
        add_findings(&errors, &out);
        result(r == -EINVAL && !config && *wanted && strcmp(got, wanted) == 0, name,
                config ? "it was accepted" : "it was refused for other reasons", wanted, got);
        config_unref(config);
}

/* What was printed, without the comments, which name another file. */
static void drop_comments(char *text) {
        char *to = text;

        for (char *line = text, *next; *line; line = next) {
                size_t len = strcspn(line, "\n");

                next = line + len + (line[len] == '\n');
                if (line[strspn(line, " ")] != '#')
                        for (char *p = line; p < next; p++)
                                *to++ = *p;
        }
        *to = '\0';
}

static void check_accepted(const char *name, const char *text, size_t len, const char *wanted) {
        static ConfigErrors errors;
        static char printed[TEXT_MAX], again[TEXT_MAX], got[16 * 1024];
        Config *config = NULL, *second = NULL;
        TextBuf out;

        textbuf_init(&out, got, sizeof(got));
        if (config_load_text(name, text, len, &config, &errors) < 0) {
                add_findings(&errors, &out);
                result(false, name, "it was refused", "", got);
                return;
        }
        add_warnings(config, &out);
        result(strcmp(got, wanted) == 0, name, "its warnings", wanted, got);

        textbuf_init(&out, printed, sizeof(printed));
        config_print(config, &out);
        textbuf_init(&out, again, sizeof(again));
        if (config_load_text("printed", printed, strlen(printed), &second, &errors) < 0)
                add_findings(&errors, &out);
        else
                config_print(second, &out);
        drop_comments(printed);
        drop_comments(again);
        result(strcmp(printed, again) == 0, name, "what it prints loads to the same", printed,
                again);
        config_unref(config);
        config_unref(second);
}

static void check_file(int dir, const char *name) {
        static char text[TEXT_MAX], wanted[TEXT_MAX];
        char expect[300];
        TextBuf b;
        ssize_t n = read_file(dir, name, text);

        if (n < 0) {
                result(false, name, "it cannot be read", "", strerror((int) -n));
                return;
        }
        textbuf_init(&b, expect, sizeof(expect));
        textbuf_add_slice(&b, (Slice){ name, strlen(name) - strlen(".yaml") });
        textbuf_add(&b, ".expect");
        (void) read_file(dir, expect, wanted); /* no file: nothing is expected */

        if (strncmp(name, "bad-", 4) == 0)
                check_refused(name, text, (size_t) n, wanted);
        else
                check_accepted(name, text, (size_t) n, wanted);
}

static int is_policy(const struct dirent *entry) {
        size_t len = strlen(entry->d_name);

        return len > 5 && strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

int main(int argc, char **argv) {
        struct dirent **entries;
        int n, dir;

        dir = argc == 2 ? fdio_open_dir_at(AT_FDCWD, argv[1]) : -1;
        n = argc == 2 ? scandir(argv[1], &entries, is_policy, alphasort) : -1;
        if (dir < 0 || n < 60) {
                printf("Bail out! There must be a directory with at least 60 policies\n");
                return 1;
        }
        for (int i = 0; i < n; i++) {
                check_file(dir, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        close_fd(dir);
        printf("1..%d\n", n_tests);
        return n_failed > 0;
}
