/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fdio.h"
#include "daemon/log.h"
#include "daemon/place.h"
#include "daemon/policy-load.h"
#include "engine/lock-memory.h"

/* When a process counts as one that does not let its command line be read. */
#define READER_DEADLINE_USEC USEC_PER_SEC

#define MEMORY_BOUND (UINT64_C(48) << 20)
#define MEMORY_BOUND_PER_PROCESS                                                                   \
        UINT64_C(4096) /* what is known of one, and twice that while it is shown */

#define LEAVING_MSEC 10000

/* Of what a standby knows about processes, which come and go. */
#define REFRESH_USEC (5 * USEC_PER_MIN)

/* For as long as the process: see daemon_run(). */
static StderrSink stderr_sink = { .fd = STDERR_FILENO };
static JournalSink *journal_sink;

static bool is_standby(const Daemon *d) {
        return d->options->mode == MODE_STANDBY;
}

/* Blocked before any thread starts, so that only main's descriptor gets them. */
static void block_signals(void) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGHUP);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
}

static Sink choose_sink(Daemon *d) {
        const char *no_color = getenv("NO_COLOR");
        const char *term = getenv("TERM");
        bool managed = getenv("INVOCATION_ID") || getenv("JOURNAL_STREAM");

        if (sink_journal_is_wanted(STDERR_FILENO, getenv("JOURNAL_STREAM")) &&
                sink_journal_new(&journal_sink) >= 0) {
                log_set(d->options->log_level, LOG_FORM_PREFIX);
                return sink_journal_get(journal_sink);
        }

        if (isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0) {
                stderr_sink.form = STDERR_TERMINAL;
                stderr_sink.colour = !no_color || !*no_color;
                d->terminal = &stderr_sink;
        } else
                stderr_sink.form = managed ? STDERR_PREFIX : STDERR_PLAIN;
        log_set(d->options->log_level, managed ? LOG_FORM_PREFIX : LOG_FORM_PLAIN);
        return sink_stderr_get(&stderr_sink);
}

/* A broken policy means the built-in default; *ret_broken tells what is wrong, "" when all is well.
 */
static int load_policy(Daemon *d, TextBuf *ret_broken) {
        _cleanup_free_ ConfigErrors *errors = malloc(sizeof(*errors));
        int r;

        if (!errors)
                return -ENOMEM;

        r = policy_load(d->options, &d->config, errors);
        if (r < 0) {
                char text[3000];
                TextBuf b;

                policy_print_first_error(errors, r, ret_broken);
                textbuf_init(&b, text, sizeof(text));
                config_errors_print(errors, &b);
                log_error("%s", text);
                log_error("the built-in default policy is in force");
                d->on_builtin = true;
                r = config_load_builtin(&d->config, errors);
        }
        if (r < 0)
                return r;
        policy_log_warnings(d->options, d->config);
        d->started_with = config_ref(d->config);
        return 0;
}

/* After the helper process was forked, which must not inherit it. By hand only: under systemd the
 * unit has said so already, and then this changes nothing. */
static void protect_self(const Options *o) {
        char text[16];
        ssize_t n;

        if (o->root)
                return;
        n = fdio_read_at(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof(text));
        if (n > 0 && atoi(text) > -900 &&
                fdio_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "-900") < 0)
                log_debug("oom_score_adj cannot be lowered (no CAP_SYS_RESOURCE)");
}

/* A D-Bus message may be 128 MiB, and whoever may connect may send one: what we can be made to
 * allocate beyond what we have now has a bound, and a peer that reaches it loses its connection. */
static void bound_memory(const LimitsConfig *limits) {
        const uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);
        uint64_t size, resident, shared, text, lib, data;
        struct rlimit limit;
        char line[128];

        if (fdio_read_at(AT_FDCWD, "/proc/self/statm", line, sizeof(line)) < 0 ||
                sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                        &size, &resident, &shared, &text, &lib, &data) != 6 ||
                getrlimit(RLIMIT_DATA, &limit) < 0)
                return;

        limit.rlim_cur = MIN(limit.rlim_cur,
                (rlim_t) (data * page + MEMORY_BOUND +
                        limits->processes * MEMORY_BOUND_PER_PROCESS));
        (void) setrlimit(RLIMIT_DATA, &limit);
}

