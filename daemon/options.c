/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "base/macro.h"

enum { OPTION_FIRST = 256 }; /* beyond every short option */

typedef struct OptionSpec {
        const char *name;
        char letter;          /* 0: none */
        const char *argument; /* NULL: takes none */
        const char *help;
        int (*apply)(Options *o, const char *value, TextBuf *reterr);
} OptionSpec;

/* What asks for an end (help, version) wins over what asks for work, whatever the order. */
static void set_mode(Options *o, OptionsMode mode) {
        o->mode = MAX(o->mode, mode);
}

static int apply_config(Options *o, const char *value, TextBuf *reterr) {
        if (!*value) {
                textbuf_add(reterr, "--config needs the name of a file");
                return -EINVAL;
        }
        o->files[o->n_files++] = value;
        return 0;
}

static int apply_check(Options *o, const char *value _unused_, TextBuf *reterr _unused_) {
        set_mode(o, MODE_CHECK);
        return 0;
}

static int apply_once(Options *o, const char *value _unused_, TextBuf *reterr _unused_) {
        set_mode(o, MODE_ONCE);
        return 0;
}

static int apply_standby(Options *o, const char *value _unused_, TextBuf *reterr _unused_) {
        set_mode(o, MODE_STANDBY);
        return 0;
}

static int apply_root(Options *o, const char *value, TextBuf *reterr) {
        if (!*value) {
                textbuf_add(reterr, "--root needs a directory");
                return -EINVAL;
        }
        o->root = value;
        return 0;
}

static int apply_dry(Options *o, const char *value _unused_, TextBuf *reterr _unused_) {
        o->dry = true;
        return 0;
}

static int apply_bus(Options *o, const char *value, TextBuf *reterr _unused_) {
        o->bus = value;
        return 0;
}

static int apply_metrics(Options *o, const char *value, TextBuf *reterr _unused_) {
        o->metrics = value;
        return 0;
}

static int apply_system_bus(Options *o, const char *value, TextBuf *reterr _unused_) {
        o->system_bus = value;
        return 0;
}

static int apply_json(Options *o, const char *value _unused_, TextBuf *reterr _unused_) {
        o->json = true;
        return 0;
}

static int apply_log_level(Options *o, const char *value, TextBuf *reterr) {
        int r;

        r = log_level_from_name(value, &o->log_level);
        if (r < 0)
                textbuf_addf(reterr,
                        "--log-level takes error, warning, notice, info or debug, not '%s'", value);
        return r;
}

static int apply_help(Options *o, const char *value _unused_, TextBuf *reterr _unused_) {
        set_mode(o, MODE_HELP);
        return 0;
}

static int apply_version(Options *o, const char *value _unused_, TextBuf *reterr _unused_) {
        set_mode(o, MODE_VERSION);
        return 0;
}

static const OptionSpec specs[] = {
        { "config", 'c', "FILE", "policy file; repeatable, replaces all directories",
                apply_config },
        { "check-config", 0, NULL, "load the policies (or FILE...), print errors, exit",
                apply_check },
        { "once", 0, NULL, "judge once, act on nothing, print why, exit", apply_once },
        { "json", 0, NULL, "with --once: JSON, one object a line", apply_json },
        { "root", 0, "DIR", "look at recorded trees instead of this machine; acts on nothing",
                apply_root },
        { "dry-run", 'n', NULL, "decide and report, but act on nothing", apply_dry },
        { "bus", 0, "PATH", "private socket (default: /run/avert/bus); empty: none", apply_bus },
        { "system-bus", 0, "ADDRESS",
                "bus to be on as org.avert1 (default: the system's); empty: none",
                apply_system_bus },
        { "metrics", 0, "FILE", "file of metrics (default: /run/avert/metrics.prom); empty: none",
                apply_metrics },
        { "standby", 0, NULL, "be ready, and act only while the one that acts was killed",
                apply_standby },
        { "log-level", 0, "LEVEL", "error, warning, notice, info (default) or debug",
                apply_log_level },
        { "help", 'h', NULL, "print this and exit", apply_help },
        { "version", 'V', NULL, "print the version and exit", apply_version },
};

