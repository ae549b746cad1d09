/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/options.h"

#include <getopt.h>
#include <string.h>

#include "base/number.h"

enum {
        LONG_JSON = 256,
        LONG_BUS,
        LONG_ROOT,
        LONG_CONFIG,
        LONG_NO_PAGER,
        LONG_RELEASE,
        LONG_RELEASE_ALL,
        LONG_VERSION,
};

static const struct option long_options[] = {
        { "json", optional_argument, NULL, LONG_JSON },
        { "bus", required_argument, NULL, LONG_BUS },
        { "root", required_argument, NULL, LONG_ROOT },
        { "config", required_argument, NULL, LONG_CONFIG },
        { "no-pager", no_argument, NULL, LONG_NO_PAGER },
        { "follow", no_argument, NULL, 'f' },
        { "count", required_argument, NULL, 'n' },
        { "release", required_argument, NULL, LONG_RELEASE },
        { "release-all", no_argument, NULL, LONG_RELEASE_ALL },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, LONG_VERSION },
        { NULL, 0, NULL, 0 },
};

static const char *const option_names[_OPTION_MAX] = {
        [OPTION_BUS] = "--bus",
        [OPTION_JSON] = "--json",
        [OPTION_PAGER] = "--no-pager",
        [OPTION_ROOT] = "--root",
        [OPTION_CONFIG] = "--config",
        [OPTION_COUNT] = "--count",
        [OPTION_FOLLOW] = "--follow",
        [OPTION_RELEASE] = "--release",
};

static const char *const json_modes[_JSON_MODE_MAX] = {
        [JSON_OFF] = "off",
        [JSON_SHORT] = "short",
        [JSON_PRETTY] = "pretty",
};

static void print_help(const Ctl *ctl) {
        fputs("Usage: avertctl [OPTION...] VERB [ARGUMENT...]\n\n"
              "Shows what avertd sees, explains what it did and would do.\n\n"
              "The verbs:\n",
                ctl->out);
        for (const Verb *v = verbs; v->name; v++) {
                char call[32];

                snprintf(call, sizeof(call), "%s%s%s", v->name, *v->arguments ? " " : "",
                        v->arguments);
                if (strlen(call) > 15)
                        fprintf(ctl->out, "  %s\n  %-15s %s\n", call, "", v->summary);
                else
                        fprintf(ctl->out, "  %-15s %s\n", call, v->summary);
        }
        fputs("\nThe options:\n"
              "      --json[=MODE]  write JSON: pretty (the default of the option), short, off\n"
              "      --bus PATH     the socket of avertd (else $AVERT_BUS, then "
              "/run/avert/bus)\n"
              "      --root DIR     check: policy files below DIR; explain: a recording\n"
              "      --config FILE  explain, replay: judge by this policy; may be repeated\n"
              "  -f, --follow       status: print again every two seconds\n"
              "  -n, --count=N      watch: end after N events; status: after N times\n"
              "      --release N    leases: give this one back, now\n"
              "      --release-all  leases: give all back\n"
              "      --no-pager     write straight to the terminal\n"
              "  -h, --help         this text\n"
              "      --version      the version\n\n"
              "Exit: 0 well, 1 failed, 2 usage, 3 avertd is not running, 5 access denied,\n"
              "78 the policy has errors. More in avertctl(1).\n",
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

/* Takes one option. Returns CTL_OK or the exit code. */
static int take_option(Ctl *ctl, int option) {
        switch (option) {
        case LONG_JSON:
                ctl->given |= option_bit(OPTION_JSON);
                return set_json(ctl, optarg);
        case LONG_BUS:
                ctl->given |= option_bit(OPTION_BUS);
                ctl->bus = optarg;
                return CTL_OK;
        case LONG_ROOT:
                ctl->given |= option_bit(OPTION_ROOT);
                ctl->root = optarg;
                return CTL_OK;
        case LONG_CONFIG:
                ctl->given |= option_bit(OPTION_CONFIG);
                return add_config(ctl, optarg);
        case LONG_NO_PAGER: /* harmless everywhere, so that scripts may always give it */
                ctl->no_pager = true;
                return CTL_OK;
        case 'f':
                ctl->given |= option_bit(OPTION_FOLLOW);
                ctl->follow = true;
                return CTL_OK;
        case 'n':
                ctl->given |= option_bit(OPTION_COUNT);
                return set_count(ctl, optarg);
        case LONG_RELEASE:
                ctl->given |= option_bit(OPTION_RELEASE);
                return set_lease(ctl, optarg);
        case LONG_RELEASE_ALL:
                ctl->given |= option_bit(OPTION_RELEASE);
                ctl->lease = 0;
                return CTL_OK;
        default: /* getopt has said what is wrong */
                fputs("Try 'avertctl --help'.\n", ctl->err);
                return CTL_USAGE;
        }
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
                if ((ctl->given & option_bit(o)) && !(verb->options & option_bit(o))) {
                        ctl_error(ctl, "%s means nothing to '%s'", option_names[o], verb->name);
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
        int option, r;

        *ret_verb = NULL;
        optind = 0; /* a test parses more than once */
        while ((option = getopt_long(argc, argv, "hfn:", long_options, NULL)) >= 0) {
                if (option == 'h') {
                        print_help(ctl);
                        return CTL_OK;
                }
                if (option == LONG_VERSION) {
                        fputs("avertctl " AVERT_VERSION "\n", ctl->out);
                        return CTL_OK;
                }

                r = take_option(ctl, option);
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

        *ret_first = optind + 1;
        *ret_verb = verb;
        return CTL_OK;
}
