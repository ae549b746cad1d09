/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "ctl/completion.h"
#include "ctl/ctl.h"

static const char head[] =
        "# fish completion for avertctl(1), made from its table of verbs\n"
        "\n"
        "function __avertctl_policies\n"
        "        avertctl policies --no-pager 2>/dev/null |\n"
        "                sed -n '/^Policies$/,/^Never/s/^  \\\\([^ ][^ ]*\\\\).*/\\\\1/p'\n"
        "end\n"
        "\n"
        "function __avertctl_units\n"
        "        systemctl list-units --all --no-legend --plain 2>/dev/null | cut -d' ' -f1\n"
        "end\n"
        "\n"
        "complete -c avertctl -f\n";

static void print_quoted(FILE *out, const char *text) {
        fputc('\'', out);
        for (; *text; text++) {
                if (*text == '\'' || *text == '\\')
                        fputc('\\', out);
                fputc(*text, out);
        }
        fputc('\'', out);
}

static void print_verbs(FILE *out, uint64_t options) {
        for (const Verb *v = verbs; v->name; v++)
                if ((v->options | OPTIONS_OF_ALL) & options)
                        fprintf(out, " %s", v->name);
}

/* Those that mean something to the verb; all, as long as there is none. */
static void print_option(FILE *out, CtlOption option) {
        const OptionInfo *o = &option_table[option];

        fputs("complete -c avertctl -n 'not __fish_seen_subcommand_from", out);
        print_verbs(out, UINT64_MAX);
        fputs("; or __fish_seen_subcommand_from", out);
        print_verbs(out, option_bit(option));
        fprintf(out, "' -l %s", o->name);
        if (o->letter)
                fprintf(out, " -s %c", o->letter);
        if (o->words)
                fprintf(out, " -a '%s'", o->words);
        if (o->taking == TAKES_VALUE && strcmp(o->value, "DIR") == 0)
                fputs(" -x -a '(__fish_complete_directories)'", out);
        else if (o->taking == TAKES_VALUE)
                fputs(strcmp(o->value, "FILE") == 0 || strcmp(o->value, "PATH") == 0 ? " -r -F"
                                                                                     : " -x",
                        out);
        fputs(" -d ", out);
        print_quoted(out, o->summary);
        fputc('\n', out);
}

static void print_arguments(FILE *out, const Verb *v) {
        static const char *const actions[_ARGUMENT_KIND_MAX] = {
                [ARGUMENT_POLICY] = "-a '(__avertctl_policies)'",
                [ARGUMENT_PID] = "-a '(__fish_complete_pids)'",
                [ARGUMENT_UNIT] = "-a '(__avertctl_units)'",
                [ARGUMENT_FILE] = "-F",
                [ARGUMENT_DIR] = "-a '(__fish_complete_directories)'",
        };
        Arguments a;

        arguments_parse(v->arguments, &a);
        if (*a.words)
                fprintf(out, "complete -c avertctl -n '__fish_seen_subcommand_from %s' -a '%s'\n",
                        v->name, a.words);
        for (int k = 0; k < ARGUMENT_OTHER; k++)
                if (a.kinds & (1u << k))
                        fprintf(out,
                                "complete -c avertctl -n '__fish_seen_subcommand_from %s' %s\n",
                                v->name, actions[k]);
}

void completion_print_fish(FILE *out) {
        fputs(head, out);
        for (const Verb *v = verbs; v->name; v++) {
                fputs("complete -c avertctl -n 'not __fish_seen_subcommand_from", out);
                print_verbs(out, UINT64_MAX);
                fprintf(out, "' -a %s -d ", v->name);
                print_quoted(out, v->summary);
                fputc('\n', out);
        }
        for (CtlOption o = 0; o < _OPTION_MAX; o++)
                print_option(out, o);
        for (const Verb *v = verbs; v->name; v++)
                print_arguments(out, v);
}