static void make_tables(struct option *ret_long, char *ret_short) {
        char *s = ret_short;

        *s++ = ':'; /* a missing argument is told apart from an unknown option */
        for (size_t i = 0; i < ELEMENTS(specs); i++) {
                ret_long[i] = (struct option){
                        .name = specs[i].name,
                        .has_arg = specs[i].argument ? required_argument : no_argument,
                        .val = OPTION_FIRST + (int) i,
                };
                if (!specs[i].letter)
                        continue;
                *s++ = specs[i].letter;
                if (specs[i].argument)
                        *s++ = ':';
        }
        *s = '\0';
        ret_long[ELEMENTS(specs)] = (struct option){};
}

static const OptionSpec *find_spec(int c) {
        for (size_t i = 0; i < ELEMENTS(specs); i++)
                if (c == OPTION_FIRST + (int) i || (specs[i].letter && c == specs[i].letter))
                        return &specs[i];
        return NULL;
}

/* getopt's own messages go to stderr and cannot be tested; these are the same in our words. */
static int refuse(int c, char **argv, TextBuf *reterr) {
        const OptionSpec *spec = optopt ? find_spec(optopt) : NULL;

        if (c == ':' && spec)
                textbuf_addf(reterr, "--%s needs %s", spec->name, spec->argument);
        else if (spec)
                textbuf_addf(reterr, "--%s takes no value", spec->name);
        else if (optopt)
                textbuf_addf(reterr, "unknown option -%c", optopt);
        else
                textbuf_addf(reterr, "unknown option %s", argv[optind - 1]);
        return -EINVAL;
}

static int check_together(const Options *o, int n_rest, char **rest, TextBuf *reterr) {
        if (o->mode == MODE_HELP || o->mode == MODE_VERSION)
                return 0;
        if (n_rest > 0 && o->mode != MODE_CHECK) {
                textbuf_addf(reterr, "there is nothing to do with '%s'", rest[0]);
                return -EINVAL;
        }
        if (o->json && o->mode != MODE_ONCE) {
                textbuf_add(reterr, "--json goes with --once only");
                return -EINVAL;
        }
        if (o->mode == MODE_STANDBY && (o->dry || o->root)) {
                textbuf_add(reterr,
                        "--standby is for a daemon that acts: not with --dry-run or --root");
                return -EINVAL;
        }
        return 0;
}

int options_parse(int argc, char **argv, Options *ret, TextBuf *reterr) {
        struct option table[ELEMENTS(specs) + 1];
        char letters[2 * ELEMENTS(specs) + 2];
        int c, r;

        *ret = OPTIONS_INIT;
        ret->files = calloc((size_t) argc + 1, sizeof(ret->files[0]));
        if (!ret->files)
                return -ENOMEM;

        make_tables(table, letters);
        optind = 0; /* glibc: forget an earlier run, for tests */
        opterr = 0;

        while ((c = getopt_long(argc, argv, letters, table, NULL)) >= 0) {
                const OptionSpec *spec = c == '?' || c == ':' ? NULL : find_spec(c);

                if (!spec)
                        return refuse(c, argv, reterr);
                r = spec->apply(ret, optarg, reterr);
                if (r < 0)
                        return r;
        }

        r = check_together(ret, argc - optind, argv + optind, reterr);
        if (r < 0)
                return r;

        if (ret->mode == MODE_CHECK)
                for (int i = optind; i < argc; i++)
                        ret->files[ret->n_files++] = argv[i];
        return 0;
}

void options_done(Options *o) {
        free(o->files);
        *o = OPTIONS_INIT;
}

void options_print_help(TextBuf *out) {
        textbuf_add(out,
                "avertd [OPTIONS]\n"
                "avertd --check-config [FILE...]\n\n"
                "Keeps this machine out of memory trouble.\n\n");

        for (size_t i = 0; i < ELEMENTS(specs); i++) {
                const OptionSpec *s = &specs[i];
                char left[64];
                TextBuf b;

                textbuf_init(&b, left, sizeof(left));
                if (s->letter)
                        textbuf_addf(&b, "-%c, ", s->letter);
                else
                        textbuf_add(&b, "    ");
                textbuf_addf(&b, "--%s", s->name);
                if (s->argument)
                        textbuf_addf(&b, " %s", s->argument);
                textbuf_addf(out, "  %-22s %s\n", left, s->help);
        }

        textbuf_add(out,
                "\nExit status: 0 all is well, 1 failure, 2 wrong use, 78 a policy was refused.\n"
                "See avertd(8), avert.yaml(5), avertctl(1).\n");
}
