/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/step-command.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>

#include "config/config-range.h"

/* No "." and "..", so that what is written is what is run, and can be compared with what is run. */
static bool is_plain_path(const char *path) {
        for (const char *at = path; *at == '/';) {
                size_t len = strcspn(++at, "/");

                if (len == 0 || (len <= 2 && strncmp(at, "..", len) == 0))
                        return false;
                at += len;
        }
        return *path == '/';
}

static void check_program(Loader *l, const YamlNode *program) {
        if (program->text[0] != '/')
                loader_error(l, program,
                        "\"%s\" is no absolute path: a command is not searched for, and no shell "
                        "reads it",
                        program->text);
        else if (!is_plain_path(program->text))
                loader_error(l, program,
                        "\"%s\" is no plain path of a program (write it without //, . and .., and "
                        "with a name at its end)",
                        program->text);
}

/* An argument may be empty if that was meant: in quotes. */
static bool is_argument(Loader *l, const YamlNode *item, const char *what) {
        return (item->kind == YAML_KIND_SCALAR && item->quoted && item->len == 0) ||
                node_is_word(l, item, what);
}

int step_command_parse(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        Step *step = object;
        const char **args;
        size_t bytes = 0;

        if (value->kind == YAML_KIND_SCALAR && value->len > 0) {
                loader_error(l, value,
                        "a command is a list of its words, because no shell takes it apart (as in "
                        "[ /usr/local/bin/shed, \"--all\" ])");
                return 0;
        }
        if (!node_is(l, value, YAML_KIND_LIST, spec->name))
                return 0;
        if (value->n == 0 || value->n > STEP_ARGS_MAX) {
                loader_error(l, value,
                        "a command has 1 to %d words: the path of a program and its arguments",
                        STEP_ARGS_MAX);
                return 0;
        }

        args = arena_alloc_array(l->arena, value->n + 1, sizeof(*args));
        if (!args)
                return -ENOMEM;
        for (const YamlNode *item = value->first; item; item = item->next) {
                if (!is_argument(l, item, spec->name))
                        continue;
                if (item == value->first)
                        check_program(l, item);
                args[step->n_args] = loader_keep_text(l, item->text);
                if (!args[step->n_args++])
                        return -ENOMEM;
                bytes += item->len + 1;
        }
        if (bytes > STEP_ARGS_BYTES_MAX)
                loader_error(l, value, "a command has at most %d bytes: put the rest into a file",
                        STEP_ARGS_BYTES_MAX);
        step->args = args;
        return 0;
}

int step_user_parse(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        const struct passwd *pw;
        Step *step = object;
        Range range;

        (void) spec;
        if (!config_range_parse(l, value, RANGE_UID, &range))
                return 0;
        if (range.min != range.max) {
                loader_error(l, value,
                        "a command runs as one user, by name or number, and \"%s\" is more than "
                        "one",
                        value->text);
                return 0;
        }
        step->uid = (uint32_t) range.min;
        pw = getpwuid(step->uid);
        step->gid = pw ? pw->pw_gid : STEP_NOBODY;
        return 0;
}
