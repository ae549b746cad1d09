/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "ctl/status-text.h"
#include "ctl/term.h"
#include "tests/harness.h"

static char *page;

/* The page that a description makes. */
static const char *print(const char *json, bool colour) {
        Ctl ctl = { .width = 80, .colour = colour };
        Json *description;
        size_t len;

        free(page);
        ck_assert_int_eq(json_parse(json, &description), 0);
        ctl.out = open_memstream(&page, &len);
        status_print(&ctl, description);
        fclose(ctl.out);
        json_unref(description);
        return page;
}

static void expect(const char *part) {
        ck_assert_msg(strstr(page, part) != NULL, "no '%s' in:\n%s", part, page);
}

static const char full[] =
        "{ \"schema_version\":1, \"version\":\"0.1.0\", \"pid\":4711, \"dry_run\":true, "
        "\"level\":\"acting\","
        "\"uptime_usec\":7200000000,"
        "\"config\":{\"hash\":\"0123456789abcdef\",\"policies\":2,\"sources\":[{\"path\":\"built-"
        "in\",\"masked\":false},"
        "{\"path\":\"/etc/avert/policy.d/20-site.yaml\",\"masked\":true}],\"warnings\":[{\"file\":"
        "\"/etc/avert/policy.d/30-local.yaml\",\"line\":7,\"column\":9,\"text\":\"this protection "
        "rests on comm alone, "
        "and any process may call itself what it likes\"}]},"
        "\"sources\":[{\"name\":\"meminfo\",\"state\":\"present\",\"why\":\"\",\"reads\":1234567,"
        "\"failures\":0,"
        "\"suspects\":0,\"age_usec\":50000},{\"name\":\"psi.memory\",\"state\":\"absent\",\"why\":"
        "\"the kernel was "
        "started with psi=0: add psi=1 to its command line to have pressure in "
        "conditions\",\"reads\":0,"
        "\"failures\":3,\"suspects\":1,\"age_usec\":null}],"
        "\"probe\":[{\"name\":\"cap_kill\",\"state\":\"absent\",\"why\":\"not "
        "granted\",\"consequence\":\"only own "
        "processes can be "
        "ended\"},{\"name\":\"pidfd\",\"state\":\"present\",\"why\":\"\",\"consequence\":\"\"}],"
        "\"readings\":[{\"metric\":\"mem.available\",\"unit\":\"bytes\",\"known\":true,\"value\":"
        "1073741824,"
        "\"total\":8589934592,\"permyriad\":1250},{\"metric\":\"psi.memory.full.1s\",\"known\":"
        "true,\"value\":50},"
        "{\"metric\":\"psi.memory.full.10s\",\"unit\":"
        "\"permyriad\","
        "\"known\":false,\"value\":null,\"total\":null,\"permyriad\":null},{\"metric\":\"mem."
        "exhaustion\","
        "\"unit\":\"usec\",\"known\":true,\"value\":9223372036854775807,\"total\":null,"
        "\"permyriad\":null}],"
        "\"corrections\":{\"arc_bytes\":1073741824,\"file_bytes\":0,\"dirty_bytes\":2097152},"
        "\"policies\":[{\"name\":\"host-exhaustion\",\"watch\":\"system\",\"state\":\"open\","
        "\"instances\":1,"
        "\"conditions\":[{\"text\":\"mem.available < "
        "8%\",\"metric\":\"mem.available\",\"value\":1073741824,"
        "\"permyriad\":1250,\"truth\":\"false\",\"distance_bytes\":386547056},{\"text\":\"psi."
        "memory.full.10s > 10%\","
        "\"metric\":\"psi.memory.full.10s\",\"value\":null,\"permyriad\":null,\"truth\":"
        "\"unknown\","
        "\"distance\":null},{\"text\":\"swap.free < "
        "10%\",\"metric\":\"swap.free\",\"value\":0,\"permyriad\":0,"
        "\"truth\":\"true\",\"distance_bytes\":-1048576}]}],"
        "\"incidents\":[{\"id\":3,\"policy\":\"host-exhaustion\",\"phase\":\"open\",\"critical\":"
        "true,"
        "\"since_usec_ago\":1500000,\"step\":\"terminate\",\"steps_taken\":2,\"freed_bytes\":"
        "5368709120,"
        "\"target\":{\"pid\":900,\"comm\":\"leaker\",\"unit\":\"session-3.scope\"},\"reason\":"
        "\"mem.available 3.1% < 8% "
        "for 1 s, swap.free 2% < 10%\"}],"
        "\"sentinel\":{\"ticks\":100,\"wakes_timer\":90,\"wakes_psi\":5,\"wakes_pidfd\":3,\"wakes_"
        "request\":2,\"wakes_groups\":6,"
        "\"longest_pass_usec\":3100,\"longest_read_usec\":900,\"longest_judge_usec\":120,\"longest_"
        "late_usec\":40,"
        "\"next_tick_usec\":50000,\"trigger_mode\":\"privileged\",\"reapers_alive\":4,\"reapers_"
        "lost\":0,"
        "\"signals_sent\":2,\"signals_refused\":0,\"events_dropped\":0,\"blinded\":0},"
        "\"scout\":{\"passes\":50,\"censuses\":4,\"seen\":310,\"known\":309,\"kept\":256,"
        "\"opened\":400,"
        "\"vanished\":12,\"refused\":1,\"dropped\":0,\"longest_pass_usec\":20000,"
        "\"groups_seen\":9001,\"groups_known\":8192,\"groups_kept\":64,\"groups_dropped\":809,"
        "\"groups_watches\":700,\"groups_triggers\":12,\"groups_unheard\":true},"
        "\"kernel_oom_kills\":1,\"steps_total\":2,\"freed_total_bytes\":5368709120 }";

