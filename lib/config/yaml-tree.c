/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/yaml-tree.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "base/utf8.h"

/* A list or mapping that is still open. */
typedef struct Level {
        YamlNode *node;
        YamlNode *last;      /* the child added last */
        const YamlNode *key; /* of a mapping: waits for its value */
} Level;

typedef struct Builder {
        Arena *arena;
        const SourceText *source;
        ConfigErrors *errors;
        Level levels[YAML_TREE_DEPTH_MAX];
        size_t depth;
        size_t n_nodes;
        size_t n_documents;
        YamlNode *root;
} Builder;

#define report(b, mark, ...)                                                                       \
        config_errors_add((b)->errors, (b)->source, (uint32_t) (mark).line + 1,                    \
                (uint32_t) (mark).column + 1, __VA_ARGS__)

static bool is_control(unsigned char c) {
        return c < 0x20 || c == 0x7f;
}

static bool has_control(const char *text, size_t len) {
        for (size_t i = 0; i < len; i++)
                if (is_control((unsigned char) text[i]))
                        return true;
        return false;
}

static const YamlNode *find_key(const YamlNode *map, const YamlNode *key) {
        for (const YamlNode *child = map->first; child; child = child->next)
                if (child->key->len == key->len &&
                        memcmp(child->key->text, key->text, key->len) == 0)
                        return child->key;
        return NULL;
}

/* The node becomes the value or element of what is open, or the key of the value to come. */
static void attach(Builder *b, YamlNode *node, yaml_mark_t mark) {
        Level *level;

        if (b->depth == 0) {
                b->root = node;
                return;
        }

        level = &b->levels[b->depth - 1];
        if (level->node->kind == YAML_KIND_MAP && !level->key) {
                const YamlNode *before;

                level->key = node;
                if (node->kind != YAML_KIND_SCALAR) {
                        if (node->kind != YAML_KIND_BROKEN)
                                report(b, mark, "a key must be a plain word");
                        return;
                }
                before = find_key(level->node, node);
                if (!node->quoted && strcmp(node->text, "<<") == 0) {
                        report(b, mark, "merge keys are not allowed here");
                        node->kind = YAML_KIND_BROKEN;
                } else if (before) {
                        report(b, mark, "duplicate key \"%s\", first used in line %u", node->text,
                                before->line);
                        node->kind = YAML_KIND_BROKEN;
                }
                return;
        }

        node->key = level->key;
        level->key = NULL;
        if (level->last)
                level->last->next = node;
        else
                level->node->first = node;
        level->last = node;
        level->node->n++;
}

static int new_node(Builder *b, YamlKind kind, yaml_mark_t mark, YamlNode **ret) {
        YamlNode *node;

        if (++b->n_nodes > YAML_TREE_NODES_MAX) {
                report(b, mark, "more than %d entries", YAML_TREE_NODES_MAX);
                return -EINVAL;
        }
        node = arena_alloc(b->arena, sizeof(*node));
        if (!node)
                return -ENOMEM;

        node->kind = kind;
        node->line = (uint32_t) mark.line + 1;
        node->column = (uint32_t) mark.column + 1;
        node->source = b->source;
        node->text = "";
        *ret = node;
        return 0;
}

static void check_properties(
        Builder *b, const yaml_char_t *anchor, const yaml_char_t *tag, yaml_mark_t mark) {
        if (anchor)
                report(b, mark, "anchors and aliases are not allowed here");
        if (tag)
                report(b, mark, "tags are not allowed here (quote the text to keep a \"!\")");
}

static int add_alias(Builder *b, const yaml_event_t *event) {
        YamlNode *node;
        int r;

        r = new_node(b, YAML_KIND_BROKEN, event->start_mark, &node);
        if (r < 0)
                return r;

        report(b, event->start_mark,
                "aliases are not allowed here (quote the text to keep a \"*\")");
        attach(b, node, event->start_mark);
        return 0;
}

static int add_scalar(Builder *b, const yaml_event_t *event) {
        const char *text = (const char *) event->data.scalar.value;
        size_t len = event->data.scalar.length;
        YamlNode *node;
        int r;

        r = new_node(b, YAML_KIND_SCALAR, event->start_mark, &node);
        if (r < 0)
                return r;

        check_properties(b, event->data.scalar.anchor, event->data.scalar.tag, event->start_mark);
        while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\n')) /* of a block scalar */
                len--;
        for (; len > 0 && *text == ' '; len--)
                text++;

        if (has_control(text, len)) {
                report(b, event->start_mark,
                        "control characters and line breaks are not allowed in a value");
                node->kind = YAML_KIND_BROKEN;
        }
        node->text = arena_copy_text(b->arena, text, len);
        if (!node->text)
                return -ENOMEM;

        node->len = len;
        node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        attach(b, node, event->start_mark);
        return 0;
}

static int open_level(Builder *b, YamlKind kind, const yaml_event_t *event) {
        YamlNode *node;
        int r;

        if (b->depth == YAML_TREE_DEPTH_MAX) {
                report(b, event->start_mark, "nested deeper than %d levels", YAML_TREE_DEPTH_MAX);
                return -EINVAL;
        }
        r = new_node(b, kind, event->start_mark, &node);
        if (r < 0)
                return r;

        if (kind == YAML_KIND_LIST)
                check_properties(b, event->data.sequence_start.anchor,
                        event->data.sequence_start.tag, event->start_mark);
        else
                check_properties(b, event->data.mapping_start.anchor, event->data.mapping_start.tag,
                        event->start_mark);
        attach(b, node, event->start_mark);
        b->levels[b->depth++] = (Level){ .node = node };
        return 0;
}

