/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/load.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static uint64_t parse_size(const char *text) {
        char *end;
        uint64_t value = strtoull(text, &end, 10);

        if (*end == 'K')
                value <<= 10;
        else if (*end == 'M')
                value <<= 20;
        else if (*end == 'G')
                value <<= 30;
        if (value == 0) {
                errno = EINVAL;
                load_die(text);
        }
        return value;
}

static bool parse_number(Load *load, const char *arg) {
        const struct {
                const char *key;
                uint64_t *ret;
        } numbers[] = {
                { "rate=", &load->rate_bytes },
                { "max=", &load->max_bytes },
                { "leave=", &load->leave_bytes },
                { "recover=", &load->recover_msec },
                { "size=", &load->size_bytes },
                { "portion=", &load->portion_bytes },
                { "period=", &load->period_msec },
                { "count=", &load->count },
                { "own=", &load->own_bytes },
                { "sleepers=", &load->sleepers },
                { "respawn=", &load->respawn_msec },
        };

        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
                if (strncmp(arg, numbers[i].key, strlen(numbers[i].key)) == 0) {
                        *numbers[i].ret = parse_size(arg + strlen(numbers[i].key));
                        return true;
                }
        return false;
}

static bool parse_flag(Load *load, const char *arg) {
        const struct {
                const char *word;
                bool *ret;
        } flags[] = {
                { "ignore-term", &load->ignore_term },
                { "lock", &load->lock },
                { "pageout", &load->pageout },
                { "dirty", &load->dirty },
                { "map", &load->map },
                { "scattered", &load->scattered },
                { "wait", &load->wait },
                { "newpid", &load->newpid },
                { "nasty", &load->nasty },
                { "sharer", &load->sharer },
                { "leaderless", &load->leaderless },
                { "once", &load->once },
        };

        for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
                if (strcmp(arg, flags[i].word) == 0) {
                        *flags[i].ret = true;
                        return true;
                }
        return false;
}

static void parse_setting(Load *load, const char *arg) {
        if (parse_number(load, arg) || parse_flag(load, arg))
                return;
        if (strcmp(arg, "fill=random") == 0)
                load->fill = FILL_RANDOM;
        else if (strcmp(arg, "fill=half") == 0)
                load->fill = FILL_HALF;
        else if (strcmp(arg, "fill=same") == 0)
                load->fill = FILL_SAME;
        else if (strncmp(arg, "dir=", 4) == 0)
                load->dir = arg + 4;
        else {
                errno = EINVAL;
                load_die(arg);
        }
}

void load_parse(Load *load, int argc, char **argv) {
        *load = (Load){
                .name = argv[1],
                .mode = argv[2],
                .rate_bytes = 20 << 20,
                .max_bytes = 2ULL << 30,
                .size_bytes = 100 << 20,
                .portion_bytes = 32 << 20,
                .period_msec = 5000,
                .count = 20,
                .fill = FILL_SAME,
                .dir = "/dev/shm",
        };
        for (int i = 3; i < argc; i++) {
                if (strcmp(argv[i], "--") == 0) {
                        load->child = argv + i + 1;
                        break;
                }
                parse_setting(load, argv[i]);
        }
}
