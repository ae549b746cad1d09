/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/command-steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "daemon/command-order.h"
#include "daemon/log.h"
#include "describe/describe.h"

/* How long after its deadline a command is given up that nobody answers for. */
#define PATIENCE_USEC (2 * USEC_PER_SEC)

#define STRINGS_MAX (24u << 10)
#define OUTPUT_TOLD 400

static CommandEntry *find_entry(CommandSteps *c, uint64_t id) {
        for (size_t i = 0; i < COMMANDS_MAX; i++)
                if (c->entries[i].used && c->entries[i].id == id)
                        return &c->entries[i];
        return NULL;
}

static CommandEntry *free_entry(CommandSteps *c) {
        for (size_t i = 0; i < COMMANDS_MAX; i++)
                if (!c->entries[i].used)
                        return &c->entries[i];
        return NULL;
}

/* The entry stays when its place cannot be removed yet. */
static void clear_entry(CommandSteps *c, CommandEntry *entry, bool end) {
        entry->over = true;
        if (!c->places.make || c->places.remove(c->places.ctx, entry->id, end) >= 0)
                entry->used = false;
}

static int send_order(
        CommandSteps *c, const Errand *errand, const Step *step, usec_t now_usec, int cgroup_fd) {
        StarterOrder order = {
                .job = JOB_COMMAND, .id = errand->id, .deadline_usec = errand->deadline_usec
        };
        _cleanup_free_ char *strings = malloc(STRINGS_MAX);
        _cleanup_free_ char *input = describe_event(&errand->event);
        int r;

        if (!strings || !input)
                return -ENOMEM;
        r = command_order_write(errand, step, now_usec, strings, STRINGS_MAX, &order.command);
        if (r < 0)
                return r;
        return starter_send(c->starter, &order,
                (struct iovec[]){ { strings, order.command.strings_len }, { input, strlen(input) },
                        { (void *) (uintptr_t) "\n", 1 } },
                3, cgroup_fd);
}

static int begin(void *ctx, const Errand *errand, const Step *step) {
        CommandSteps *c = ctx;
        usec_t now = clock_monotonic_usec();
        _cleanup_close_ int cgroup_fd = FD_NONE;
        CommandEntry *entry;
        int r;

        command_steps_care(c, now);
        entry = free_entry(c);
        if (!entry)
                return -EAGAIN;
        if (!c->starter)
                return -EPIPE;
        *entry = (CommandEntry){
                .used = true, .id = errand->id, .deadline_usec = errand->deadline_usec
        };
        (void) text_copy(entry->policy, sizeof(entry->policy), errand->event.policy);
        (void) text_copy(entry->program, sizeof(entry->program), step->args[0]);
        if (c->places.make)
                cgroup_fd = c->places.make(c->places.ctx, errand->id, step->memory_bytes);

        r = send_order(c, errand, step, now, cgroup_fd);
        if (r < 0)
                clear_entry(c, entry, false);
        return r;
}

static void tell(const CommandEntry *entry, const StarterAnswer *answer) {
        char text[1024];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(&b, "%s [%s] ", entry->program, entry->policy);
        command_print(answer, &b);
        if (answer->text_len > 0) {
                textbuf_add(&b, ": ");
                textbuf_add_escaped(
                        &b, answer->text, MIN(answer->text_len, (uint32_t) OUTPUT_TOLD));
        }
        log_line(command_succeeded(answer) ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "%s", text);
}

static void on_answer(void *ctx, const StarterAnswer *answer) {
        CommandSteps *c = ctx;
        CommandEntry *entry = find_entry(c, answer->id);
        Outcome outcome = command_outcome(answer, clock_monotonic_usec());

        if (!entry || entry->over)
                return;
        tell(entry, answer);
        errands_answer(c->errands, &outcome);
        clear_entry(c, entry, !answer->clean);
}

void command_steps_init(
        CommandSteps *c, Starter *starter, Errands *errands, const CommandPlaces *places) {
        *c = (CommandSteps){ .starter = starter, .errands = errands };
        if (places)
                c->places = *places;
        if (starter)
                starter_set_listener(starter, JOB_COMMAND, on_answer, c);
        errands_set_owner(errands, STEP_RUN, (ErrandOwner){ .begin = begin, .ctx = c });
}

void command_steps_care(CommandSteps *c, usec_t now_usec) {
        for (size_t i = 0; i < COMMANDS_MAX; i++) {
                CommandEntry *e = &c->entries[i];

                if (e->used && (e->over || now_usec > usec_add(e->deadline_usec, PATIENCE_USEC)))
                        clear_entry(c, e, true);
        }
}

void command_steps_done(CommandSteps *c) {
        for (size_t i = 0; i < COMMANDS_MAX; i++)
                if (c->entries[i].used)
                        clear_entry(c, &c->entries[i], true);
}
