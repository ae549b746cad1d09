/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Prints what the loader of policies knows: "key NAME", "metric NAME" and "word NAME" lines, from
 * its own tables. A lint compares them with avert.yaml(5). */

#include <stddef.h>
#include <stdio.h>

#include "base/macro.h"
#include "config/config-keys.h"
#include "config/config-names.h"
#include "config/metric.h"

int main(void) {
        static const WordTable *const tables[] = {
                &watch_words,
                &target_words,
                &step_words,
                &notify_words,
                &hint_words,
                &on_budget_words,
                &rank_words,
        };
        const KeyTable *const *sections;
        size_t n;

        sections = config_keys_list(&n);
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < sections[i]->n; k++)
                        if (sections[i]->keys[k].parse)
                                printf("key %s\n", sections[i]->keys[k].name);

        for (size_t i = 0; i < ELEMENTS(tables); i++)
                for (size_t k = 0; k < tables[i]->n; k++)
                        if (tables[i]->words[k])
                                printf("word %s\n", tables[i]->words[k]);

        for (int i = 0; i < _METRIC_MAX; i++)
                printf("metric %s\n", metric_info((MetricId) i)->name);
        return 0;
}
