/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "config/config-load.h"
#include "ctl/ctl.h"
#include "ctl/json-tree.h"
#include "ctl/term.h"
#include "engine/program-file.h"

static void print_error(const Ctl *ctl, const ConfigError *error) {
        char text[2048];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        config_error_print(error, &b);
        fputs(text, ctl->err);
}

static void print_errors(const Ctl *ctl, const ConfigErrors *errors) {
        for (size_t i = 0; i < errors->n; i++)
                print_error(ctl, &errors->items[i]);
        if (errors->n_dropped > 0)
                fprintf(ctl->err, "... and %zu more\n", errors->n_dropped);
}

static void print_warning(const ConfigWarning *warning, void *userdata) {
        const Ctl *ctl = userdata;
        char text[1024];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        config_print_warning(warning, &b);
        fputs(text, ctl->err);
}

/* The programs that it runs are looked at unless the policy is that of another root directory. */
static void print_config(Ctl *ctl, const Config *config) {
        size_t n_files = 0, n_warnings = config->n_warnings;

        for (size_t i = 0; i < config->n_warnings; i++)
                print_warning(&config->warnings[i], ctl);
        if (!ctl->root)
                n_warnings += program_files_check(config, print_warning, ctl);

        for (size_t i = 0; i < config->n_sources; i++)
                n_files += !config->sources[i].masked;
        fprintf(ctl->out, "ok: %zu %s from %zu %s, %zu %s\n", config->n_policies,
                config->n_policies == 1 ? "policy" : "policies", n_files,
                n_files == 1 ? "file" : "files", n_warnings,
                n_warnings == 1 ? "warning" : "warnings");
}

static Json *finding(const char *file, uint32_t line, uint32_t column, const char *message) {
        Json *json = json_new_object();

        json_set_text(json, "file", file);
        json_set_count(json, "line", line);
        json_set_count(json, "column", column);
        json_set_text(json, "message", message);
        return json;
}

static void add_warning(const ConfigWarning *warning, void *userdata) {
        json_append(
                userdata, finding(warning->file, warning->line, warning->column, warning->text));
}

static void print_json(const Ctl *ctl, const Config *config, const ConfigErrors *errors) {
        _cleanup_(json_unrefp) Json *json = json_new_object();
        Json *list = json_new_list();

        json_set_number(json, "schema_version", 1);
        json_set_flag(json, "ok", config != NULL);
        for (size_t i = 0; i < errors->n; i++) {
                const ConfigError *e = &errors->items[i];

                json_append(list, finding(e->file, e->line, e->column, e->message));
        }
        json_set(json, "errors", list);
        json_set_count(json, "errors_dropped", errors->n_dropped);

        list = json_new_list();
        for (size_t i = 0; config && i < config->n_warnings; i++)
                add_warning(&config->warnings[i], list);
        if (config && !ctl->root)
                (void) program_files_check(config, add_warning, list);
        json_set(json, "warnings", list);

        list = json_new_list();
        for (size_t i = 0; config && i < config->n_sources; i++) {
                Json *source = json_new_object();

                json_set_text(source, "path", config->sources[i].path);
                json_set_flag(source, "masked", config->sources[i].masked);
                json_append(list, source);
        }
        json_set(json, "sources", list);
        json_set_count(json, "policies", config ? config->n_policies : 0);
        json_write(json, ctl->json, ctl->out);
}

static int load(const Ctl *ctl, int argc, char *const *argv, Config **ret, ConfigErrors *reterr) {
        _cleanup_close_ int rootfd = FD_NONE;

        if (argc > 0)
                return config_load_files((const char *const *) argv, (size_t) argc, ret, reterr);

        rootfd = open(ctl->root ? ctl->root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (rootfd < 0) {
                int error = -errno;

                config_errors_init(reterr);
                config_errors_add(reterr, NULL, 0, 0, "cannot open %s: %s",
                        ctl->root ? ctl->root : "/", strerror(-error));
                return error;
        }
        return config_load_dirs(rootfd, ret, reterr);
}

int verb_check(Ctl *ctl, int argc, char *const *argv) {
        _cleanup_(config_unrefp) Config *config = NULL;
        _cleanup_free_ ConfigErrors *errors = malloc(sizeof(*errors));
        int r;

        if (!errors) {
                ctl_error(ctl, "out of memory");
                return CTL_FAILED;
        }
        if (argc > 0 && ctl->root) {
                ctl_error(ctl,
                        "--root and FILE exclude each other: --root checks the installed files "
                        "below it");
                return CTL_USAGE;
        }

        r = load(ctl, argc, argv, &config, errors);
        if (r == -ENOMEM) {
                ctl_error(ctl, "out of memory");
                return CTL_FAILED;
        }

        if (ctl->json != JSON_OFF)
                print_json(ctl, config, errors);
        else if (config)
                print_config(ctl, config);
        else
                print_errors(ctl, errors);
        return config ? CTL_OK : CTL_REFUSED;
}
