/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus-state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

enum {
        PLEAS_PER_PEER = 2,
        PLEAS_PER_USER = 4, /* that wait for polkit, which may wait for a password */
        POLKIT_ALLOW_INTERACTION = 1,
};

#define ASKED_USEC (10 * USEC_PER_SEC)   /* for the bus, and a polkit that asks nobody */
#define PASSWORD_USEC (2 * USEC_PER_MIN) /* for somebody who types one */

/* Makes the change and tells the caller. */
static int carry_out(Bus *b, sd_bus_message *call, BusChange change, uid_t by) {
        char text[2048];
        TextBuf t;
        int r;

        textbuf_init(&t, text, sizeof(text));
        r = change(b, call, by, &t);
        if (r < 0)
                return sd_bus_reply_method_errorf(call, SD_BUS_ERROR_INVALID_ARGS, "%s", text);
        return sd_bus_reply_method_return(call, "bs", r, text);
}

static void forget(Plea *p) {
        p->slot = sd_bus_slot_unref(p->slot);
        p->call = sd_bus_message_unref(p->call);
}

/* Those of systemd's programs show the text with any error but ACCESS_DENIED. */
static _printf_(3, 4) int refuse(Plea *p, const char *error, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) sd_bus_reply_method_errorfv(p->call, error, format, ap);
        va_end(ap);
        forget(p);
        return 0;
}

static bool may_be_asked(const Plea *p) {
        return sd_bus_message_get_allow_interactive_authorization(p->call) > 0;
}

/* For a password, an agent has to be there to ask for it, and the call has to allow that. */
static int refuse_without_password(Plea *p) {
        return refuse(p, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                "polkit wants a password for %s: %s, or ask root", p->action,
                may_be_asked(p) ? "start an agent that asks for it, as pkttyagent(1)"
                                : "let the call allow that it is asked for");
}

/* Failures to send are those of a peer who has gone. */
static int grant(Plea *p) {
        (void) carry_out(p->bus, p->call, p->change, p->uid);
        forget(p);
        return 0;
}

/* polkit 122 does not say of an action that it does not know it, but of all others than root that
 * it is not theirs. The rest: it is not there, ended, or took too long. */
static int refuse_without_word(Plea *p, const sd_bus_error *error) {
        if (sd_bus_error_has_name(error, "org.freedesktop.PolicyKit1.Error.NotAuthorized"))
                return refuse(p, SD_BUS_ERROR_AUTH_FAILED,
                        "polkit does not know %s, or not as avertd's: ask root, who may look for "
                        "org.avert1.policy",
                        p->action);
        return refuse(p, SD_BUS_ERROR_AUTH_FAILED,
                "polkit does not say whether you may do this (%s: %s): try again, or ask root",
                p->action, error->message ? error->message : error->name);
}

static int on_polkit(sd_bus_message *m, void *userdata, sd_bus_error *reterr _unused_) {
        Plea *p = userdata;
        const sd_bus_error *error = sd_bus_message_get_error(m);
        int allowed = 0, by_password = 0;
        int r;

        if (error)
                return refuse_without_word(p, error);
        r = sd_bus_message_enter_container(m, 'r', "bba{ss}");
        if (r >= 0)
                r = sd_bus_message_read(m, "bb", &allowed, &by_password);
        if (r >= 0 && allowed)
                return grant(p);
        if (r >= 0 && by_password)
                return refuse_without_password(p);
        return refuse(p, SD_BUS_ERROR_ACCESS_DENIED,
                "polkit does not let you do this (%s): ask root, who may add a rule, see polkit(8)",
                p->action);
}

static int ask_polkit(Plea *p) {
        sd_bus *bus = sd_bus_message_get_bus(p->call);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        bool may_ask = may_be_asked(p);
        int r;

        p->asks = true;
        p->slot = sd_bus_slot_unref(p->slot);
        r = sd_bus_message_new_method_call(bus, &m, "org.freedesktop.PolicyKit1",
                "/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority",
                "CheckAuthorization");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                        sd_bus_message_get_sender(p->call), p->action, 0,
                        may_ask ? POLKIT_ALLOW_INTERACTION : 0, "");
        if (r >= 0)
                r = sd_bus_call_async(
                        bus, &p->slot, m, on_polkit, p, may_ask ? PASSWORD_USEC : ASKED_USEC);
        return r < 0 ? refuse(p, SD_BUS_ERROR_AUTH_FAILED,
                               "polkit cannot be asked: try again, or ask root")
                     : 0;
}

static bool has_enough(const Plea *p) {
        size_t n = 0;

        for (size_t i = 0; i < PLEAS_MAX; i++)
                n += p->bus->pleas[i].call && p->bus->pleas[i].asks &&
                        p->bus->pleas[i].uid == p->uid;
        return n >= PLEAS_PER_USER;
}

static int on_uid(sd_bus_message *m, void *userdata, sd_bus_error *reterr _unused_) {
        Plea *p = userdata;

        if (bus_caller_answer(m, &p->uid) < 0)
                return refuse(p, SD_BUS_ERROR_AUTH_FAILED,
                        "the bus does not say who asks: try again, or ask root");
        if (bus_is_above_asking(p->uid))
                return grant(p);
        if (has_enough(p))
                return refuse(p, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many of these at a time");
        return ask_polkit(p);
}

static Plea *claim(Bus *b, sd_bus_message *call) {
        Plea *found = NULL;
        size_t of_peer = 0;

        for (size_t i = 0; i < ELEMENTS(b->pleas); i++) {
                if (!b->pleas[i].call)
                        found = &b->pleas[i];
                else if (bus_is_same_peer(b->pleas[i].call, call))
                        of_peer++;
        }
        return of_peer < PLEAS_PER_PEER ? found : NULL;
}

static int permit_on_bus(
        Bus *b, sd_bus_message *call, const char *action, BusChange change, sd_bus_error *reterr) {
        Plea *p = claim(b, call);
        int r;

        if (!p)
                return sd_bus_error_set(
                        reterr, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many of these at a time");
        *p = (Plea){ .bus = b, .action = action, .change = change };
        r = bus_caller_ask(call, on_uid, p, &p->slot);
        if (r < 0)
                return r;
        p->call = sd_bus_message_ref(call);
        return 1; /* answered later */
}

/* What a caller may change is decided here and not by the vtable's flags, so that it is the same on
 * a private connection and on a message bus. */
int bus_permit(
        Bus *b, sd_bus_message *call, const char *action, BusChange change, sd_bus_error *reterr) {
        uid_t uid = (uid_t) -1;
        int r;

        if (sd_bus_is_bus_client(sd_bus_message_get_bus(call)) > 0)
                return permit_on_bus(b, call, action, change, reterr);

        r = bus_caller_on_socket(call, &uid);
        if (r < 0)
                return r;
        if (!bus_is_above_asking(uid))
                return sd_bus_error_set(reterr, SD_BUS_ERROR_ACCESS_DENIED,
                        "only root may do this here; others may on the system bus, by polkit's "
                        "word");
        return carry_out(b, call, change, uid);
}

void bus_pleas_done(Bus *b, const sd_bus *connection) {
        for (size_t i = 0; i < ELEMENTS(b->pleas); i++) {
                Plea *p = &b->pleas[i];

                if (p->call && (!connection || sd_bus_message_get_bus(p->call) == connection))
                        forget(p);
        }
}
