/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-draft.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define MESSAGE_MAX 320

size_t loader_findings(const Loader *l) {
        return l->errors->n + l->errors->n_dropped;
}

void loader_error(Loader *l, const YamlNode *node, const char *format, ...) {
        char message[MESSAGE_MAX];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);
        config_errors_add(l->errors, node->source, node->line, node->column, "%s", message);
}

void loader_error_within(Loader *l, const YamlNode *node, size_t skip, const char *format, ...) {
        uint32_t column = node->column + (node->quoted ? 1 : 0);
        char message[MESSAGE_MAX];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);

        for (size_t i = 0; i < MIN(skip, node->len);) {
                size_t n = utf8_sequence(node->text + i, node->len - i);

                i += n > 0 ? n : 1;
                column++;
        }
        config_errors_add(l->errors, node->source, node->line, column, "%s", message);
}

static int add_warning(
        Loader *l, const char *file, uint32_t line, uint32_t column, const char *text) {
        WarningLink *link = arena_alloc(l->scratch, sizeof(*link));

        if (!link)
                return -ENOMEM;
        link->warning.line = line;
        link->warning.column = column;
        link->warning.file = loader_keep_text(l, file);
        link->warning.text = loader_keep_text(l, text);
        if (!link->warning.file || !link->warning.text)
                return -ENOMEM;

        if (l->last_warning)
                l->last_warning->next = link;
        else
                l->first_warning = link;
        l->last_warning = link;
        l->n_warnings++;
        return 0;
}

int loader_warn(Loader *l, const YamlNode *node, const char *format, ...) {
        char message[MESSAGE_MAX];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);
        return add_warning(l, node->source->name, node->line, node->column, message);
}

int loader_warn_file(Loader *l, const char *file, const char *format, ...) {
        char message[MESSAGE_MAX];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);
        return add_warning(l, file, 0, 0, message);
}

int spec_chain_add(Loader *l, SpecChain *chain, const MatchSpec *spec, const YamlNode *node) {
        SpecLink *link = arena_alloc(l->scratch, sizeof(*link));

        if (!link)
                return -ENOMEM;

        link->spec = spec;
        link->node = node;
        if (chain->last)
                chain->last->next = link;
        else
                chain->first = link;
        chain->last = link;
        chain->n++;
        return 0;
}

int spec_chain_freeze(Loader *l, const SpecChain *chain, MatchList *ret) {
        MatchSpec *specs = arena_alloc_array(l->arena, chain->n, sizeof(*specs));
        size_t i = 0;

        if (!specs)
                return -ENOMEM;

        for (const SpecLink *link = chain->first; link; link = link->next, i++) {
                specs[i] = *link->spec;
                specs[i].id = (uint16_t) l->specs.n;
                if (spec_chain_add(l, &l->specs, &specs[i], link->node) < 0)
                        return -ENOMEM;
        }
        ret->specs = specs;
        ret->n = chain->n;
        return 0;
}

const char *loader_keep_text(Loader *l, const char *text) {
        return arena_copy_text(l->arena, text, strlen(text));
}