static int start_document(Builder *b, const yaml_event_t *event) {
        if (++b->n_documents > 1) {
                report(b, event->start_mark, "a second document: write one policy file for each");
                return -EINVAL;
        }
        if (event->data.document_start.tag_directives.start !=
                event->data.document_start.tag_directives.end)
                report(b, event->start_mark, "tags are not allowed here");
        return 0;
}

/* Takes one event in; *done after the last. */
static int take_event(Builder *b, const yaml_event_t *event, bool *done) {
        switch (event->type) {
        case YAML_STREAM_END_EVENT:
                *done = true;
                return 0;
        case YAML_DOCUMENT_START_EVENT:
                return start_document(b, event);
        case YAML_ALIAS_EVENT:
                return add_alias(b, event);
        case YAML_SCALAR_EVENT:
                return add_scalar(b, event);
        case YAML_SEQUENCE_START_EVENT:
                return open_level(b, YAML_KIND_LIST, event);
        case YAML_MAPPING_START_EVENT:
                return open_level(b, YAML_KIND_MAP, event);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                assert(b->depth > 0);
                b->depth--;
                return 0;
        case YAML_NO_EVENT:
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
                return 0;
        default:
                assert(false); /* libyaml has no more events */
                return -EINVAL;
        }
}

/* libyaml gives an offset in bytes only for what its reader refuses. */
static yaml_mark_t mark_of_offset(const SourceText *source, size_t offset) {
        yaml_mark_t mark = { 0 };

        for (size_t i = 0; i < MIN(offset, source->len);) {
                size_t n = utf8_sequence(source->text + i, source->len - i);

                if (source->text[i] == '\n') {
                        mark.line++;
                        mark.column = 0;
                } else
                        mark.column++;
                i += n > 0 ? n : 1;
        }
        return mark;
}

/* ">" begins a folded text in YAML and "%" a directive: the message for what people mean instead.
 */
static const char *advice(const SourceText *source, yaml_mark_t mark) {
        size_t at = 0;

        for (size_t line = 0; line < mark.line && at < source->len; at++)
                line += source->text[at] == '\n';
        for (; at < source->len && source->text[at] != '\n'; at++) {
                const char *p = source->text + at;
                size_t left = source->len - at;

                if (left > 3 && p[0] == ':' && p[1] == ' ' && (p[2] == '>' || p[2] == '<'))
                        return " (put a comparison in quotes)";
                if (*p == '\t')
                        return " (indent with blanks, not tabs)";
        }
        return "";
}

static int report_syntax(Builder *b, const yaml_parser_t *parser) {
        yaml_mark_t mark = parser->problem_mark;
        const char *problem = parser->problem ? parser->problem : "this is not YAML";

        switch (parser->error) {
        case YAML_MEMORY_ERROR:
                return -ENOMEM;
        case YAML_READER_ERROR: /* UTF-8 has been checked: what is left are control characters */
                mark = mark_of_offset(b->source, parser->problem_offset);
                report(b, mark, "%s", problem);
                return -EINVAL;
        case YAML_NO_ERROR:
        case YAML_SCANNER_ERROR:
        case YAML_PARSER_ERROR:
        case YAML_COMPOSER_ERROR:
        case YAML_WRITER_ERROR:
        case YAML_EMITTER_ERROR:
        default:
                break;
        }

        if (parser->context && parser->context_mark.line != mark.line)
                report(b, mark, "%s %s, which began in line %zu%s", problem, parser->context,
                        parser->context_mark.line + 1, advice(b->source, mark));
        else
                report(b, mark, "%s%s", problem, advice(b->source, mark));
        return -EINVAL;
}

static int build(Builder *b, yaml_parser_t *parser) {
        bool done = false;
        int r = 0;

        while (!done && r >= 0) {
                yaml_event_t event;

                if (!yaml_parser_parse(parser, &event))
                        return report_syntax(b, parser);
                r = take_event(b, &event, &done);
                yaml_event_delete(&event);
        }
        return r;
}

static bool check_utf8(Builder *b) {
        const SourceText *source = b->source;

        for (size_t at = 0; at < source->len;) {
                size_t n = utf8_sequence(source->text + at, source->len - at);

                if (n == 0) {
                        yaml_mark_t mark = mark_of_offset(source, at);

                        report(b, mark, "this is not UTF-8 text");
                        return false;
                }
                at += n;
        }
        return true;
}

int yaml_tree_parse(
        Arena *arena, const SourceText *source, ConfigErrors *errors, const YamlNode **ret) {
        Builder b = { .arena = arena, .source = source, .errors = errors };
        yaml_parser_t parser;
        int r;

        if (source->len > YAML_TREE_BYTES_MAX) {
                config_errors_add(
                        errors, source, 0, 0, "larger than %zu KiB", YAML_TREE_BYTES_MAX / 1024);
                return -EINVAL;
        }

        if (!check_utf8(&b))
                return -EINVAL;

        if (!yaml_parser_initialize(&parser))
                return -ENOMEM;
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING); /* no guessing of UTF-16 */
        yaml_parser_set_input_string(&parser, (const unsigned char *) source->text, source->len);
        r = build(&b, &parser);
        yaml_parser_delete(&parser);
        if (r < 0)
                return r;

        *ret = b.root;
        return 0;
}

void yaml_print_quoted(const char *text, TextBuf *out) {
        textbuf_add(out, "\"");
        for (const char *p = text; *p; p++) {
                if (*p == '"' || *p == '\\')
                        textbuf_add(out, "\\");
                textbuf_add_slice(out, (Slice){ p, 1 });
        }
        textbuf_add(out, "\"");
}
