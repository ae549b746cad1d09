/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/options.h"

#include <getopt.h>
#include <string.h>

#include "base/number.h"
#include "config/quantity.h"

static const char *const json_modes[_JSON_MODE_MAX] = {
        [JSON_OFF] = "off",
        [JSON_SHORT] = "short",
        [JSON_PRETTY] = "pretty",
};

/* "  -n, --count=N      summary" */
static void print_option(const Ctl *ctl, const OptionInfo *o) {
        char call[40], letter[8] = "    ";

        if (o->letter)
                snprintf(letter, sizeof(letter), "-%c, ", o->letter);
        snprintf(call, sizeof(call), "--%s%s%s%s", o->name,
                o->taking == MAY_TAKE_VALUE        ? "[="
                        : o->taking == TAKES_VALUE ? " "
                                                   : "",
                o->value ? o->value : "", o->taking == MAY_TAKE_VALUE ? "]" : "");
        fprintf(ctl->out, "  %s%-14s %s\n", letter, call, o->summary);
}

static void print_help(const Ctl *ctl) {
        fputs("Usage: avertctl [OPTION...] VERB [ARGUMENT...]\n\n"
              "Shows what avertd sees, explains what it did and would do.\n\n"
              "The verbs:\n",
                ctl->out);
        for (const Verb *v = verbs; v->name; v++) {
                char call[80];

                snprintf(call, sizeof(call), "%s%s%s", v->name, *v->arguments ? " " : "",
                        v->arguments);
                if (strlen(call) > 15)
                        fprintf(ctl->out, "  %s\n  %-15s %s\n", call, "", v->summary);
                else
                        fprintf(ctl->out, "  %-15s %s\n", call, v->summary);
        }
        fputs("\nThe options:\n", ctl->out);
        for (CtlOption o = 0; o < _OPTION_MAX; o++)
                print_option(ctl, &option_table[o]);
        fputs("\nExit: 0 well, 1 failed, 2 usage, 3 avertd is not running, 4 something missing,\n"
              "5 access denied, 77 not possible here, 78 the policy has errors: avertctl(1).\n",
                ctl->out);
}

static int set_json(Ctl *ctl, const char *mode) {
        ctl->json = JSON_PRETTY;
        if (!mode)
                return CTL_OK;

        for (int i = 0; i < _JSON_MODE_MAX; i++) {
                if (strcmp(mode, json_modes[i]) == 0) {
                        ctl->json = (JsonMode) i;
                        return CTL_OK;
                }
        }
        ctl_error(ctl, "--json=%s: it takes pretty, short or off", mode);
        return CTL_USAGE;
}

static int add_config(Ctl *ctl, const char *path) {
        if (ctl->n_configs == ELEMENTS(ctl->configs)) {
                ctl_error(ctl, "--config may be given %d times at most", CTL_CONFIGS_MAX);
                return CTL_USAGE;
        }
        ctl->configs[ctl->n_configs++] = path;
        return CTL_OK;
}

static int set_count(Ctl *ctl, const char *text) {
        uint64_t count;

        if (number_parse_u64(text, &count) < 0 || count == 0) {
                ctl_error(ctl, "--count=%s: it takes a number from 1", text);
                return CTL_USAGE;
        }
        ctl->count = count;
        return CTL_OK;
}

static int set_lease(Ctl *ctl, const char *text) {
        if (number_parse_u64(text, &ctl->lease) < 0 || ctl->lease == 0) {
                ctl_error(ctl, "--release=%s: it takes the number of a lease", text);
                return CTL_USAGE;
        }
        return CTL_OK;
}

static int set_for(Ctl *ctl, const char *text) {
        const char *reason = NULL;
        Quantity q;

        if (quantity_parse(text, &q, &reason) < 0 || q.kind != QUANTITY_USEC || q.value <= 0) {
                ctl_error(ctl, "--for=%s: it takes a time, as in 90s, 10min or 2h", text);
                return CTL_USAGE;
        }
        ctl->for_usec = (usec_t) q.value;
        return CTL_OK;
}

/* Takes one option. Returns CTL_OK or the exit code. */
static int take_option(Ctl *ctl, CtlOption option) {
        ctl->given |= option_bit(option);
        switch (option) {
        case OPTION_JSON:
                return set_json(ctl, optarg);
        case OPTION_BUS:
                ctl->bus = optarg;
                return CTL_OK;
        case OPTION_ROOT:
                ctl->root = optarg;
                return CTL_OK;
        case OPTION_CONFIG:
                return add_config(ctl, optarg);
        case OPTION_COUNT:
                return set_count(ctl, optarg);
        case OPTION_RELEASE:
                return set_lease(ctl, optarg);
        case OPTION_RELEASE_ALL:
                ctl->lease = 0;
                return CTL_OK;
        case OPTION_FOLLOW:
                ctl->follow = true;
                return CTL_OK;
        case OPTION_FOR:
                return set_for(ctl, optarg);
        case OPTION_DRY_RUN:
                ctl->dry_run = true;
                return CTL_OK;
        case OPTION_FORMAT:
                ctl->format = optarg;
                return CTL_OK;
        case OPTION_PAGER:
                ctl->no_pager = true;
                return CTL_OK;
        case OPTION_HELP:
        case OPTION_VERSION:
        case _OPTION_MAX:
                break;
        }
        return CTL_OK;
}