START_TEST(page_shows_every_source_value_distance_and_incident) {
        static const char *const parts[] = {
                "avertd 0.1.0, pid 4711, up 2 h, looks again in 50 ms: acting (dry run)\n",
                "2 policies, hash 0123456789abcdef, from:\n  built-in\n",
                "  /etc/avert/policy.d/20-site.yaml (masked)\n",
                "/etc/avert/policy.d/30-local.yaml:7: this protection rests on",
                "  mem.available         1.0 GiB of 8.0 GiB, 12.5%\n",
                "  psi.memory.full       1s 0.5%, 10s ?\n",
                "  mem.exhaustion        never\n",
                "in mem.available: plus 1.0 GiB ZFS cache that gives way\n",
                "in mem.available: less 2.0 MiB not yet written\n",
                "  host-exhaustion (system): open\n",
                "    mem.available < 8%                 12.5%       368 MiB away      false\n",
                "    psi.memory.full.10s > 10%          unknown                       unknown\n",
                "    swap.free < 10%                    0%          1.0 MiB beyond    true\n",
                "  #3 host-exhaustion open, critical, for 1.5 s, 2 steps taken (at terminate),\n",
                "      target: pid 900 leaker session-3.scope\n",
                "  meminfo      present   read 50 ms ago, 1,234,567 reads\n",
                "  psi.memory   absent    0 reads, 3 failed, 1 suspect\n",
                "               the kernel was started with psi=0: add psi=1",
                "  cap_kill absent: not granted\n      only own processes can be ended\n",
                "by request 2 times, by a cgroup 6 times; triggers:\n"
                "            privileged; longest pass 3 ms, read 900 us, judging 120 us, lateness\n"
                "            40 us\n",
                "1 OOM kills: these are our misses\n",
                "2 destructive steps, 5.0 GiB freed\n",
                "sees 310 processes, knows 309, keeps 256 open;",
                "  cgroups   sees 9,001 cgroups, knows 8,192, keeps 64 open; 809 beyond the\n"
                "            limit; 12 wake by pressure, 700 watches; not all are heard of: the\n"
                "            next census sees what changed\n",
        };

        print(full, false);
        for (size_t i = 0; i < ELEMENTS(parts); i++)
                expect(parts[i]);
        ck_assert_ptr_null(strstr(page, "pidfd present"));
        ck_assert_ptr_null(strstr(page, "file cache"));
}
END_TEST

START_TEST(a_standby_is_told_of_where_it_is_not_as_it_should_be) {
        static const struct {
                const char *state, *line;
        } cases[] = {
                { "off", ": calm\n" },
                { "ready", ": calm\n" },
                { "none", ": calm, without a standby\n" },
                { "acts", ": calm, the standby of a daemon that was killed\n" },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char text[128];

                (void) snprintf(text, sizeof(text), "{\"level\":\"calm\",\"standby\":\"%s\"}",
                        cases[i].state);
                print(text, false);
                expect(cases[i].line);
        }
}
END_TEST

START_TEST(what_is_leased_is_shown_and_nothing_where_there_is_none) {
        print("{\"leases\":[{\"file\":\"memory.high\",\"cgroup\":\"/system.slice/build.service\","
              "\"unit\":\"build.service\",\"policy\":\"builds\",\"value\":1073741824,"
              "\"left_usec\":20000000},{\"file\":\"cgroup.freeze\",\"cgroup\":\"/a\",\"unit\":\"\","
              "\"policy\":\"p\",\"value\":1,\"left_usec\":null}]}",
                false);
        expect("Leases\n  memory.high of build.service: 1.0 GiB, for another 20 s [builds]\n"
               "  cgroup.freeze of /a: 1 [p]\n");
        print("{\"leases\":[]}", false);
        ck_assert_ptr_null(strstr(page, "Leases"));
}
END_TEST

