/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the parts of the bus share: its connections (bus.c), what is served on them
 * (bus-vtable.c), questions that wait for a view (bus-question.c) or a command line
 * (bus-cmdline.c), and changes that wait for somebody's word (bus-permit.c). For nobody else. */

#include <systemd/sd-bus.h>

#include "daemon/bus-server.h"
#include "daemon/bus-system.h"
#include "daemon/bus.h"

typedef enum QuestionKind {
        QUESTION_DESCRIBE,
        QUESTION_POLICIES,
        QUESTION_CONSUMERS,
        QUESTION_INCIDENTS,
        QUESTION_EXPLAIN,
        QUESTION_EXPLAIN_JSON,
} QuestionKind;

enum {
        QUESTIONS_MAX = 48,     /* inquiries are for others as well, who are not to be kept out */
        QUESTIONS_RESERVED = 8, /* of these, for root and ourselves on the private socket */
};

/* A method call that waits for a view. */
typedef struct Question {
        Bus *bus;
        bool is_taken;        /* until the view is there */
        sd_bus_message *call; /* NULL: it was answered that there is no view */
        usec_t until_usec;
        QuestionKind kind;
        char policy[POLICY_NAME_MAX]; /* "": all */
        int32_t pid;                  /* 0: all */
} Question;

enum { READINGS_MAX = 16 };

/* A method call that waits for a command line. */
typedef struct CmdlineReading {
        Bus *bus;
        sd_bus_message *call; /* NULL: free, or answered that it takes too long */
        sd_bus_slot *slot;    /* of the question who asks */
        uid_t uid;            /* who asks, when that is known */
        bool waits;           /* for his turn */
        bool asks;            /* the reader is at it */
        int32_t pid;
        uint64_t start_ticks; /* 0: whoever has the pid */
        uint64_t cookie;
        usec_t until_usec;
} CmdlineReading;

/* Does what a call asks for, on behalf of a user who may. True or false as the caller is told, with
 * a sentence in *ret; negative errno when the call cannot be understood. */
typedef int (*BusChange)(Bus *b, sd_bus_message *call, uid_t by, TextBuf *ret);

enum { PLEAS_MAX = 16 };

/* A method call that waits for the system bus to say who asks, and for polkit to say whether he
 * may. */
typedef struct Plea {
        Bus *bus;
        sd_bus_message *call; /* NULL: free */
        sd_bus_slot *slot;    /* of what is asked in turn */
        const char *action;   /* of polkit, literal */
        BusChange change;
        uid_t uid; /* when that is known */
        bool asks; /* it waits for polkit */
} Plea;

struct Bus {
        BusOptions options;
        BusServer *server;
        BusSystem *system; /* NULL: it is not joined */
        BusSummary summary;
        usec_t asked_usec; /* when somebody on the system bus called last; 0: never */
        Question questions[QUESTIONS_MAX];
        Plea pleas[PLEAS_MAX];
        CmdlineReading readings[READINGS_MAX];
        uint64_t readings_total;
        sd_event_source *replies;  /* the reader's; NULL: there is none, or it is lost */
        sd_event_source *patience; /* of those who wait for a view or a command line */
};

/* False when the connection has too much unread; to be asked before anything is sent. A peer is
 * dropped for it. */
bool bus_may_send(Bus *b, sd_bus *connection);

/* True when both calls are of one peer: of one connection, or on a message bus of one name there.
 */
bool bus_is_same_peer(sd_bus_message *a, sd_bus_message *b);

/* Until when somebody waits for an answer who begins now; then bus_questions_expire() and
 * bus_readings_expire() are called. */
usec_t bus_begin_to_wait(Bus *b);

/* ---- bus-question.c ---- */

/* Has the call answered when there is a view; as a method's handler returns. */
int bus_ask(Bus *b, sd_bus_message *call, QuestionKind kind, const char *policy, int32_t pid,
        sd_bus_error *reterr);

/* Answers those who have waited for too long; returns when to call again, USEC_UNSET: never. */
usec_t bus_questions_expire(Bus *b, usec_t now_usec);

/* Forgets all questions; their inquiries are over. */
void bus_questions_done(Bus *b);

/* ---- bus-cmdline.c ---- */

/* Has the call answered when the text was read; as a method's handler returns. */
int bus_on_command_line(sd_bus_message *m, void *userdata, sd_bus_error *reterr);

/* 0 or negative errno; to be followed by bus_readings_done() in any case. */
int bus_readings_init(Bus *b);

/* As bus_questions_expire(). */
usec_t bus_readings_expire(Bus *b, usec_t now_usec);

/* Forgets the readings of a connection, or all (NULL): then nothing is read any more. */
void bus_readings_done(Bus *b, const sd_bus *connection);

/* ---- bus-caller.c ---- */

/* Root and our own user may change things without being asked anything. */
bool bus_is_above_asking(uid_t uid);

/* Whose the other end of the private socket is. 0 or negative errno. */
int bus_caller_on_socket(sd_bus_message *call, uid_t *ret);

/* Asks the message bus; on_uid gets its answer, for bus_caller_answer(). 0 or negative errno. */
int bus_caller_ask(
        sd_bus_message *call, sd_bus_message_handler_t on_uid, void *userdata, sd_bus_slot **ret);
int bus_caller_answer(sd_bus_message *answer, uid_t *ret);

/* ---- bus-permit.c ---- */

/* Has the change made and answered if the caller may: root and our own user at once, on the system
 * bus others by polkit's word about the action. As a method's handler returns. */
int bus_permit(
        Bus *b, sd_bus_message *call, const char *action, BusChange change, sd_bus_error *reterr);

/* Forgets the pleas of a connection, or all (NULL). */
void bus_pleas_done(Bus *b, const sd_bus *connection);

/* ---- bus-change.c ---- */

int bus_on_reload(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int bus_on_check_reload(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int bus_on_release_leases(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int bus_on_pause(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int bus_on_resume(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int bus_on_protect(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int bus_on_unprotect(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int bus_on_set_log_level(sd_bus_message *m, void *userdata, sd_bus_error *reterr);

/* ---- bus-vtable.c ---- */

/* Puts the object on a connection. 0 or negative errno. */
int bus_add_object(Bus *b, sd_bus *connection);

/* ---- bus-signal.c ---- */

/* Signals about an event, and about what changed from the old summary to the present one, on one
 * connection. What cannot be sent is left out: it is not authenticated yet, or just gone. */
void bus_signal_event(sd_bus *connection, const Event *e, const char *json);
void bus_signal_change(sd_bus *connection, const BusSummary *was, const BusSummary *is);