/* What getopt_long(3) answers for an option without a letter. */
#define LONG_ONLY 256

typedef struct Getopt {
        struct option longs[_OPTION_MAX + 1];
        char letters[2 * _OPTION_MAX + 1];
} Getopt;

static void fill_getopt(Getopt *ret) {
        static const int arguments[] = { no_argument, required_argument, optional_argument };
        size_t n = 0;

        *ret = (Getopt){ .letters = "" };
        for (CtlOption o = 0; o < _OPTION_MAX; o++) {
                const OptionInfo *info = &option_table[o];

                ret->longs[o] = (struct option){ info->name, arguments[info->taking], NULL,
                        LONG_ONLY + (int) o };
                if (!info->letter)
                        continue;
                ret->letters[n++] = info->letter;
                if (info->taking == TAKES_VALUE)
                        ret->letters[n++] = ':';
        }
}

/* The next option, _OPTION_MAX when there is none; -1 when getopt has said what is wrong with it.
 */
static int next_option(const Getopt *g, int argc, char *argv[]) {
        int code = getopt_long(argc, argv, g->letters, g->longs, NULL);

        if (code < 0)
                return _OPTION_MAX;
        if (code >= LONG_ONLY)
                return code - LONG_ONLY;
        for (int o = 0; o < _OPTION_MAX; o++)
                if (option_table[o].letter && option_table[o].letter == code)
                        return o;
        return -1;
}

static int refuse_verb(const Ctl *ctl, const char *name) {
        const Verb *near = verb_suggest(name);

        if (near)
                ctl_error(ctl, "there is no verb '%s' (did you mean '%s'?)", name, near->name);
        else
                ctl_error(ctl, "there is no verb '%s': 'avertctl --help' lists them", name);
        return CTL_USAGE;
}

/* What was given must mean something to the verb: an option that is silently ignored is a wrong
 * answer. */
static int check_use(const Ctl *ctl, const Verb *verb, int n_arguments) {
        for (CtlOption o = 0; o < _OPTION_MAX; o++) {
                if (ctl->given & option_bit(o) & ~(verb->options | OPTIONS_OF_ALL)) {
                        ctl_error(ctl, "--%s means nothing to '%s'", option_table[o].name,
                                verb->name);
                        return CTL_USAGE;
                }
        }
        if (n_arguments > verb->max_arguments) {
                ctl_error(ctl, "usage: avertctl %s%s%s", verb->name, *verb->arguments ? " " : "",
                        verb->arguments);
                return CTL_USAGE;
        }
        return CTL_OK;
}

int options_parse(Ctl *ctl, int argc, char *argv[], const Verb **ret_verb, int *ret_first) {
        const Verb *verb;
        Getopt table;
        int option, r;

        *ret_verb = NULL;
        fill_getopt(&table);
        optind = 0; /* a test parses more than once */
        while ((option = next_option(&table, argc, argv)) != _OPTION_MAX) {
                if (option < 0) {
                        fputs("Try 'avertctl --help'.\n", ctl->err);
                        return CTL_USAGE;
                }
                if (option == OPTION_HELP) {
                        print_help(ctl);
                        return CTL_OK;
                }
                if (option == OPTION_VERSION) {
                        fputs("avertctl " AVERT_VERSION "\n", ctl->out);
                        return CTL_OK;
                }

                r = take_option(ctl, (CtlOption) option);
                if (r != CTL_OK)
                        return r;
        }

        if (optind >= argc) {
                ctl_error(ctl,
                        "what is to be done? 'avertctl status' is a good beginning, "
                        "'avertctl --help' lists the rest");
                return CTL_USAGE;
        }

        verb = verb_find(argv[optind]);
        if (!verb)
                return refuse_verb(ctl, argv[optind]);

        r = check_use(ctl, verb, argc - optind - 1);
        if (r != CTL_OK)
                return r;

        /* The word is no less than the option: what has no end is not paged. */
        if (strstr(verb->arguments, "follow") && optind + 1 < argc &&
                strcmp(argv[optind + 1], "follow") == 0)
                ctl->follow = true;

        *ret_first = optind + 1;
        *ret_verb = verb;
        return CTL_OK;
}