static void answer_errand(void *ctx, const Outcome *answer) {
        errands_answer(ctx, answer);
}

static int own_errands(Daemon *d) {
        int r;

        r = unit_client_new(d->event, UNIT_SOCKET, answer_errand, &d->errands, &d->units);
        if (r < 0)
                return r;
        errands_set_owner(&d->errands, STEP_RESTART, unit_client_owner(d->units));
        errands_set_owner(&d->errands, STEP_STOP, unit_client_owner(d->units));
        return 0;
}

/* One of its own: whoever asks for many command lines may not hold up what policies need. */
static void fork_reader(Daemon *d) {
        int r = slow_reader_new(d->options->root, READER_DEADLINE_USEC, &d->reader);

        if (r < 0)
                log_warning("nobody is shown a command line: %s", strerror(-r));
}

static void refresh_engine(void *ctx) {
        Daemon *d = ctx;

        engine_refresh(d->engine);
}

/* 1: our turn has come; 0: it has not, and will not. */
static int wait_for_turn(Daemon *d) {
        const StandbyCare care = {
                .interval_usec = REFRESH_USEC, .refresh = refresh_engine, .ctx = d
        };
        int r;

        r = memory_lock_text();
        if (r < 0)
                log_warning("the program cannot be locked in memory: %s", strerror(-r));
        (void) notifier_status(&d->notifier, "ready, should the daemon be killed");
        return standby_wait(&d->standby, &care);
}

static int make_engine(Daemon *d) {
        EngineOptions engine = { .root = d->options->root,
                .dry = d->options->dry,
                .sink = d->sink,
                .lock_memory = !d->options->root,
                .standby = is_standby(d) };
        char leases[300];
        TextBuf b;
        int r;

        textbuf_init(&b, leases, sizeof(leases));
        engine.leases = place_of_leases(d->options, &b) ? leases : NULL;
        r = engine_new(&engine, d->config, &d->engine);
        if (r < 0)
                log_error("the engine cannot start: %s", strerror(-r));
        return r;
}

/* What has the sockets has left its seat, and now ends; it may wait for a disk. */
static void wait_for_leaving(int pidfd) {
        struct pollfd p = { .fd = pidfd, .events = POLLIN };

        if (pidfd >= 0 && poll(&p, 1, LEAVING_MSEC) <= 0)
                log_warning("the standby that stood in does not end");
        close_fd(pidfd);
}

/* As a service that is told to act on nothing; by hand one looks on, whoever acts. */
static int dismiss_standby(const Daemon *d, int *ret_pidfd) {
        const char *runtime = getenv("RUNTIME_DIRECTORY");
        char leases[300];
        TextBuf b;

        *ret_pidfd = FD_NONE;
        textbuf_init(&b, leases, sizeof(leases));
        if (!runtime || !*runtime || !place_of_leases(d->options, &b))
                return 0;
        return standby_dismiss(leases, ret_pidfd);
}

/* From here on nobody else acts. */
static int take_place(Daemon *d, int *ret_leaving_fd) {
        int r;

        if (!d->options->dry) {
                r = engine_take_over(d->engine, ret_leaving_fd);
                if (r < 0)
                        log_error("the place of who acts here cannot be taken: %s", strerror(-r));
                return r;
        }
        r = dismiss_standby(d, ret_leaving_fd);
        if (r < 0)
                log_warning("this is a dry run, but others may act here: %s", strerror(-r));
        return 0;
}

