/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/harness.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/yaml-tree.h"

static Arena *arena;
static ConfigErrors errors;
static SourceText source;
static const YamlNode *const untouched = (const YamlNode *) &errors;

static void setup(void) {
        ck_assert_int_eq(arena_new((size_t) 64 << 20, &arena), 0);
        config_errors_init(&errors);
}

static void teardown(void) {
        arena = arena_free(arena);
}

static int parse_bytes(const char *text, size_t len, const YamlNode **ret) {
        source = (SourceText){ "t.yaml", text, len };
        return yaml_tree_parse(arena, &source, &errors, ret);
}

static int parse(const char *text, const YamlNode **ret) {
        return parse_bytes(text, strlen(text), ret);
}

static void assert_place(const YamlNode *node, uint32_t line, uint32_t column) {
        ck_assert_uint_eq(node->line, line);
        ck_assert_uint_eq(node->column, column);
}

START_TEST(every_node_knows_its_place) {
        const YamlNode *root = untouched, *list;

        ck_assert_int_eq(parse("a: 1\n# c\nbé: [ x,\n  {y: z} ]\n", &root), 0);
        ck_assert_uint_eq(errors.n, 0);
        ck_assert_int_eq(root->kind, YAML_KIND_MAP);
        ck_assert_uint_eq(root->n, 2);
        assert_place(root, 1, 1);
        assert_place(root->first->key, 1, 1);
        assert_place(root->first, 1, 4);
        list = root->first->next;
        assert_place(list->key, 3, 1);
        assert_place(list, 3, 5); /* columns are characters, not bytes */
        ck_assert_uint_eq(list->n, 2);
        assert_place(list->first, 3, 7);
        assert_place(list->first->next, 4, 3);
        assert_place(list->first->next->first->key, 4, 4);
        ck_assert_str_eq(list->first->next->first->text, "z");
        ck_assert_ptr_eq(list->source, &source);
}
END_TEST

START_TEST(quotes_are_remembered_and_blanks_at_the_ends_are_not) {
        const YamlNode *root = untouched;

        ck_assert_int_eq(parse("[ '~', ~, \"  x \", a b ]\n", &root), 0);
        ck_assert(root->first->quoted);
        ck_assert(!root->first->next->quoted);
        ck_assert_str_eq(root->first->next->next->text, "x");
        ck_assert_str_eq(root->first->next->next->next->text, "a b");
}
END_TEST

START_TEST(text_of_blanks_and_comments_has_no_root) {
        const YamlNode *root = NULL;

        ck_assert_int_eq(parse("", &root), 0);
        ck_assert_ptr_null(root);
        ck_assert_int_eq(parse("  \n# a comment\n", &root), 0);
        ck_assert_ptr_null(root);
        ck_assert_uint_eq(errors.n, 0);
}
END_TEST

static const struct {
        const char *name, *text;
        uint32_t line, column;
        const char *says;
        bool readable; /* the tree is there all the same */
} refused[] = {
        { "alias", "a: &x 1\n", 1, 4, "anchors", true },
        { "tag", "a: !!int 1\n", 1, 4, "tags", true },
        { "list tag", "a: !x [ 1 ]\n", 1, 4, "tags", true },
        { "merge", "a: 1\n<<: { b: 1 }\n", 2, 1, "merge", true },
        { "duplicate", "a: 1\nb: 2\na: 3\n", 3, 1, "duplicate key \"a\", first used in line 1",
                true },
        { "list as key", "? [ a ]\n: b\n", 1, 3, "plain word", true },
        { "line break", "a: |\n  x\n  y\n", 1, 4, "line breaks", true },
        { "escaped NUL", "a: \"x\\0\"\n", 1, 4, "control", true },
        { "escaped bell", "a: \"\\a\"\n", 1, 4, "control", true },
        { "second document", "a: 1\n---\nb: 1\n", 2, 1, "second document", false },
        { "open bracket", "a: [ 1\n", 2, 1, "expected", false },
        { "tab", "a:\n\tb: 1\n", 2, 1, "tabs", false },
        { "broken bytes", "a: 1\nb: \xff\n", 2, 4, "UTF-8", false },
        { "overlong", "\xc0\x80", 1, 1, "UTF-8", false },
        { "surrogate", "a: \xed\xa0\x80", 1, 4, "UTF-8", false },
        { "bell", "a: 1\nb: \a\n", 2, 4, "control", false },
};

