/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/thread-alarm.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_USEC (20 * USEC_PER_MSEC)

static void on_alarm(int signo) {
        (void) signo;
}

void thread_alarm_prepare(void) {
        const struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART */

        (void) sigaction(SIGURG, &action, NULL); /* fails for signals that do not exist */
}

void thread_alarm_init(ThreadAlarm *a) {
        struct sigevent event;
        sigset_t set;

        memset(&event, 0, sizeof(event));
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = SIGURG;
        event._sigev_un._tid = gettid();
        a->usable = timer_create(CLOCK_MONOTONIC, &event, &a->timer) == 0;
        if (!a->usable)
                return;
        sigemptyset(&set);
        sigaddset(&set, SIGURG);
        (void) pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void thread_alarm_done(ThreadAlarm *a) {
        if (a->usable)
                (void) timer_delete(a->timer);
        a->usable = false;
}

void thread_alarm_set(ThreadAlarm *a, usec_t at_usec) {
        struct itimerspec when = { 0 };

        if (!a->usable)
                return;
        if (at_usec != USEC_UNSET) {
                when.it_value.tv_sec = (time_t) (at_usec / USEC_PER_SEC);
                when.it_value.tv_nsec = (long) (at_usec % USEC_PER_SEC * 1000) + 1; /* not 0 */
                when.it_interval.tv_nsec = (long) (AGAIN_USEC * 1000);
        }
        (void) timer_settime(a->timer, TIMER_ABSTIME, &when, NULL);
}
