/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "ctl/connect.h"
#include "ctl/term.h"

static unsigned print_place(const Ctl *ctl, const Json *json) {
        char line[32];
        unsigned n;

        n = term_cell(ctl, PAINT_DIM, 0, json_text(json, "file"));
        snprintf(line, sizeof(line), ":%" PRIu64, json_count(json, "line"));
        return n + term_cell(ctl, PAINT_DIM, 0, line);
}

/* One match: what it says, whom it selects now, how often it ever did. */
static void print_match(const Ctl *ctl, const Json *match) {
        const Json *examples = json_get(match, "examples");
        uint64_t now = json_count(match, "now"), hits = json_count(match, "hits");
        unsigned at;

        fputs("    ", ctl->out);
        at = 4 + term_cell(ctl, PAINT_PLAIN, 8, json_text(match, "role"));
        term_wrap(ctl, PAINT_PLAIN, at, 14, json_text(match, "text"));

        fputs("            ", ctl->out);
        if (hits == 0 && now == 0) {
                term_print(ctl, PAINT_WARN, "never matched");
        } else {
                fprintf(ctl->out, "selects %" PRIu64 " now", now);
                for (size_t i = 0; i < json_length(examples); i++) {
                        const Json *example = json_at(examples, i);
                        const char *cgroup = json_text(example, "cgroup");

                        fputs(i == 0 ? ": " : ", ", ctl->out);
                        if (*cgroup) {
                                term_cell(ctl, PAINT_PLAIN, 0, cgroup);
                                continue;
                        }
                        term_cell(ctl, PAINT_PLAIN, 0, json_text(example, "comm"));
                        fprintf(ctl->out, " %" PRIu64, json_count(example, "pid"));
                }
                if (now > json_length(examples) && json_length(examples) > 0)
                        fputs(", ...", ctl->out);
        }
        fputs("  ", ctl->out);
        (void) print_place(ctl, match);
        fputc('\n', ctl->out);
}

static void print_steps(const Ctl *ctl, const Json *steps) {
        for (size_t i = 0; i < json_length(steps); i++) {
                fputs(i == 0 ? "    steps   " : "    then    ", ctl->out);
                term_wrap(ctl, PAINT_PLAIN, 12, 14, json_value(json_at(steps, i)));
        }
}

static void print_policy(const Ctl *ctl, const Json *policy) {
        const Json *matches = json_get(policy, "matches");
        const char *clear = json_text(policy, "clear");
        char text[64];
        TextBuf b;

        fputs("\n  ", ctl->out);
        term_cell(ctl, PAINT_BOLD, 0, json_text(policy, "name"));
        fputs("  ", ctl->out);
        (void) print_place(ctl, policy);

        fputs("\n    watch   ", ctl->out);
        term_cell(ctl, PAINT_PLAIN, 0, json_text(policy, "watch"));
        fputs(", targets: ", ctl->out);
        term_cell(ctl, PAINT_PLAIN, 0, json_text(policy, "kind"));

        fputs("\n    when    ", ctl->out);
        term_wrap(ctl, PAINT_PLAIN, 12, 14, json_text(policy, "when"));
        textbuf_init(&b, text, sizeof(text));
        textbuf_add_usec(&b, json_count(policy, "for_usec"));
        fprintf(ctl->out, "    for     %s\n", text);
        if (*clear) {
                fputs("    clear   ", ctl->out);
                term_wrap(ctl, PAINT_PLAIN, 12, 14, clear);
        }
        print_steps(ctl, json_get(policy, "steps"));

        for (size_t i = 0; i < json_length(matches); i++)
                print_match(ctl, json_at(matches, i));
}

static void print_text(const Ctl *ctl, const Json *json) {
        const Json *sources = json_get(json, "sources"), *policies = json_get(json, "policies");
        const Json *protect = json_get(json, "protect"), *never = json_get(json, "never_matched");

        term_print(ctl, PAINT_BOLD, "Files");
        fputc('\n', ctl->out);
        for (size_t i = 0; i < json_length(sources); i++) {
                fputs("  ", ctl->out);
                term_cell(ctl, PAINT_PLAIN, 0, json_text(json_at(sources, i), "path"));
                fputs(json_flag(json_at(sources, i), "masked") ? " (masked)\n" : "\n", ctl->out);
        }

        term_heading(ctl, "Protected");
        if (json_length(protect) == 0)
                fputs("  nothing by policy\n", ctl->out);
        for (size_t i = 0; i < json_length(protect); i++)
                print_match(ctl, json_at(protect, i));

        term_heading(ctl, "Policies");
        for (size_t i = 0; i < json_length(policies); i++)
                print_policy(ctl, json_at(policies, i));

        if (json_length(never) == 0)
                return;
        term_heading(ctl, "Never matched: is each of these written as what it means is called?");
        for (size_t i = 0; i < json_length(never); i++) {
                fputs("  ", ctl->out);
                (void) print_place(ctl, json_at(never, i));
                fputs(" ", ctl->out);
                term_cell(ctl, PAINT_PLAIN, 0, json_text(json_at(never, i), "text"));
                fputc('\n', ctl->out);
        }
}

int verb_policies(Ctl *ctl, int argc, char *const *argv) {
        _cleanup_(client_unrefp) AvertClient *client = NULL;
        _cleanup_(json_unrefp) Json *json = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        (void) argc;
        (void) argv;
        r = connect_daemon(ctl, &client);
        if (r != CTL_OK)
                return r;

        r = avert_client_list_policies(client, &text);
        if (r < 0)
                return connect_explain(ctl, client, "list the policies", r);

        r = connect_parse(ctl, text, &json);
        if (r != CTL_OK)
                return r;

        if (ctl->json != JSON_OFF)
                json_write(json, ctl->json, ctl->out);
        else
                print_text(ctl, json);
        return CTL_OK;
}
