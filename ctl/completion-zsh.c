/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "ctl/completion.h"
#include "ctl/ctl.h"

static const char head[] =
        "#compdef avertctl\n"
        "# zsh completion for avertctl(1), made from its table of verbs\n"
        "\n"
        "_avertctl_policies() {\n"
        "        local -a found\n"
        "        found=(${(f)\"$(avertctl policies --no-pager 2>/dev/null |\n"
        "                sed -n '/^Policies$/,/^Never/s/^  \\([^ ][^ ]*\\).*/\\1/p')\"})\n"
        "        (( $#found )) && compadd -X policy -a found\n"
        "}\n"
        "\n"
        "_avertctl_pids() {\n"
        "        local -a found\n"
        "        found=(/proc/<->(N:t))\n"
        "        compadd -X process -a found\n"
        "}\n"
        "\n"
        "_avertctl_units() {\n"
        "        local -a found\n"
        "        found=(${${(f)\"$(systemctl list-units --all --no-legend --plain "
        "2>/dev/null)\"}%% *})\n"
        "        (( $#found )) && compadd -X unit -a found\n"
        "}\n"
        "\n";

/* In single quotes and brackets: neither may come up in a summary, and ':' divides. */
static void print_summary(FILE *out, const char *summary) {
        for (; *summary; summary++) {
                if (*summary == '\'')
                        fputs("'\\''", out);
                else if (strchr("[]:", *summary))
                        fprintf(out, "\\%c", *summary);
                else
                        fputc(*summary, out);
        }
}

static void print_value(FILE *out, const OptionInfo *o) {
        if (o->taking == TAKES_NOTHING)
                return;
        fprintf(out, "%s:%s:", o->taking == MAY_TAKE_VALUE ? ":" : "", o->value);
        if (o->words)
                fprintf(out, "(%s)", o->words);
        else if (strcmp(o->value, "FILE") == 0 || strcmp(o->value, "PATH") == 0)
                fputs("_files", out);
        else if (strcmp(o->value, "DIR") == 0)
                fputs("_files -/", out);
}

static void print_option(FILE *out, const OptionInfo *o) {
        static const char *const joins[] = {
                [TAKES_NOTHING] = "",
                [TAKES_VALUE] = "=",
                [MAY_TAKE_VALUE] = "=-",
        };

        fprintf(out, "                '--%s%s[", o->name, joins[o->taking]);
        print_summary(out, o->summary);
        fputc(']', out);
        print_value(out, o);
        fputs("'\n", out);
        if (!o->letter)
                return;
        fprintf(out, "                '-%c%s[", o->letter, o->taking == TAKES_VALUE ? "+" : "");
        print_summary(out, o->summary);
        fputc(']', out);
        print_value(out, o);
        fputs("'\n", out);
}

static void print_options(FILE *out, uint64_t options) {
        for (CtlOption i = 0; i < _OPTION_MAX; i++)
                if (options & option_bit(i))
                        print_option(out, &option_table[i]);
}

static void print_arguments(FILE *out, const Verb *v) {
        static const char *const actions[_ARGUMENT_KIND_MAX] = {
                [ARGUMENT_POLICY] = "_avertctl_policies",
                [ARGUMENT_PID] = "_avertctl_pids",
                [ARGUMENT_UNIT] = "_avertctl_units",
                [ARGUMENT_FILE] = "_files",
                [ARGUMENT_DIR] = "_files -/",
        };
        Arguments a;

        arguments_parse(v->arguments, &a);
        fprintf(out, "        %s) ", v->name);
        if (*a.words)
                fprintf(out, "compadd %s; ", a.words);
        for (int k = 0; k < ARGUMENT_OTHER; k++)
                if (a.kinds & (1u << k))
                        fprintf(out, "%s; ", actions[k]);
        fputs(";;\n", out);
}

void completion_print_zsh(FILE *out) {
        fputs(head, out);
        fputs("_avertctl() {\n"
              "        local verb word state\n"
              "        local -a verbs options\n"
              "        verbs=(\n",
                out);
        for (const Verb *v = verbs; v->name; v++) {
                fprintf(out, "                '%s:", v->name);
                print_summary(out, v->summary);
                fputs("'\n", out);
        }
        fputs("        )\n"
              "        for word in ${words[2,CURRENT-1]}; do\n"
              "                case $word in\n"
              "                ",
                out);
        for (const Verb *v = verbs; v->name; v++)
                fprintf(out, "%s%s", v == verbs ? "" : "|", v->name);
        fputs(") verb=$word; break ;;\n"
              "                esac\n"
              "        done\n"
              "\n"
              "        case $verb in\n",
                out);
        for (const Verb *v = verbs; v->name; v++) {
                fprintf(out, "        %s) options=(\n", v->name);
                print_options(out, v->options | OPTIONS_OF_ALL);
                fputs("        ) ;;\n", out);
        }
        fputs("        *) options=(\n", out);
        print_options(out, UINT64_MAX);
        fputs("        ) ;;\n        esac\n\n"
              "        local ret=1\n"
              "        _arguments -S $options '1: :->verb' '*: :->argument' && ret=0\n"
              "        case $state in\n"
              "        verb) _describe verb verbs && return ;;\n"
              "        esac\n"
              "        case $verb in\n",
                out);
        for (const Verb *v = verbs; v->name; v++)
                print_arguments(out, v);
        fputs("        *) return ret ;;\n        esac\n}\n\n_avertctl \"$@\"\n", out);
}