/* It protects first: who asks can wait. */
static int begin_to_act(Daemon *d) {
        int leaving_fd = FD_NONE;
        int r;

        r = loop_watch(d);
        if (r >= 0)
                r = step_owners_watch(d);
        if (r >= 0)
                r = own_errands(d);
        if (r < 0)
                return r;
        r = take_place(d, &leaving_fd);
        if (r < 0)
                return r;
        r = engine_start(d->engine);
        wait_for_leaving(leaving_fd);
        return r;
}

/* 1; 0: it is not needed; negative errno. */
static int set_up(Daemon *d, TextBuf *ret_broken) {
        int r;

        r = load_policy(d, ret_broken);
        if (r < 0)
                return r;
        r = sd_event_new(&d->event);
        if (r < 0)
                return r;
        step_owners_fork(d);
        fork_reader(d);
        r = make_engine(d);
        if (r < 0)
                return r;
        protect_self(d->options);
        if (is_standby(d)) {
                r = wait_for_turn(d);
                if (r <= 0)
                        return r;
        }

        r = begin_to_act(d);
        if (r >= 0)
                r = sockets_serve(d);
        if (r < 0)
                return r;
        announce_policy(d);
        bound_memory(&d->config->limits);
        return 1;
}

/* 1; 0: told to end before there was a daemon; negative errno. */
static int find_daemon(Daemon *d) {
        char leases[300];
        TextBuf b;

        textbuf_init(&b, leases, sizeof(leases));
        if (!place_of_leases(d->options, &b)) {
                log_error("without a socket's path there is no daemon to stand by for");
                return -EINVAL;
        }
        (void) notifier_ready(&d->notifier, "waiting for a daemon");
        return standby_find(&d->standby, leases);
}

/* The engine first: nobody may answer or act any more while the rest goes away. */
static void tear_down(Daemon *d) {
        inquiries_done(&d->inquiries);
        errands_done(&d->errands);
        d->units = unit_client_free(d->units);
        if (d->engine)
                engine_stop(d->engine);
        if (d->bus)
                loop_drain(d);
        step_owners_settle(d);
        step_owners_done(d);
        d->bus = bus_free(d->bus);
        d->reader = slow_reader_free(d->reader);
        d->pressure = pressure_server_free(d->pressure);
        d->metrics = metrics_free(d->metrics);
        sd_event_source_disable_unref(d->refresh);
        sd_event_source_disable_unref(d->care);
        sd_event_source_disable_unref(d->late);
        d->event = sd_event_unref(d->event);
        d->engine = engine_free(d->engine);
        standby_done(&d->standby);
        d->config = config_unref(d->config);
        d->started_with = config_unref(d->started_with);
        notifier_done(&d->notifier);
        if (d->terminal)
                (void) !write(STDERR_FILENO, "\n", 1); /* below the status line */
}

static int run(Daemon *d) {
        char broken[512];
        TextBuf b;
        int r;

        textbuf_init(&b, broken, sizeof(broken));
        r = is_standby(d) ? find_daemon(d) : 1;
        if (r > 0)
                r = set_up(d, &b);
        if (r < 0)
                log_error("cannot start: %s", strerror(-r));
        if (r <= 0)
                return r;

        if (d->on_builtin)
                announce_broken_policy(d, broken);
        if (is_standby(d))
                announce_stand_in(d);
        (void) notifier_ready(&d->notifier,
                d->on_builtin ? "policy refused, on the built-in default" : "watching");
        loop_refresh(d);
        return sd_event_loop(d->event);
}

int daemon_run(const Options *o) {
        Options own = *o;
        Daemon d = {
                .options = &own,
                .notifier.fd = FD_NONE,
                .cgroup = OWN_CGROUP_INIT,
                .standby = STANDBY_INIT,
        };
        int r;

        own.dry = o->dry || o->root; /* what is read there is not what would be acted on */
        block_signals();
        d.sink = choose_sink(&d);
        if (notifier_init_from_environment(&d.notifier) < 0)
                log_warning(
                        "$NOTIFY_SOCKET is of no use: the service manager will not hear from us");

        r = run(&d);
        tear_down(&d);
        return r < 0 ? EXIT_FAILED : EXIT_OK;
}