START_TEST(what_is_beyond_plain_yaml_is_reported_where_it_is) {
        const YamlNode *root = untouched;
        int r = parse(refused[_i].text, &root);

        ck_assert_msg(r == (refused[_i].readable ? 0 : -EINVAL), "%s: %d", refused[_i].name, r);
        ck_assert_msg((root == untouched) == !refused[_i].readable, "%s", refused[_i].name);
        ck_assert_msg(errors.n == 1, "%s: %zu errors", refused[_i].name, errors.n);
        ck_assert_msg(strstr(errors.items[0].message, refused[_i].says), "%s: %s", refused[_i].name,
                errors.items[0].message);
        ck_assert_uint_eq(errors.items[0].line, refused[_i].line);
        ck_assert_uint_eq(errors.items[0].column, refused[_i].column);
}
END_TEST

START_TEST(every_duplicate_is_reported) {
        const YamlNode *root = untouched;

        ck_assert_int_eq(parse("a: 1\na: 2\nb: { c: 1, c: 2 }\na: 3\n", &root), 0);
        ck_assert_uint_eq(errors.n, 3);
}
END_TEST

START_TEST(nul_bytes_end_nothing_early) {
        const YamlNode *root = untouched;
        static const char text[] = "a: 1\n\0b: 2\n";

        ck_assert_int_eq(parse_bytes(text, sizeof(text) - 1, &root), -EINVAL);
        ck_assert_uint_eq(errors.n, 1);
        ck_assert_uint_eq(errors.items[0].line, 2);
        ck_assert_ptr_eq(root, untouched);
}
END_TEST

START_TEST(depth_is_bounded) {
        const YamlNode *root = untouched;
        char text[2 * YAML_TREE_DEPTH_MAX + 4] = "";

        memset(text, '[', YAML_TREE_DEPTH_MAX);
        memset(text + YAML_TREE_DEPTH_MAX, ']', YAML_TREE_DEPTH_MAX);
        ck_assert_int_eq(parse(text, &root), 0);

        root = untouched;
        memset(text, '[', YAML_TREE_DEPTH_MAX + 1);
        memset(text + YAML_TREE_DEPTH_MAX + 1, ']', YAML_TREE_DEPTH_MAX + 1);
        ck_assert_int_eq(parse(text, &root), -EINVAL);
        ck_assert_ptr_eq(root, untouched);
        ck_assert_uint_eq(errors.items[0].column, YAML_TREE_DEPTH_MAX + 1);
}
END_TEST

START_TEST(deep_nesting_costs_no_time) {
        const YamlNode *root = untouched;
        size_t len = YAML_TREE_BYTES_MAX;
        char *text = malloc(len);

        memset(text, '[', len); /* quadratic in libyaml if it were read to the end */
        ck_assert_int_eq(parse_bytes(text, len, &root), -EINVAL);
        ck_assert_uint_eq(errors.n, 1);
        free(text);
}
END_TEST

START_TEST(number_of_nodes_is_bounded) {
        const YamlNode *root = untouched;
        size_t len = 2 + 2 * (YAML_TREE_NODES_MAX - 1);
        char *text = malloc(len + 3);

        text[0] = '[';
        for (size_t i = 1; i < len - 1; i++)
                text[i] = i % 2 ? 'a' : ',';
        text[len - 1] = ']';
        ck_assert_int_eq(parse_bytes(text, len, &root), 0);
        ck_assert_uint_eq(root->n, YAML_TREE_NODES_MAX - 1);

        root = untouched;
        memcpy(text + len - 1, ",a]", 3);
        ck_assert_int_eq(parse_bytes(text, len + 2, &root), -EINVAL);
        ck_assert_ptr_eq(root, untouched);
        free(text);
}
END_TEST

START_TEST(size_is_bounded) {
        const YamlNode *root = untouched;
        char *text = calloc(1, YAML_TREE_BYTES_MAX + 2);

        memset(text, '#', YAML_TREE_BYTES_MAX + 1);
        ck_assert_int_eq(parse_bytes(text, YAML_TREE_BYTES_MAX + 1, &root), -EINVAL);
        ck_assert_uint_eq(errors.n, 1);
        ck_assert_uint_eq(errors.items[0].line, 0);
        ck_assert_int_eq(parse_bytes(text, YAML_TREE_BYTES_MAX, &root), 0);
        free(text);
}
END_TEST

