/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/options.h"

#include <errno.h>
#include <string.h>

#include "tests/harness.h"

enum { ARGS_MAX = 8 };

typedef struct Case {
        const char *name;
        const char *args[ARGS_MAX];
        int expect;
        const char *error; /* of a refusal, whole */
        Options options;   /* of a success; files apart */
        const char *files[4];
} Case;

#define PLAIN .log_level = LOG_LEVEL_INFO

static const Case cases[] = {
        { .name = "nothing", .options = { PLAIN } },
        { .name = "dry run", .args = { "--dry-run" }, .options = { PLAIN, .dry = true } },
        { .name = "dry run, short", .args = { "-n" }, .options = { PLAIN, .dry = true } },
        { .name = "config repeats",
                .args = { "--config", "a.yaml", "-c", "b.yaml", "--config=c.yaml" },
                .options = { PLAIN, .n_files = 3 },
                .files = { "a.yaml", "b.yaml", "c.yaml" } },
        { .name = "config without a file",
                .args = { "--config" },
                .expect = -EINVAL,
                .error = "--config needs FILE" },
        { .name = "config with an empty file",
                .args = { "--config=" },
                .expect = -EINVAL,
                .error = "--config needs the name of a file" },
        { .name = "check", .args = { "--check-config" }, .options = { PLAIN, .mode = MODE_CHECK } },
        { .name = "check of files",
                .args = { "--check-config", "a", "b" },
                .options = { PLAIN, .mode = MODE_CHECK, .n_files = 2 },
                .files = { "a", "b" } },
        { .name = "check of files before the option",
                .args = { "a", "--check-config" },
                .options = { PLAIN, .mode = MODE_CHECK, .n_files = 1 },
                .files = { "a" } },
        { .name = "check of a file that looks like an option",
                .args = { "--check-config", "--", "--odd" },
                .options = { PLAIN, .mode = MODE_CHECK, .n_files = 1 },
                .files = { "--odd" } },
        { .name = "once", .args = { "--once" }, .options = { PLAIN, .mode = MODE_ONCE } },
        { .name = "standby", .args = { "--standby" }, .options = { PLAIN, .mode = MODE_STANDBY } },
        { .name = "standby for a dry run",
                .args = { "--standby", "--dry-run" },
                .expect = -EINVAL,
                .error = "--standby is for a daemon that acts: not with --dry-run or --root" },
        { .name = "standby over a recording",
                .args = { "--root", "d", "--standby" },
                .expect = -EINVAL,
                .error = "--standby is for a daemon that acts: not with --dry-run or --root" },
        { .name = "once over a recording",
                .args = { "--once", "--json", "--root", "d" },
                .options = { PLAIN, .mode = MODE_ONCE, .json = true, .root = "d" } },
        { .name = "json alone",
                .args = { "--json" },
                .expect = -EINVAL,
                .error = "--json goes with --once only" },
        { .name = "empty root",
                .args = { "--root", "" },
                .expect = -EINVAL,
                .error = "--root needs a directory" },
        { .name = "bus", .args = { "--bus", "/x" }, .options = { PLAIN, .bus = "/x" } },
        { .name = "metrics",
                .args = { "--metrics", "/x.prom" },
                .options = { PLAIN, .metrics = "/x.prom" } },
        { .name = "no metrics", .args = { "--metrics=" }, .options = { PLAIN, .metrics = "" } },
        { .name = "no bus", .args = { "--bus=" }, .options = { PLAIN, .bus = "" } },
        { .name = "system bus",
                .args = { "--system-bus", "unix:path=/y" },
                .options = { PLAIN, .system_bus = "unix:path=/y" } },
        { .name = "no system bus",
                .args = { "--system-bus=" },
                .options = { PLAIN, .system_bus = "" } },
        { .name = "log level",
                .args = { "--log-level", "debug" },
                .options = { .log_level = LOG_LEVEL_DEBUG } },
        { .name = "unknown log level",
                .args = { "--log-level", "loud" },
                .expect = -EINVAL,
                .error = "--log-level takes error, warning, notice, info or debug, not 'loud'" },
        { .name = "help wins",
                .args = { "--help", "--once" },
                .options = { PLAIN, .mode = MODE_HELP } },
        { .name = "version wins",
                .args = { "--check-config", "-V" },
                .options = { PLAIN, .mode = MODE_VERSION } },
        { .name = "unknown option",
                .args = { "--kill-all" },
                .expect = -EINVAL,
                .error = "unknown option --kill-all" },
        { .name = "unknown letter",
                .args = { "-x" },
                .expect = -EINVAL,
                .error = "unknown option -x" },
        { .name = "value for a flag",
                .args = { "--once=yes" },
                .expect = -EINVAL,
                .error = "--once takes no value" },
        { .name = "stray word",
                .args = { "start" },
                .expect = -EINVAL,
                .error = "there is nothing to do with 'start'" },
        { .name = "stray word for once",
                .args = { "--once", "dir" },
                .expect = -EINVAL,
                .error = "there is nothing to do with 'dir'" },
};