START_TEST(page_fits_in_80_columns) {
        print(full, false);
        for (const char *line = page; *line;) {
                size_t len = strcspn(line, "\n");

                ck_assert_msg(len <= 80, "%zu columns: %.*s", len, (int) len, line);
                ck_assert_msg(len == 0 || line[len - 1] != ' ' || strstr(line, "beyond"),
                        "blank at the end of: %.*s", (int) len, line);
                line += len + (line[len] == '\n');
        }
}
END_TEST

START_TEST(paint_is_used_only_when_it_is_wanted) {
        print(full, false);
        ck_assert_ptr_null(strchr(page, '\033'));
        print(full, true);
        ck_assert_ptr_nonnull(strchr(page, '\033'));
}
END_TEST

START_TEST(page_of_another_version_is_printed_as_far_as_it_goes) {
        static const char *const texts[] = {
                "{}",
                "{\"sources\":{},\"policies\":7,\"incidents\":[null,1,\"x\",{}],\"sentinel\":[],"
                "\"config\":null}",
                "{\"readings\":[{\"metric\":\"new.metric\",\"known\":true,\"value\":\"text\"}]}",
                "{\"policies\":[{\"conditions\":[{\"text\":1,\"permyriad\":-5,\"distance\":-"
                "9223372036854775807}]}]}",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                print(texts[i], false);
                expect("Policies\n");
                expect("Since start\n");
        }
}
END_TEST

START_TEST(foreign_text_cannot_steer_the_terminal) {
        print("{\"version\":\"1\\u001b[2J\\u0007\\u202e\",\"incidents\":[{\"policy\":\"a\\nb\"}]}",
                false);
        expect("avertd 1?[2J??, pid");
        expect("a?b");
}
END_TEST

START_TEST(counts_and_values_are_written_for_people) {
        static const struct {
                MetricUnit unit;
                int64_t value;
                const char *text;
        } rows[] = {
                { METRIC_UNIT_COUNT, 0, "0" },
                { METRIC_UNIT_COUNT, 999, "999" },
                { METRIC_UNIT_COUNT, 1000, "1,000" },
                { METRIC_UNIT_COUNT_PER_SEC, 1234567, "1,234,567/s" },
                { METRIC_UNIT_BYTES, -1048576, "-1.0 MiB" },
                { METRIC_UNIT_BYTES, INT64_MIN, "-8.0 EiB" },
                { METRIC_UNIT_BYTES_PER_SEC, 1048576, "1.0 MiB/s" },
                { METRIC_UNIT_PERMYRIAD, 310, "3.1%" },
                { METRIC_UNIT_USEC, INT64_MAX, "never" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char text[64];
                TextBuf b;

                textbuf_init(&b, text, sizeof(text));
                term_add_value(&b, rows[i].unit, rows[i].value);
                ck_assert_str_eq(text, rows[i].text);
        }
}
END_TEST

START_TEST(cgroups_show_usage_limit_and_health) {
        print("{\"cgroups\":{\"known\":3,\"kept\":2,\"watched\":["
              "{\"path\":\"/system.slice/guilty.service\",\"unit\":\"guilty.service\",\"state\":"
              "\"over\",\"usage_bytes\":503316480,\"limit_bytes\":536870912,\"exhaustion_usec\":"
              "400000,\"oom_kills\":2},"
              "{\"path\":\"/pod/one\",\"unit\":\"\",\"state\":\"calm\",\"usage_bytes\":null,"
              "\"limit_bytes\":1073741824,\"exhaustion_usec\":9223372036854775807}]}}",
                false);
        expect("Cgroups\n");
        expect("  guilty.service             480 MiB of 512 MiB (93.7%)    over, full in 400 ms\n"
               "    2 killed in it by the kernel in the last 10 s\n");
        expect("  /pod/one                   ? of 1.0 GiB                  calm\n");
        print("{\"cgroups\":{\"known\":3,\"watched\":[]},\"scout\":{\"groups_seen\":0}}", false);
        ck_assert_ptr_null(strstr(page, "Cgroups"));
        ck_assert_ptr_null(strstr(page, "cgroups"));
}
END_TEST

HARNESS_MAIN("status-text", page_shows_every_source_value_distance_and_incident,
        a_standby_is_told_of_where_it_is_not_as_it_should_be,
        what_is_leased_is_shown_and_nothing_where_there_is_none, page_fits_in_80_columns,
        paint_is_used_only_when_it_is_wanted, page_of_another_version_is_printed_as_far_as_it_goes,
        foreign_text_cannot_steer_the_terminal, counts_and_values_are_written_for_people,
        cgroups_show_usage_limit_and_health)
