/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine-state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "engine/ledger-steering.h"
#include "kernel/proc-stat.h"
#include "kernel/proc.h"

/* When the process that has this pid now was started; false when there is none. */
static bool find_start(const Engine *e, int32_t pid, uint64_t *ret) {
        ProcStat stat;
        int fd, r;

        if (proc_dir_open(e->root.proc_fd, pid, &fd) != PROC_OK)
                return false;
        r = proc_stat_read_at(fd, &stat);
        close_fd(fd);
        if (r != PROC_OK)
                return false;
        *ret = stat.starttime_ticks;
        return true;
}

static void put(Engine *e, const Steering *next) {
        sentinel_set_steering(e->sentinel, next);
        e->steering = *next;
        if (e->ledger)
                ledger_steering_save(e->ledger, next);
}

/* Returns how many wards were dropped. */
static size_t drop_gone(const Engine *e, Steering *s, usec_t now_usec) {
        size_t n = steering_forget(s, now_usec);

        for (size_t i = 0; i < s->n_wards;) {
                const Ward w = s->wards[i];
                uint64_t start;

                if (w.kind != WARD_PROCESS ||
                        (find_start(e, w.pid, &start) && start == w.start_ticks)) {
                        i++;
                        continue;
                }
                (void) steering_unprotect(s, &w);
                n++;
        }
        return n;
}

void engine_steering_begin(Engine *e) {
        Steering s = e->steering;

        if (e->ledger)
                (void) ledger_steering_load(e->ledger, &s);
        (void) drop_gone(e, &s, clock_monotonic_usec());
        put(e, &s); /* what was put before is forgotten with the start */
}

void engine_steering_care(Engine *e) {
        Steering s = e->steering;

        if (drop_gone(e, &s, clock_monotonic_usec()) > 0)
                put(e, &s);
}

static usec_t until(usec_t now_usec, usec_t length) {
        return length == 0 ? USEC_UNSET : usec_add(now_usec, length);
}

static void add_time(usec_t length, TextBuf *ret) {
        if (length == 0)
                return;
        textbuf_add(ret, " for ");
        textbuf_add_usec(ret, length);
}

static int steer_pause(const SteerOrder *o, usec_t now_usec, Steering *s, TextBuf *ret) {
        usec_t length = o->for_usec == 0 ? STEER_PAUSE_USEC : o->for_usec;

        if (length > STEER_PAUSE_MAX_USEC) {
                textbuf_add(ret, "a pause is no longer than ");
                textbuf_add_usec(ret, STEER_PAUSE_MAX_USEC);
                return -ERANGE;
        }
        steering_pause(s, usec_add(now_usec, length), o->by_uid);
        textbuf_add(ret, o->dry ? "would pause" : "paused");
        add_time(length, ret);
        textbuf_add(ret, ": no step but notify is taken");
        return 0;
}

static int steer_resume(const SteerOrder *o, usec_t now_usec, Steering *s, TextBuf *ret) {
        if (!steering_resume(s, now_usec)) {
                textbuf_add(ret, "avert is not paused");
                return -ENOENT;
        }
        textbuf_add(ret, o->dry ? "would resume" : "resumed");
        return 0;
}

/* Who is misspelt is protected all the same, as who is not there yet. A unit's name says nothing
 * about where it lives. */
static void add_absence(const Engine *e, const Ward *w, TextBuf *ret) {
        if (w->kind == WARD_CGROUP && e->root.cgroup_fd >= 0 &&
                faccessat(e->root.cgroup_fd, w->name + 1, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                textbuf_add(ret, "; there is no such cgroup now");
}

static int steer_protect(
        const Engine *e, const SteerOrder *o, usec_t now_usec, Steering *s, TextBuf *ret) {
        Ward w = o->ward;

        w.by_uid = o->by_uid;
        w.until_usec = until(now_usec, o->for_usec);
        w.start_ticks = 0;
        if (w.kind == WARD_PROCESS && !find_start(e, w.pid, &w.start_ticks)) {
                textbuf_addf(ret, "there is no process %" PRId32, w.pid);
                return -ENOENT;
        }
        if (!steering_protect(s, &w)) {
                textbuf_addf(ret, "%d are protected already, and there is room for no more",
                        STEERING_WARDS_MAX);
                return -ENOSPC;
        }
        ward_print(&w, ret);
        textbuf_add(ret, o->dry ? " would be protected" : " is protected");
        add_time(o->for_usec, ret);
        add_absence(e, &w, ret);
        return 0;
}

static int steer_unprotect(const SteerOrder *o, Steering *s, TextBuf *ret) {
        bool known = steering_unprotect(s, &o->ward);

        ward_print(&o->ward, ret);
        textbuf_add(ret,
                !known           ? " is not protected on request"
                        : o->dry ? " would not be protected any more"
                                 : " is not protected any more");
        return known ? 0 : -ENOENT;
}

int engine_steer(Engine *e, const SteerOrder *order, TextBuf *ret) {
        usec_t now = clock_monotonic_usec();
        Steering next = e->steering;
        int r = -EINVAL;

        (void) drop_gone(e, &next, now);
        switch (order->kind) {
        case STEER_PAUSE:
                r = steer_pause(order, now, &next, ret);
                break;
        case STEER_RESUME:
                r = steer_resume(order, now, &next, ret);
                break;
        case STEER_PROTECT:
                r = steer_protect(e, order, now, &next, ret);
                break;
        case STEER_UNPROTECT:
                r = steer_unprotect(order, &next, ret);
                break;
        }
        if (r == 0 && !order->dry)
                put(e, &next);
        return r;
}
