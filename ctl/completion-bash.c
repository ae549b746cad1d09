/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "ctl/completion.h"
#include "ctl/ctl.h"

/* Rests on nothing but bash. '=' divides words there: "--json=short" comes as three. */
static const char head[] =
        "# bash completion for avertctl(1), made from its table of verbs\n"
        "\n"
        "_avertctl_policies() {\n"
        "        avertctl policies --no-pager 2>/dev/null |\n"
        "                sed -n '/^Policies$/,/^Never/s/^  \\([^ ][^ ]*\\).*/\\1/p'\n"
        "}\n"
        "\n"
        "_avertctl_pids() {\n"
        "        (cd /proc >/dev/null && printf '%s\\n' [0-9]*)\n"
        "}\n"
        "\n"
        "_avertctl_units() {\n"
        "        systemctl list-units --all --no-legend --plain 2>/dev/null | cut -d' ' -f1\n"
        "}\n"
        "\n"
        "_avertctl_names() {\n"
        "        compopt -o filenames\n"
        "        mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
        "}\n"
        "\n"
        "_avertctl_pick() {\n"
        "        mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
        "}\n"
        "\n"
        "_avertctl() {\n"
        "        local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]} verb= i\n"
        "\n"
        "        if [ \"$cur\" = = ]; then\n"
        "                cur=\n"
        "        elif [ \"$option\" = = ]; then\n"
        "                option=${COMP_WORDS[COMP_CWORD-2]}\n"
        "        elif [ \"$option\" = --json ]; then\n"
        "                option= # its value comes with '=' only\n"
        "        fi\n"
        "        COMPREPLY=()\n";

static const char find_verb[] = "        for ((i = 1; i < COMP_CWORD; i++)); do\n"
                                "                case ${COMP_WORDS[i]} in\n"
                                "                =) ((i++)) ;;\n";

static bool is_path(const char *value) {
        return strcmp(value, "FILE") == 0 || strcmp(value, "PATH") == 0;
}

/* "--count|-n" */
static void print_pattern(FILE *out, const OptionInfo *o) {
        fprintf(out, "--%s", o->name);
        if (o->letter)
                fprintf(out, "|-%c", o->letter);
}

static void print_values(FILE *out) {
        fputs("        case $option in\n", out);
        for (CtlOption i = 0; i < _OPTION_MAX; i++) {
                const OptionInfo *o = &option_table[i];

                if (o->taking == TAKES_NOTHING)
                        continue;
                fputs("        ", out);
                print_pattern(out, o);
                if (o->words)
                        fprintf(out, ") _avertctl_pick '%s'; return ;;\n", o->words);
                else if (is_path(o->value))
                        fputs(") _avertctl_names -f; return ;;\n", out);
                else if (strcmp(o->value, "DIR") == 0)
                        fputs(") _avertctl_names -d; return ;;\n", out);
                else
                        fputs(") return ;;\n", out);
        }
        fputs("        esac\n\n", out);
}

static void print_search(FILE *out) {
        bool first = true;

        fputs(find_verb, out);
        fputs("                ", out);
        for (CtlOption i = 0; i < _OPTION_MAX; i++) {
                if (option_table[i].taking != TAKES_VALUE)
                        continue;
                fputs(first ? "" : "|", out);
                print_pattern(out, &option_table[i]);
                first = false;
        }
        fputs(") [ \"${COMP_WORDS[i+1]}\" = = ] || ((i++)) ;;\n"
              "                -*) ;;\n"
              "                *) verb=${COMP_WORDS[i]}; break ;;\n"
              "                esac\n"
              "        done\n\n",
                out);
}

/* Those of one verb, or of all. */
static void print_options(FILE *out, uint64_t options) {
        for (CtlOption i = 0; i < _OPTION_MAX; i++)
                if (options & option_bit(i))
                        fprintf(out, " --%s", option_table[i].name);
}

static void print_verb(FILE *out, const Verb *v) {
        Arguments a;

        arguments_parse(v->arguments, &a);
        fprintf(out,
                "        %s)\n"
                "                case $cur in\n"
                "                -*) _avertctl_pick '",
                v->name);
        print_options(out, v->options | OPTIONS_OF_ALL);
        fputs("' ;;\n", out);
        if (a.kinds & (1u << ARGUMENT_FILE))
                fputs("                *) _avertctl_names -f ;;\n", out);
        else if (a.kinds & (1u << ARGUMENT_DIR))
                fputs("                *) _avertctl_names -d ;;\n", out);
        else if (a.kinds || *a.words)
                fprintf(out, "                *) _avertctl_pick \"%s%s%s%s\" ;;\n", a.words,
                        a.kinds & (1u << ARGUMENT_POLICY) ? " $(_avertctl_policies)" : "",
                        a.kinds & (1u << ARGUMENT_PID) ? " $(_avertctl_pids)" : "",
                        a.kinds & (1u << ARGUMENT_UNIT) ? " $(_avertctl_units)" : "");
        fputs("                esac ;;\n", out);
}

void completion_print_bash(FILE *out) {
        uint64_t all = OPTIONS_OF_ALL;

        fputs(head, out);
        print_values(out);
        print_search(out);
        fputs("        case $verb in\n        '')\n                case $cur in\n"
              "                -*) _avertctl_pick '",
                out);
        for (const Verb *v = verbs; v->name; v++)
                all |= v->options;
        print_options(out, all);
        fputs("' ;;\n                *) _avertctl_pick '", out);
        for (const Verb *v = verbs; v->name; v++)
                fprintf(out, " %s", v->name);
        fputs("' ;;\n                esac ;;\n", out);
        for (const Verb *v = verbs; v->name; v++)
                print_verb(out, v);
        fputs("        esac\n}\n\ncomplete -F _avertctl avertctl\n", out);
}
