/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Invariants:
 * 1. A text is handed out only where the reader says whose it is, of the very process that it was
 *    read of: what was known before may be another one's.
 * 2. A place is free when its call is NULL and the reader is not at it; its cookie is used once.
 *    Who waited in vain leaves his place taken until the reader is done: it is never asked for more
 *    than there are places.
 * 3. Of one user one text is asked for at a time: a process that does not let itself be read costs
 *    the reader's whole deadline, and its owner may have many. */

#include "daemon/bus-state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "engine/slow-reader.h"

enum {
        READINGS_PER_PEER = 2,
        READINGS_PER_USER = 4, /* that wait for the reader; root's are not counted */
        READINGS_RESERVED = 4, /* for root and ourselves on the private socket */
};

static void forget(CmdlineReading *c) {
        c->slot = sd_bus_slot_unref(c->slot);
        c->call = sd_bus_message_unref(c->call);
        c->waits = false;
}

/* Answering fails when the peer has gone; then nobody misses the answer. */
static void refuse(CmdlineReading *c, const char *error, const char *why) {
        if (bus_may_send(c->bus, sd_bus_message_get_bus(c->call)))
                (void) sd_bus_reply_method_errorf(c->call, error, "%s", why);
        forget(c);
}

static void hand_out(CmdlineReading *c, const SlowReply *reply) {
        char text[4 * SLOW_TEXT_MAX];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_add_escaped(&b, reply->text, reply->len); /* a string of D-Bus' is UTF-8 */
        if (bus_may_send(c->bus, sd_bus_message_get_bus(c->call)))
                (void) sd_bus_reply_method_return(c->call, "s", text);
        forget(c);
}

static void take_reply(CmdlineReading *c, const SlowReply *reply) {
        if (reply->error == -ESRCH)
                refuse(c, SD_BUS_ERROR_UNIX_PROCESS_ID_UNKNOWN, "there is no such process");
        else if (reply->error == -ETIMEDOUT)
                refuse(c, SD_BUS_ERROR_IO_ERROR, "the process does not let its memory be read now");
        else if (reply->error < 0)
                refuse(c, SD_BUS_ERROR_IO_ERROR, "it cannot be read");
        else if (c->uid != 0 && reply->uid != c->uid)
                refuse(c, SD_BUS_ERROR_ACCESS_DENIED,
                        "the command line is for root and the owner of the process");
        else
                hand_out(c, reply);
}

static CmdlineReading *find(Bus *b, uint64_t cookie) {
        for (size_t i = 0; i < ELEMENTS(b->readings); i++)
                if (b->readings[i].asks && b->readings[i].cookie == cookie)
                        return &b->readings[i];
        return NULL;
}

/* The loop may not look at a descriptor that is closed: its number may be another's soon. */
static void lose_reader(Bus *b) {
        b->replies = sd_event_source_disable_unref(b->replies);
        for (size_t i = 0; i < ELEMENTS(b->readings); i++)
                if (b->readings[i].call)
                        refuse(&b->readings[i], SD_BUS_ERROR_NOT_SUPPORTED,
                                "command lines cannot be read any more");
}

static bool has_asked(const Bus *b, uid_t uid) {
        for (size_t i = 0; i < ELEMENTS(b->readings); i++)
                if (b->readings[i].asks && b->readings[i].uid == uid)
                        return true;
        return false;
}

/* Whose turn it is: who came first, of users for whom nothing is read. */
static CmdlineReading *find_next(Bus *b) {
        CmdlineReading *found = NULL;

        for (size_t i = 0; i < ELEMENTS(b->readings); i++) {
                CmdlineReading *c = &b->readings[i];

                if (c->waits && (!found || c->cookie < found->cookie) && !has_asked(b, c->uid))
                        found = c;
        }
        return found;
}

static void ask_reader(Bus *b) {
        CmdlineReading *c;

        while ((c = find_next(b))) {
                const SlowRequest request = {
                        .cookie = c->cookie, .start_ticks = c->start_ticks, .pid = c->pid
                };

                c->waits = false;
                c->asks = slow_reader_ask(b->options.reader, &request);
                if (!c->asks && slow_reader_is_lost(b->options.reader))
                        lose_reader(b);
                else if (!c->asks)
                        refuse(c, SD_BUS_ERROR_IO_ERROR, "it cannot be read");
        }
}

