/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-load.h"
#include "config/quantity.h"
#include "config/yaml-tree.h"

static void add_quantity(TextBuf *out, const char *key, QuantityKind kind, uint64_t value) {
        textbuf_addf(out, "%s: ", key);
        quantity_print((Quantity){ kind, (int64_t) value }, out);
        textbuf_add(out, ", ");
}

static void add_amount(TextBuf *out, const char *key, const Amount *amount) {
        if (amount->set)
                add_quantity(out, key, amount->percent ? QUANTITY_PERMYRIAD : QUANTITY_BYTES,
                        amount->value);
}

static void add_command(TextBuf *out, const Step *step) {
        textbuf_add(out, "command: [ ");
        for (size_t i = 0; i < step->n_args; i++) {
                textbuf_add(out, i == 0 ? "" : ", ");
                yaml_print_quoted(step->args[i], out);
        }
        textbuf_addf(out, " ], user: %u, ", step->uid);
        add_quantity(out, "memory", QUANTITY_BYTES, step->memory_bytes);
        add_quantity(out, "output", QUANTITY_BYTES, step->output_bytes);
}

void config_print_step(const Step *step, TextBuf *out) {
        textbuf_addf(out, "%s: { ", step_kind_name(step->kind));
        switch (step->kind) {
        case STEP_NOTIFY:
                textbuf_addf(out, "level: %s, ", notify_level_name(step->level));
                break;
        case STEP_HINT:
                textbuf_addf(out, "level: %s, ", hint_level_name(step->hint));
                break;
        case STEP_CAPTURE:
                add_quantity(out, "quota", QUANTITY_BYTES, step->quota_bytes);
                break;
        case STEP_RUN:
                add_command(out, step);
                break;
        case STEP_RECLAIM:
                add_amount(out, "amount", &step->amount);
                break;
        case STEP_THROTTLE:
                add_amount(out, "high", &step->amount);
                add_quantity(out, "lease", QUANTITY_USEC, step->lease_usec);
                break;
        case STEP_FREEZE:
                add_quantity(out, "lease", QUANTITY_USEC, step->lease_usec);
                break;
        case STEP_LIMIT:
                add_amount(out, "max", &step->amount);
                add_amount(out, "swap_max", &step->swap_amount);
                break;
        case STEP_SIGNAL:
                textbuf_addf(out, "signal: %s, ", signal_step_name(step->signo));
                break;
        case STEP_TERMINATE:
                add_quantity(out, "grace", QUANTITY_USEC, step->grace_usec);
                break;
        case STEP_RESTART:
        case STEP_STOP:
        case STEP_KILL:
        case _STEP_MAX:
        default:
                break;
        }
        textbuf_add(out, "timeout: ");
        quantity_print((Quantity){ QUANTITY_USEC, (int64_t) step->timeout_usec }, out);
        textbuf_add(out, " }");
}