static int parse(const char *const *args, Options *ret, TextBuf *reterr) {
        static char words[ARGS_MAX + 1][64]; /* what `ret` points to */
        char *argv[ARGS_MAX + 2] = { words[0] };
        int argc = 1;

        strcpy(words[0], "avertd");
        for (; argc <= ARGS_MAX && args[argc - 1]; argc++) {
                strcpy(words[argc], args[argc - 1]);
                argv[argc] = words[argc];
        }
        return options_parse(argc, argv, ret, reterr);
}

static void assert_same_text(const char *name, const char *got, const char *expected) {
        ck_assert_msg((!got && !expected) || (got && expected && strcmp(got, expected) == 0),
                "%s: got '%s', expected '%s'", name, got ? got : "(none)",
                expected ? expected : "(none)");
}

START_TEST(every_line_is_understood_or_refused_in_words) {
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                const Case *c = &cases[i];
                Options o;
                char text[256];
                TextBuf b;
                int r;

                textbuf_init(&b, text, sizeof(text));
                r = parse(c->args, &o, &b);
                ck_assert_msg(r == c->expect, "%s: got %d (%s)", c->name, r, text);
                assert_same_text(c->name, text, c->error ? c->error : "");
                if (r == 0) {
                        ck_assert_msg(
                                o.mode == c->options.mode, "%s: mode %d", c->name, (int) o.mode);
                        ck_assert_msg(o.dry == c->options.dry, "%s: dry", c->name);
                        ck_assert_msg(o.json == c->options.json, "%s: json", c->name);
                        ck_assert_msg(o.log_level == c->options.log_level, "%s: level", c->name);
                        ck_assert_msg(o.n_files == c->options.n_files, "%s: %zu files", c->name,
                                o.n_files);
                        assert_same_text(c->name, o.root, c->options.root);
                        assert_same_text(c->name, o.bus, c->options.bus);
                        assert_same_text(c->name, o.metrics, c->options.metrics);
                        assert_same_text(c->name, o.system_bus, c->options.system_bus);
                        for (size_t k = 0; k < o.n_files; k++)
                                assert_same_text(c->name, o.files[k], c->files[k]);
                }
                options_done(&o);
        }
}
END_TEST

START_TEST(help_names_every_option_and_exit_code) {
        static const char *const words[] = { "--config FILE", "--check-config", "--once", "--json",
                "--root DIR", "--dry-run", "--bus PATH", "--system-bus ADDRESS", "--metrics FILE",
                "--log-level LEVEL", "--help", "--version", "78" };
        char text[4096];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        options_print_help(&b);
        ck_assert(!b.truncated);
        for (size_t i = 0; i < ELEMENTS(words); i++)
                ck_assert_msg(strstr(text, words[i]) != NULL, "%s is missing", words[i]);
}
END_TEST

HARNESS_MAIN("options", every_line_is_understood_or_refused_in_words,
        help_names_every_option_and_exit_code)
