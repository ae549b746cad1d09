/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "daemon/log.h"
#include "daemon/policy-load.h"
#include "daemon/privacy.h"
#include "engine/lease-ledger.h"

#define RUNTIME_DIRECTORY "/run/avert"

/* When a process counts as one that does not let its command line be read. */
#define READER_DEADLINE_USEC USEC_PER_SEC

#define MEMORY_BOUND (UINT64_C(48) << 20)
#define MEMORY_BOUND_PER_PROCESS                                                                   \
        UINT64_C(4096) /* what is known of one, and twice that while it is shown */

/* For as long as the process: see daemon_run(). */
static StderrSink stderr_sink = { .fd = STDERR_FILENO };
static JournalSink *journal_sink;

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

static int reload_for_bus(void *ctx, TextBuf *ret) {
        return loop_reload(ctx, ret);
}

static int check_reload_for_bus(void *ctx, TextBuf *ret) {
        return loop_check_reload(ctx, ret);
}

static int release_for_bus(void *ctx, uint64_t id, TextBuf *ret) {
        Daemon *d = ctx;

        return engine_release_leases(d->engine, id, ret);
}

static int steer_for_bus(void *ctx, const SteerOrder *order, TextBuf *ret) {
        Daemon *d = ctx;

        return engine_steer(d->engine, order, ret);
}

static void on_peer(void *ctx) {
        loop_refresh(ctx);
}

/* Where the private socket goes; false: nowhere. */
static bool bus_path(const Options *o, TextBuf *ret) {
        const char *runtime = getenv("RUNTIME_DIRECTORY");

        if (o->bus)
                textbuf_add(ret, o->bus);
        else if (o->root)
                return false; /* the place belongs to the daemon of this machine */
        else if (runtime && *runtime) {
                textbuf_add_slice(ret, (Slice){ runtime, strcspn(runtime, ":") });
                textbuf_add(ret, "/bus");
        } else {
                if (geteuid() == 0)
                        (void) mkdir(RUNTIME_DIRECTORY, 0755);
                textbuf_add(ret, RUNTIME_DIRECTORY "/bus");
        }
        return ret->len > 0;
}

/* Beside the socket, where avertctl looks for it; false: nowhere. */
static bool leases_path(const Options *o, TextBuf *ret) {
        char bus[256];
        TextBuf b;

        textbuf_init(&b, bus, sizeof(bus));
        if (o->dry || !bus_path(o, &b) || b.truncated)
                return false;
        lease_ledger_path(bus, ret);
        return !ret->truncated;
}

/* What /proc was told to hide must not be shown there either. */
static void join_bus(Daemon *d) {
        const Options *o = d->options;
        int r;

        if (o->system_bus ? !*o->system_bus : o->root || o->bus)
                return; /* the name belongs to the daemon of this machine */
        if (privacy_hides_processes()) {
                log_info("users do not see each other's processes here (hidepid): not on the "
                         "system bus");
                return;
        }
        r = bus_join_system(d->bus, o->system_bus);
        if (r < 0)
                log_warning("not on the system bus: %s", strerror(-r));
}

/* Without the socket the daemon protects all the same; only avertctl cannot ask it. */
static int serve_bus(Daemon *d) {
        char path[256], why[512];
        mode_t mode = 0666;
        TextBuf p, w;
        int r;

        r = bus_new(&(BusOptions){ .event = d->event,
                            .inquiries = &d->inquiries,
                            .probe = engine_probe(d->engine),
                            .reader = d->reader,
                            .dry = d->options->dry,
                            .patience_usec = BUS_PATIENCE_USEC,
                            .reload = reload_for_bus,
                            .check_reload = check_reload_for_bus,
                            .release = release_for_bus,
                            .steer = steer_for_bus,
                            .on_peer = on_peer,
                            .ctx = d },
                &d->bus);
        if (r < 0)
                return r;

        join_bus(d);
        textbuf_init(&p, path, sizeof(path));
        if (!bus_path(d->options, &p))
                return 0;
        if (privacy_hides_processes())
                mode = 0600; /* our capabilities must not show what /proc was told to hide */

        textbuf_init(&w, why, sizeof(why));
        r = bus_listen(d->bus, path, mode, &w);
        if (r < 0)
                log_warning("%s: avertctl cannot reach this daemon, everything else goes on",
                        w.len > 0 ? why : strerror(-r));
        return 0;
}

static int serve_others(Daemon *d) {
        char bus[256];
        TextBuf b;

        textbuf_init(&b, bus, sizeof(bus));
        return side_sockets_serve(d, bus_path(d->options, &b) && !b.truncated ? bus : NULL);
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
        const char *root = d->options->root ? d->options->root : "";
        char proc[4096];
        int r = -ENAMETOOLONG;

        if ((size_t) snprintf(proc, sizeof(proc), "%s/proc", root) < sizeof(proc))
                r = slow_reader_new(proc, READER_DEADLINE_USEC, &d->reader);
        if (r < 0)
                log_warning("nobody is shown a command line: %s", strerror(-r));
}

static int set_up(Daemon *d, TextBuf *ret_broken) {
        EngineOptions engine = {
                .root = d->options->root, .dry = d->options->dry, .lock_memory = !d->options->root
        };
        char leases[300];
        TextBuf b;
        int r;

        textbuf_init(&b, leases, sizeof(leases));
        engine.leases = leases_path(d->options, &b) ? leases : NULL;
        engine.sink = choose_sink(d);
        if (notifier_init_from_environment(&d->notifier) < 0)
                log_warning(
                        "$NOTIFY_SOCKET is of no use: the service manager will not hear from us");

        r = load_policy(d, ret_broken);
        if (r < 0)
                return r;
        r = sd_event_new(&d->event);
        if (r < 0)
                return r;
        step_owners_fork(d);
        fork_reader(d);
        r = engine_new(&engine, d->config, &d->engine);
        if (r < 0) {
                log_error("the engine cannot start: %s", strerror(-r));
                return r;
        }
        protect_self(d->options);

        r = loop_watch(d);
        if (r >= 0)
                r = step_owners_watch(d);
        if (r < 0)
                return r;
        r = own_errands(d);
        if (r < 0)
                return r;
        r = serve_bus(d);
        if (r >= 0)
                r = serve_others(d);
        if (r < 0)
                return r;
        announce_policy(d);
        r = engine_start(d->engine);
        if (r >= 0)
                bound_memory(&d->config->limits);
        return r;
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
        d->config = config_unref(d->config);
        d->started_with = config_unref(d->started_with);
        notifier_done(&d->notifier);
        if (d->terminal)
                (void) !write(STDERR_FILENO, "\n", 1); /* below the status line */
}

int daemon_run(const Options *o) {
        Options own = *o;
        Daemon d = { .options = &own, .notifier.fd = FD_NONE, .cgroup = OWN_CGROUP_INIT };
        char broken[512];
        TextBuf b;
        int r;

        own.dry = o->dry || o->root; /* what is read there is not what would be acted on */
        textbuf_init(&b, broken, sizeof(broken));
        block_signals();

        r = set_up(&d, &b);
        if (r >= 0) {
                if (d.on_builtin)
                        announce_broken_policy(&d, broken);
                (void) notifier_ready(&d.notifier,
                        d.on_builtin ? "policy refused, on the built-in default" : "watching");
                loop_refresh(&d);
                r = sd_event_loop(d.event);
        } else
                log_error("cannot start: %s", strerror(-r));

        tear_down(&d);
        return r < 0 ? EXIT_FAILED : EXIT_OK;
}