START_TEST(lack_of_memory_is_said_and_leaves_the_output_alone) {
        const char *text = "a: [ b, { c: d } ]\n";
        const YamlNode *root = untouched;
        bool fitted = false;

        source = (SourceText){ "t.yaml", text, strlen(text) };
        for (size_t max = 0; max < 4096 && !fitted; max += 16) {
                Arena *small;
                int r;

                ck_assert_int_eq(arena_new(max, &small), 0);
                r = yaml_tree_parse(small, &source, &errors, &root);
                fitted = r == 0;
                ck_assert_msg(r == 0 || r == -ENOMEM, "%zu: %d", max, r);
                ck_assert(fitted || root == untouched);
                ck_assert_uint_le(arena_used(small), max);
                arena_free(small);
        }
        ck_assert(fitted);
}
END_TEST

START_TEST(message_shows_the_line_and_points_at_the_column) {
        const YamlNode *root = untouched;
        char text[512];
        TextBuf b;

        ck_assert_int_eq(parse("a: 1\nbé: [ \"\xd8\x9c\", ! x ]\n", &root), 0);
        textbuf_init(&b, text, sizeof(text));
        config_errors_print(&errors, &b);
        /* what would turn the writing around is shown as bytes, and the caret stays right */
        ck_assert_str_eq(text,
                "t.yaml:2:12: error: tags are not allowed here (quote the text to keep a \"!\")\n"
                "    bé: [ \"\\xd8\\x9c\", ! x ]\n"
                "                      ^\n");
}
END_TEST

START_TEST(long_lines_are_cut_around_the_column) {
        char line[400], text[1024];
        const char *caret, *excerpt;
        TextBuf b;

        memset(line, 'x', sizeof(line));
        line[250] = '!';
        source = (SourceText){ "t.yaml", line, sizeof(line) };
        config_errors_add(&errors, &source, 1, 251, "here");
        textbuf_init(&b, text, sizeof(text));
        config_error_print(&errors.items[0], &b);
        excerpt = strchr(text, '\n') + 1;
        caret = strchr(excerpt, '\n') + 1;
        ck_assert_int_lt(caret - excerpt, 200);
        ck_assert_int_eq(strchr(excerpt, '!') - excerpt, strchr(caret, '^') - caret);
}
END_TEST

START_TEST(errors_beyond_the_bound_are_counted) {
        char text[32 * 1024];
        TextBuf b;

        for (unsigned i = 0; i < CONFIG_ERRORS_MAX + 3; i++)
                config_errors_add(&errors, NULL, 0, 0, "number %u", i);
        ck_assert_uint_eq(errors.n, CONFIG_ERRORS_MAX);
        ck_assert_uint_eq(errors.n_dropped, 3);
        textbuf_init(&b, text, sizeof(text));
        config_errors_print(&errors, &b);
        ck_assert_ptr_nonnull(strstr(text, "error: number 31\nand 3 more errors\n"));
}
END_TEST

int main(void) {
        Suite *s = suite_create("config-tree");
        TCase *tc = tcase_create("config-tree");

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, every_node_knows_its_place);
        tcase_add_test(tc, quotes_are_remembered_and_blanks_at_the_ends_are_not);
        tcase_add_test(tc, text_of_blanks_and_comments_has_no_root);
        tcase_add_loop_test(
                tc, what_is_beyond_plain_yaml_is_reported_where_it_is, 0, ELEMENTS(refused));
        tcase_add_test(tc, every_duplicate_is_reported);
        tcase_add_test(tc, nul_bytes_end_nothing_early);
        tcase_add_test(tc, depth_is_bounded);
        tcase_add_test(tc, deep_nesting_costs_no_time);
        tcase_add_test(tc, number_of_nodes_is_bounded);
        tcase_add_test(tc, size_is_bounded);
        tcase_add_test(tc, lack_of_memory_is_said_and_leaves_the_output_alone);
        tcase_add_test(tc, message_shows_the_line_and_points_at_the_column);
        tcase_add_test(tc, long_lines_are_cut_around_the_column);
        tcase_add_test(tc, errors_beyond_the_bound_are_counted);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
