/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/policy-load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "daemon/log.h"
#include "engine/program-file.h"

enum { ERRORS_TEXT_SIZE = 48 * 1024 };

int policy_load(const Options *o, Config **ret, ConfigErrors *reterr) {
        _cleanup_close_ int root = FD_NONE;

        if (o->n_files > 0)
                return config_load_files(o->files, o->n_files, ret, reterr);

        root = open(o->root ? o->root : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (root < 0) {
                int r = -errno;

                config_errors_init(reterr);
                config_errors_add(reterr, &(SourceText){ .name = o->root ? o->root : "/" }, 0, 0,
                        "%s", strerror(-r));
                return r;
        }
        return config_load_dirs(root, ret, reterr);
}

static void print_errors(const ConfigErrors *errors, int r) {
        _cleanup_free_ char *text = malloc(ERRORS_TEXT_SIZE);
        TextBuf b;

        if (!text || errors->n == 0) {
                fprintf(stderr, "avertd: the policy cannot be loaded: %s\n", strerror(-r));
                return;
        }
        textbuf_init(&b, text, ERRORS_TEXT_SIZE);
        config_errors_print(errors, &b);
        fputs(text, stderr);
}

size_t policy_warn(
        const Options *o, const Config *config, OnPolicyWarning on_warning, void *userdata) {
        for (size_t i = 0; i < config->n_warnings; i++)
                on_warning(&config->warnings[i], userdata);
        if (o->root)
                return config->n_warnings;
        return config->n_warnings + program_files_check(config, on_warning, userdata);
}

static void log_one(const ConfigWarning *warning, void *userdata _unused_) {
        char text[1024];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        config_print_warning(warning, &b);
        log_warning("%s", text);
}

void policy_log_warnings(const Options *o, const Config *config) {
        (void) policy_warn(o, config, log_one, NULL);
}

static void print_one(const ConfigWarning *warning, void *userdata _unused_) {
        char text[1024];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        config_print_warning(warning, &b);
        fputs(text, stderr);
}

/* Also counts them. */
static int load_or_print(const Options *o, Config **ret, size_t *ret_warnings) {
        _cleanup_free_ ConfigErrors *errors = malloc(sizeof(*errors));
        int r;

        if (!errors)
                return -ENOMEM;
        r = policy_load(o, ret, errors);
        if (r < 0)
                print_errors(errors, r);
        else
                *ret_warnings = policy_warn(o, *ret, print_one, NULL);
        return r;
}

int policy_load_or_print(const Options *o, Config **ret) {
        size_t n_warnings = 0;

        return load_or_print(o, ret, &n_warnings);
}

int policy_check(const Options *o) {
        _cleanup_(config_unrefp) Config *config = NULL;
        size_t n_warnings = 0;
        int r;

        r = load_or_print(o, &config, &n_warnings);
        if (r == -ENOMEM)
                return EXIT_FAILED;
        if (r < 0)
                return EXIT_CONFIG;

        printf("%zu %s from %zu %s, %zu %s: accepted\n", config->n_policies,
                config->n_policies == 1 ? "policy" : "policies", config->n_sources,
                config->n_sources == 1 ? "file" : "files", n_warnings,
                n_warnings == 1 ? "warning" : "warnings");
        return EXIT_OK;
}

void policy_print_first_error(const ConfigErrors *errors, int r, TextBuf *out) {
        const ConfigError *e = &errors->items[0];
        size_t more = errors->n + errors->n_dropped;

        if (errors->n == 0) {
                textbuf_add(out, strerror(-r));
                return;
        }

        textbuf_add_escaped(out, e->file, strlen(e->file));
        if (e->line > 0)
                textbuf_addf(out, ":%u:%u", e->line, e->column);
        textbuf_addf(out, ": %s", e->message);
        if (more > 1)
                textbuf_addf(out, " (and %zu more)", more - 1);
}