static int on_reply(sd_event_source *source _unused_, int fd _unused_, uint32_t events _unused_,
        void *userdata) {
        Bus *b = userdata;
        SlowReply reply;

        while (slow_reader_next(b->options.reader, &reply)) {
                CmdlineReading *c = find(b, reply.cookie);

                if (!c)
                        continue;
                c->asks = false;
                if (c->call)
                        take_reply(c, &reply);
        }
        if (slow_reader_is_lost(b->options.reader))
                lose_reader(b);
        else
                ask_reader(b);
        return 0;
}

static bool has_enough(const CmdlineReading *c) {
        size_t n = 0;

        for (size_t i = 0; i < READINGS_MAX; i++) {
                const CmdlineReading *other = &c->bus->readings[i];

                n += other != c && other->uid == c->uid && (other->asks || other->waits);
        }
        return n >= READINGS_PER_USER && c->uid != 0;
}

static void wait_for_turn(CmdlineReading *c, uid_t uid) {
        c->uid = uid;
        c->waits = true;
        if (has_enough(c))
                refuse(c, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many of these at a time");
        else
                ask_reader(c->bus);
}

static int on_uid(sd_bus_message *m, void *userdata, sd_bus_error *reterr _unused_) {
        CmdlineReading *c = userdata;
        uid_t uid;

        c->slot = sd_bus_slot_unref(c->slot);
        if (bus_caller_answer(m, &uid) < 0)
                refuse(c, SD_BUS_ERROR_ACCESS_DENIED, "the bus does not say who asks");
        else
                wait_for_turn(c, uid);
        return 0;
}

static CmdlineReading *claim(Bus *b, sd_bus_message *call) {
        CmdlineReading *found = NULL;
        size_t of_peer = 0, n_free = 0;

        for (size_t i = 0; i < ELEMENTS(b->readings); i++) {
                CmdlineReading *c = &b->readings[i];

                if (!c->call && !c->asks) {
                        found = c;
                        n_free++;
                } else if (c->call && bus_is_same_peer(c->call, call))
                        of_peer++;
        }
        if (n_free <= READINGS_RESERVED &&
                !bus_server_is_trusted(b->server, sd_bus_message_get_bus(call)))
                return NULL;
        return of_peer < READINGS_PER_PEER ? found : NULL;
}

int bus_on_command_line(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Bus *b = userdata;
        CmdlineReading *c;
        uint64_t start_ticks;
        uid_t uid = (uid_t) -1;
        int32_t pid;
        int r;

        r = sd_bus_message_read(m, "it", &pid, &start_ticks);
        if (r < 0)
                return r;
        if (pid <= 0)
                return sd_bus_error_setf(
                        reterr, SD_BUS_ERROR_INVALID_ARGS, "%" PRId32 " is no pid", pid);
        if (!b->replies)
                return sd_bus_error_set(
                        reterr, SD_BUS_ERROR_NOT_SUPPORTED, "command lines cannot be read here");
        c = claim(b, m);
        if (!c)
                return sd_bus_error_set(
                        reterr, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many of these at a time");

        *c = (CmdlineReading){ .bus = b,
                .cookie = ++b->readings_total,
                .pid = pid,
                .start_ticks = start_ticks,
                .until_usec = bus_begin_to_wait(b) };
        if (sd_bus_is_bus_client(sd_bus_message_get_bus(m)) > 0)
                r = bus_caller_ask(m, on_uid, c, &c->slot);
        else
                r = bus_caller_on_socket(m, &uid);
        if (r < 0)
                return r;

        c->call = sd_bus_message_ref(m);
        if (!c->slot)
                wait_for_turn(c, uid);
        return 1; /* answered later */
}

usec_t bus_readings_expire(Bus *b, usec_t now_usec) {
        usec_t next = USEC_UNSET;

        for (size_t i = 0; i < ELEMENTS(b->readings); i++) {
                CmdlineReading *c = &b->readings[i];

                if (c->call && c->until_usec <= now_usec)
                        refuse(c, SD_BUS_ERROR_TIMEOUT,
                                "whoever reads command lines does not answer");
                else if (c->call)
                        next = MIN(next, c->until_usec);
        }
        return next;
}

int bus_readings_init(Bus *b) {
        if (!b->options.reader)
                return 0;
        return sd_event_add_io(b->options.event, &b->replies, slow_reader_fd(b->options.reader),
                EPOLLIN, on_reply, b);
}

void bus_readings_done(Bus *b, const sd_bus *connection) {
        for (size_t i = 0; i < ELEMENTS(b->readings); i++) {
                CmdlineReading *c = &b->readings[i];

                if (c->call && (!connection || sd_bus_message_get_bus(c->call) == connection))
                        forget(c);
        }
        if (!connection)
                b->replies = sd_event_source_disable_unref(b->replies);
}
