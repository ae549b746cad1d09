/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus-state.h"

#include <errno.h>

#include "daemon/log.h"
#include "daemon/steer-target.h"

/* As conf/bus/org.avert1.policy has them. */
#define ACTION_RELOAD "org.avert1.reload"
#define ACTION_RELEASE "org.avert1.release-leases"
#define ACTION_PAUSE "org.avert1.pause"
#define ACTION_PROTECT "org.avert1.protect"
#define ACTION_LOG "org.avert1.set-log-level"

static int reload(Bus *b, sd_bus_message *call _unused_, uid_t by _unused_, TextBuf *ret) {
        return b->options.reload(b->options.ctx, ret) >= 0;
}

int bus_on_reload(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return bus_permit(userdata, m, ACTION_RELOAD, reload, reterr);
}

static int check_reload(Bus *b, sd_bus_message *call _unused_, uid_t by _unused_, TextBuf *ret) {
        return b->options.check_reload(b->options.ctx, ret) >= 0;
}

int bus_on_check_reload(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return bus_permit(userdata, m, ACTION_RELOAD, check_reload, reterr);
}

static int release(Bus *b, sd_bus_message *call, uid_t by _unused_, TextBuf *ret) {
        uint64_t id;
        int r;

        r = sd_bus_message_read(call, "t", &id);
        return r < 0 ? r : b->options.release(b->options.ctx, id, ret) >= 0;
}

int bus_on_release_leases(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return bus_permit(userdata, m, ACTION_RELEASE, release, reterr);
}

static int steer(Bus *b, SteerOrder *order, uid_t by, int dry, TextBuf *ret) {
        order->by_uid = by;
        order->dry = dry != 0;
        return b->options.steer(b->options.ctx, order, ret) >= 0;
}

static int pause_judging(Bus *b, sd_bus_message *call, uid_t by, TextBuf *ret) {
        SteerOrder order = { .kind = STEER_PAUSE };
        int dry, r;

        r = sd_bus_message_read(call, "tb", &order.for_usec, &dry);
        return r < 0 ? r : steer(b, &order, by, dry, ret);
}

int bus_on_pause(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return bus_permit(userdata, m, ACTION_PAUSE, pause_judging, reterr);
}

static int resume(Bus *b, sd_bus_message *call, uid_t by, TextBuf *ret) {
        SteerOrder order = { .kind = STEER_RESUME };
        int dry, r;

        r = sd_bus_message_read(call, "b", &dry);
        return r < 0 ? r : steer(b, &order, by, dry, ret);
}

int bus_on_resume(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return bus_permit(userdata, m, ACTION_PAUSE, resume, reterr);
}

static int protect(Bus *b, sd_bus_message *call, uid_t by, TextBuf *ret) {
        SteerOrder order = { .kind = STEER_PROTECT };
        const char *who;
        int dry, r;

        r = sd_bus_message_read(call, "stb", &who, &order.for_usec, &dry);
        if (r >= 0)
                r = steer_target_parse(who, &order.ward, ret);
        return r < 0 ? r : steer(b, &order, by, dry, ret);
}

int bus_on_protect(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return bus_permit(userdata, m, ACTION_PROTECT, protect, reterr);
}

static int unprotect(Bus *b, sd_bus_message *call, uid_t by, TextBuf *ret) {
        SteerOrder order = { .kind = STEER_UNPROTECT };
        const char *who;
        int dry, r;

        r = sd_bus_message_read(call, "sb", &who, &dry);
        if (r >= 0)
                r = steer_target_parse(who, &order.ward, ret);
        return r < 0 ? r : steer(b, &order, by, dry, ret);
}

int bus_on_unprotect(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return bus_permit(userdata, m, ACTION_PROTECT, unprotect, reterr);
}

static int set_log_level(Bus *b _unused_, sd_bus_message *call, uid_t by _unused_, TextBuf *ret) {
        const char *name;
        LogLevel level;
        int r;

        r = sd_bus_message_read(call, "s", &name);
        if (r < 0)
                return r;
        if (log_level_from_name(name, &level) < 0) {
                textbuf_add(ret, "a log level is error, warning, notice, info or debug");
                return -EINVAL;
        }
        log_set_level(level);
        textbuf_addf(ret, "the log level is %s", name);
        return true;
}

int bus_on_set_log_level(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return bus_permit(userdata, m, ACTION_LOG, set_log_level, reterr);
}
