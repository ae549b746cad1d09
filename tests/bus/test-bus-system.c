/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* On a message bus of the test's own, under the policy file that we install. As root also with the
 * eyes of another user, and with a stand-in for polkit. */

#include "client/avert.h"
#include "tests/bus/bus-bed.h"

#define DENIED "!" SD_BUS_ERROR_ACCESS_DENIED

/* ---- the message bus
 * ----------------------------------------------------------------------------- */

typedef struct MessageBus {
        Fixture f;
        char address[400], config[400];
        pid_t pid;
} MessageBus;

static const char config_text[] =
        "<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth>\n"
        "<policy context=\"default\"><allow user=\"*\"/><deny own=\"*\"/>\n"
        "<deny send_type=\"method_call\"/><allow send_type=\"signal\"/>\n"
        "<allow send_requested_reply=\"true\" send_type=\"method_return\"/>\n"
        "<allow send_requested_reply=\"true\" send_type=\"error\"/>\n"
        "<allow receive_type=\"method_call\"/><allow receive_type=\"method_return\"/>\n"
        "<allow receive_type=\"error\"/><allow receive_type=\"signal\"/>\n"
        "<allow send_destination=\"org.freedesktop.DBus\"/></policy>\n"
        "<policy user=\"%u\"><allow own=\"org.freedesktop.PolicyKit1\"/>\n"
        "<allow send_destination=\"org.freedesktop.PolicyKit1\"/></policy>\n"
        "<include>%s</include></busconfig>\n";

/* There is no bus yet, only the place where it will be. */
static void message_bus_init(MessageBus *m) {
        char text[4096];

        fixture_init(&m->f);
        ck_assert_int_eq(chmod(m->f.path, 0755), 0); /* for nobody */
        snprintf(m->address, sizeof(m->address), "unix:path=%s/socket", m->f.path);
        snprintf(m->config, sizeof(m->config), "%s/bus.conf", m->f.path);
        snprintf(text, sizeof(text), config_text, m->address, (unsigned) geteuid(),
                SOURCE_ROOT "/conf/bus/org.avert1.conf");
        fixture_file(&m->f, "bus.conf", text);
}

static void message_bus_start(MessageBus *m) {
        char option[32], c;
        int ready[2];

        ck_assert_int_eq(pipe(ready), 0);
        m->pid = fork();
        ck_assert_int_ge(m->pid, 0);
        if (m->pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(ready[0]);
                close(STDERR_FILENO); /* our policy names a user that this machine may not have */
                snprintf(option, sizeof(option), "--print-address=%d", ready[1]);
                execlp("dbus-daemon", "dbus-daemon", "--nofork", option, "--config-file", m->config,
                        (char *) NULL);
                _exit(127);
        }
        close(ready[1]);
        ck_assert_int_eq(read(ready[0], &c, 1), 1);
        close(ready[0]);
}

static void message_bus_kill(MessageBus *m) {
        ck_assert_int_eq(kill(m->pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(m->pid, NULL, 0), m->pid);
}

static void message_bus_done(MessageBus *m) {
        message_bus_kill(m);
        fixture_done(&m->f);
}

static sd_bus *join(const MessageBus *m) {
        sd_bus *bus = NULL;

        ck_assert_int_ge(sd_bus_new(&bus), 0);
        ck_assert_int_ge(sd_bus_set_address(bus, m->address), 0);
        ck_assert_int_ge(sd_bus_set_bus_client(bus, 1), 0);
        ck_assert_int_ge(sd_bus_start(bus), 0);
        return bus;
}

/* Until somebody has the name there: it must come. */
static void await_name(sd_bus *bus, const char *name) {
        for (int i = 0; i < 3000; i++) {
                sd_bus_message *reply = NULL;
                int has = 0;

                ck_assert_int_ge(
                        sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                "org.freedesktop.DBus", "NameHasOwner", NULL, &reply, "s", name),
                        0);
                ck_assert_int_ge(sd_bus_message_read(reply, "b", &has), 0);
                sd_bus_message_unref(reply);
                if (has)
                        return;
                (void) sd_bus_wait(bus, 10 * USEC_PER_MSEC);
                while (sd_bus_process(bus, NULL) > 0)
                        ;
        }
        ck_abort_msg("nobody comes as %s", name);
}

typedef struct System {
        MessageBus m;
        Bed bed;
        sd_bus *bus; /* ours */
} System;

static void system_init(System *s) {
        message_bus_init(&s->m);
        message_bus_start(&s->m);
        bed_make(&s->bed);
        bed_serve(&s->bed, 0666, s->m.address);
        s->bus = join(&s->m);
        await_name(s->bus, BUS_NAME);
        /* Who answers has heard before that the name is his, and sends signals. */
        ck_assert_ptr_nonnull(strstr(call(s->bus, "Describe"), "schema_version"));
}

static void system_done(System *s) {
        hang_up(s->bus);
        bed_done(&s->bed);
        message_bus_done(&s->m);
}

/* ---- polkit
 * -------------------------------------------------------------------------------------- */

typedef enum Mood {
        SAYS_YES, /* to a pause, and to nothing else */
        SAYS_NO,
        WANTS_PASSWORD,  /* and has no agent that could ask for it */
        KNOWS_NO_ACTION, /* and so none that its caller owns, as polkit 122 says it */
        SAYS_NOTHING,
} Mood;

static int on_check(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Mood mood = *(const Mood *) userdata;
        const char *kind, *action;

        if (sd_bus_message_enter_container(m, 'r', "sa{sv}") < 0 ||
                sd_bus_message_read(m, "s", &kind) < 0 || sd_bus_message_skip(m, "a{sv}") < 0 ||
                sd_bus_message_exit_container(m) < 0 || sd_bus_message_read(m, "s", &action) < 0 ||
                sd_bus_message_skip(m, "a{ss}us") < 0)
                return -EBADMSG;
        if (mood == SAYS_NOTHING)
                return 1;
        if (mood == KNOWS_NO_ACTION)
                return sd_bus_error_set(reterr, "org.freedesktop.PolicyKit1.Error.NotAuthorized",
                        "Only trusted callers (e.g. uid 0 or an action owner) can use "
                        "CheckAuthorization() for subjects belonging to other identities");
        return sd_bus_reply_method_return(m, "(bba{ss})",
                mood == SAYS_YES && strcmp(kind, "system-bus-name") == 0 &&
                        strcmp(action, "org.avert1.pause") == 0,
                mood == WANTS_PASSWORD, 0);
}

static const sd_bus_vtable polkit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", on_check,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static pid_t polkit_start(System *s, Mood mood) {
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                sd_bus *bus = NULL;

                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                bus = join(&s->m);
                if (sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/PolicyKit1/Authority",
                            "org.freedesktop.PolicyKit1.Authority", polkit_vtable, &mood) < 0 ||
                        sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0) < 0)
                        _exit(1);
                for (int r = 0; r >= 0;) {
                        r = sd_bus_process(bus, NULL);
                        if (r == 0)
                                r = sd_bus_wait(bus, UINT64_MAX);
                }
                _exit(0);
        }
        await_name(s->bus, "org.freedesktop.PolicyKit1");
        return pid;
}

static void polkit_stop(pid_t pid) {
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

typedef struct Denial {
        Mood mood;
        bool may_be_asked; /* for a password */
        const char *error, *words;
} Denial;

/* The bus shows programs of systemd's no text with ACCESS_DENIED: that is for a plain no. */
static const Denial denials[] = {
        { SAYS_NO, false, SD_BUS_ERROR_ACCESS_DENIED,
                "polkit does not let you do this (org.avert1.pause): ask root, who may add a rule, "
                "see polkit(8)" },
        { WANTS_PASSWORD, false, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                "polkit wants a password for org.avert1.pause: let the call allow that it is asked "
                "for, or ask root" },
        { WANTS_PASSWORD, true, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                "polkit wants a password for org.avert1.pause: start an agent that asks for it, as "
                "pkttyagent(1), or ask root" },
        { KNOWS_NO_ACTION, false, SD_BUS_ERROR_AUTH_FAILED,
                "polkit does not know org.avert1.pause, or not as avertd's: ask root, who may look "
                "for org.avert1.policy" },
};
static const Denial no_polkit = { .error = SD_BUS_ERROR_AUTH_FAILED,
        .words = "polkit does not say whether you may do this (org.avert1.pause: The name "
                 "org.freedesktop.PolicyKit1 was not provided by any .service files): try again, "
                 "or ask root" };

static System *system_of_nobody; /* as_nobody() passes a Bed only */
static const Denial *denial_of_nobody;

/* ---- the tests
 * ----------------------------------------------------------------------------------- */

START_TEST(the_name_is_taken_when_the_bus_appears_and_again_after_its_death) {
        MessageBus m;
        sd_bus *bus, *private;
        Bed bed;

        message_bus_init(&m);
        bed_make(&bed);
        bed_serve(&bed, 0666, m.address);
        private = connect_to(&bed); /* without any bus */
        ck_assert_ptr_nonnull(strstr(call(private, "Describe"), "\"schema_version\":1"));

        for (int i = 0; i < 3; i++) {
                message_bus_start(&m);
                bus = join(&m);
                await_name(bus, BUS_NAME);
                ck_assert_ptr_nonnull(strstr(call(bus, "Describe"), "\"schema_version\":1"));
                message_bus_kill(&m);
                ck_assert_ptr_nonnull(strstr(call(private, "Describe"), "\"schema_version\":1"));
                sd_bus_close(bus);
                sd_bus_unref(bus);
        }
        hang_up(private);
        bed_done(&bed);
        fixture_done(&m.f);
}
END_TEST

START_TEST(a_bus_that_stands_still_holds_up_nobody) {
        sd_bus *private;
        System s;

        system_init(&s);
        private = connect_to(&s.bed);
        ck_assert_int_eq(kill(s.m.pid, SIGSTOP), 0);
        for (int i = 0; i < 2000; i++) { /* far more than sockets buffer */
                ck_assert_int_eq(order(&s.bed, 'e'), 'e');
                while (sd_bus_process(private, NULL) > 0)
                        ;
        }
        ck_assert_ptr_nonnull(strstr(call(private, "Describe"), "\"schema_version\":1"));
        ck_assert_int_eq(kill(s.m.pid, SIGCONT), 0);
        ck_assert_ptr_nonnull(strstr(call(s.bus, "Describe"), "\"schema_version\":1"));
        hang_up(private);
        system_done(&s);
}
END_TEST

START_TEST(a_name_that_somebody_else_has_is_done_without) {
        sd_bus *private;
        System s;
        Bed second;

        system_init(&s);
        bed_make(&second);
        bed_serve(&second, 0666, s.m.address);
        private = connect_to(&second);
        ck_assert_ptr_nonnull(strstr(call(private, "Describe"), "\"schema_version\":1"));
        ck_assert_ptr_nonnull(strstr(call(s.bus, "Describe"), "\"schema_version\":1"));
        hang_up(private);
        bed_done(&second);
        system_done(&s);
}
END_TEST

static void nobody_hears_why_he_may_not(sd_bus *bus) {
        sd_bus_error error = SD_BUS_ERROR_NULL;

        ck_assert_int_ge(
                sd_bus_set_allow_interactive_authorization(bus, denial_of_nobody->may_be_asked), 0);
        ck_assert_int_eq(sd_bus_call_method(bus, BUS_NAME, BUS_OBJECT, BUS_INTERFACE, "Pause",
                                 &error, NULL, "tb", UINT64_C(7), 0),
                -EACCES);
        ck_assert_str_eq(error.name, denial_of_nobody->error);
        ck_assert_str_eq(error.message, denial_of_nobody->words);
        sd_bus_error_free(&error);
}

static void nobody_reads_and_steers_not(const Bed *bed) {
        sd_bus *bus = join(&system_of_nobody->m);
        char denied[128];

        (void) bed;
        snprintf(denied, sizeof(denied), "!%s", denial_of_nobody->error);
        ck_assert_ptr_nonnull(strstr(call(bus, "Describe"), "\"schema_version\":1"));
        ck_assert_ptr_nonnull(strstr(call(bus, "ListIncidents"), "\"incidents\":"));
        nobody_hears_why_he_may_not(bus);
        ck_assert_str_eq(change(bus, "Pause", "tb", UINT64_C(7), 0), denied);
        ck_assert_str_eq(change(bus, "Resume", "b", 0), denied);
        ck_assert_str_eq(change(bus, "Protect", "stb", "1", UINT64_C(7), 0), denied);
        ck_assert_str_eq(change(bus, "Unprotect", "sb", "1", 0), denied);
        ck_assert_str_eq(change(bus, "Reload", ""), denied);
        ck_assert_str_eq(change(bus, "CheckReload", ""), denied);
        ck_assert_str_eq(change(bus, "ReleaseLeases", "t", UINT64_C(0)), denied);
        ck_assert_str_eq(change(bus, "SetLogLevel", "s", "debug"), denied);
        ck_assert_str_eq(call_command_line(bus, OF_NOBODY, 77), "vi letter");
        ck_assert_str_eq(call_command_line(bus, OF_ROOT, 77), "!" SD_BUS_ERROR_ACCESS_DENIED);
        ck_assert_str_eq(call_command_line(bus, OF_BOTH, 77), "!" SD_BUS_ERROR_ACCESS_DENIED);
        ck_assert_int_lt(sd_bus_request_name(bus, "org.avert1.fake", 0), 0);
        hang_up(bus);
}

START_TEST(without_polkit_others_than_root_only_read) {
        System s;

        system_init(&s);
        ck_assert_ptr_nonnull(strstr(change(s.bus, "Pause", "tb", UINT64_C(7), 0), "for 7"));
        ck_assert_int_eq(order(&s.bed, 'n'), '1');
        if (geteuid() == 0)
                ck_assert_str_eq(call_command_line(s.bus, OF_ROOT, 77), "rootd --password=secret");
        system_of_nobody = &s;
        denial_of_nobody = &no_polkit;
        if (geteuid() == 0)
                as_nobody(&s.bed, nobody_reads_and_steers_not);
        ck_assert_int_eq(order(&s.bed, 'n'), '1');
        system_done(&s);
}
END_TEST

static void nobody_pauses_and_no_more(const Bed *bed) {
        sd_bus *bus = join(&system_of_nobody->m);

        (void) bed;
        ck_assert_str_eq(change(bus, "Pause", "tb", UINT64_C(7), 0), "1 0 by 65534 for 7: pid 0");
        ck_assert_str_eq(change(bus, "Protect", "stb", "1", UINT64_C(7), 0), DENIED);
        hang_up(bus);
}

/* What another user comes to with a polkit of that mood, and whether judging heard of it. */
static void with_polkit(Mood mood, void (*part)(const Bed *bed), char heard) {
        System s;
        pid_t polkit;

        if (geteuid() != 0)
                return; /* there is nobody else to be */
        system_init(&s);
        system_of_nobody = &s;
        polkit = polkit_start(&s, mood);
        as_nobody(&s.bed, part);
        ck_assert_int_eq(order(&s.bed, 'n'), heard);
        polkit_stop(polkit);
        system_done(&s);
}

START_TEST(polkit_may_allow_an_action_to_others) {
        with_polkit(SAYS_YES, nobody_pauses_and_no_more, '1');
}
END_TEST

START_TEST(whom_polkit_does_not_let_is_told_what_to_do) {
        for (size_t i = 0; i < ELEMENTS(denials); i++) {
                denial_of_nobody = &denials[i];
                with_polkit(denials[i].mood, nobody_reads_and_steers_not, '0');
        }
}
END_TEST

static int count_refused(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        (void) reterr;
        *(int *) userdata += sd_bus_message_is_method_error(m, SD_BUS_ERROR_LIMITS_EXCEEDED) > 0;
        return 0;
}

static void nobody_waits_and_asks_on(const Bed *bed) {
        sd_bus *bus = join(&system_of_nobody->m);
        int refused = 0;

        (void) bed;
        for (int i = 0; i < 5; i++)
                ck_assert_int_ge(
                        sd_bus_call_method_async(bus, NULL, BUS_NAME, BUS_OBJECT, BUS_INTERFACE,
                                "Pause", count_refused, &refused, "tb", UINT64_C(7), 0),
                        0);
        ck_assert_ptr_nonnull(strstr(call(bus, "Describe"), "\"schema_version\":1"));
        while (sd_bus_process(bus, NULL) > 0)
                ;
        ck_assert_int_eq(refused, 3);
        hang_up(bus); /* nobody waits for the answer any more */
}

/* As another peer, each time. */
static void nobody_asks_again(const Bed *bed) {
        sd_bus *bus[2] = { join(&system_of_nobody->m), join(&system_of_nobody->m) };

        nobody_waits_and_asks_on(bed);
        for (int i = 0; i < 2; i++)
                ck_assert_int_ge(sd_bus_call_method_async(bus[0], NULL, BUS_NAME, BUS_OBJECT,
                                         BUS_INTERFACE, "Pause", NULL, NULL, "tb", UINT64_C(7), 0),
                        0);
        ck_assert_ptr_nonnull(strstr(call(bus[0], "Describe"), "\"schema_version\":1"));
        ck_assert_str_eq(
                change(bus[1], "Pause", "tb", UINT64_C(7), 0), "!" SD_BUS_ERROR_LIMITS_EXCEEDED);
        hang_up(bus[0]);
        hang_up(bus[1]);
}

START_TEST(a_polkit_that_does_not_answer_holds_up_nobody) {
        System s;
        pid_t polkit;

        if (geteuid() != 0)
                return;
        system_init(&s);
        system_of_nobody = &s;
        polkit = polkit_start(&s, SAYS_NOTHING);
        as_nobody(&s.bed, nobody_asks_again);
        ck_assert_ptr_nonnull(strstr(change(s.bus, "Pause", "tb", UINT64_C(7), 0), "for 7"));
        ck_assert_int_eq(order(&s.bed, 'n'), '1');
        polkit_stop(polkit); /* which denies what is open */
        ck_assert_int_eq(order(&s.bed, 'n'), '1');
        system_done(&s);
}
END_TEST

static void count_event(void *userdata, const char *json) {
        *(int *) userdata += strstr(json, "\"kind\":\"notify\"") != NULL;
}

static void nobody_uses_the_library(const Bed *bed) {
        AvertClient *client = NULL;
        char *text = NULL;
        bool done = false;
        int events = 0;

        ck_assert_int_eq(setenv("DBUS_SYSTEM_BUS_ADDRESS", system_of_nobody->m.address, 1), 0);
        ck_assert_int_eq(avert_client_open_system(&client), 0);
        ck_assert_int_eq(avert_client_describe(client, &text), 0);
        ck_assert_ptr_nonnull(strstr(text, "\"schema_version\":1"));
        free(text);
        ck_assert_int_eq(avert_client_pause(client, 7, true, &done, &text), 0);
        ck_assert(done);
        ck_assert_str_eq(text, "0 by 65534 for 7, dry: pid 0");
        free(text);
        ck_assert_int_eq(avert_client_protect(client, "ssh", 0, false, &done, NULL), -EACCES);
        ck_assert_str_eq(avert_client_get_error(client),
                "polkit does not let you do this (org.avert1.protect): ask root, who may add a "
                "rule, see polkit(8)");
        ck_assert_int_eq(avert_client_subscribe(client, count_event, &events), 0);
        while (events == 0) {
                order(bed, 'e');
                ck_assert_int_ge(poll(&(struct pollfd){ .fd = avert_client_get_fd(client),
                                              .events = POLLIN },
                                         1, 100),
                        0);
                ck_assert_int_ge(avert_client_process(client), 0);
        }
        avert_client_unref(client);
}

START_TEST(the_library_reaches_the_daemon_there_and_polkit_is_heard) {
        AvertClient *client = NULL;
        System s;
        pid_t polkit;

        if (geteuid() != 0)
                return;
        system_init(&s);
        system_of_nobody = &s;
        polkit = polkit_start(&s, SAYS_YES);
        as_nobody(&s.bed, nobody_uses_the_library);
        polkit_stop(polkit);
        hang_up(s.bus);
        bed_done(&s.bed);

        ck_assert_int_eq(setenv("DBUS_SYSTEM_BUS_ADDRESS", s.m.address, 1), 0);
        ck_assert_int_eq(avert_client_open_system(&client), -ENXIO); /* a bus, and no daemon */
        message_bus_done(&s.m);
        ck_assert_int_lt(avert_client_open_system(&client), 0); /* no bus */
        ck_assert_ptr_null(client);
}
END_TEST

static int note(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        char *seen = userdata;

        (void) reterr;
        strcat(seen, sd_bus_message_get_member(m));
        strcat(seen, "(");
        strcat(seen, sd_bus_message_get_signature(m, 1));
        strcat(seen, ") ");
        return 0;
}

START_TEST(incidents_and_changes_of_level_are_signals) {
        char seen[4096] = "";
        System s;

        system_init(&s);
        ck_assert_int_ge(
                sd_bus_match_signal(s.bus, NULL, BUS_NAME, BUS_OBJECT, NULL, NULL, note, seen), 0);
        order(&s.bed, 'i');
        order(&s.bed, 'l');
        order(&s.bed, 'l'); /* no change, no signal */
        order(&s.bed, 's');
        order(&s.bed, 's');
        ck_assert_ptr_nonnull(strstr(call(s.bus, "Describe"), "schema_version")); /* behind them */
        while (sd_bus_process(s.bus, NULL) > 0)
                ;
        ck_assert_str_eq(seen,
                "Event(s) IncidentOpened(tss) Event(s) IncidentOpened(tss) "
                "Event(s) IncidentClosed(tst) Event(s) Event(s) StepTaken(tsss) "
                "LevelChanged(ss) PropertiesChanged(sa{sv}as) PropertiesChanged(sa{sv}as) ");
        system_done(&s);
}
END_TEST

/* ---- the page
 * ------------------------------------------------------------------------------------ */

/* The next value of an attribute behind *at, into ret; false when there is none before `end`. */
static bool next_attribute(const char **at, const char *end, const char *name, char *ret) {
        char key[32];
        const char *p, *q;

        snprintf(key, sizeof(key), " %s=\"", name);
        p = strstr(*at, key);
        if (!p || p >= end)
                return false;
        p += strlen(key);
        q = strchr(p, '"');
        ck_assert(q && q - p < 64);
        memcpy(ret, p, (size_t) (q - p));
        ret[q - p] = '\0';
        *at = q;
        return true;
}

/* As the page has it: `.It Fn Explain "s policy" "i pid"`, `.It Va Level No (s) *`. */
static void add_line(
        const char *kind, const char *name, const char *at, const char *end, const char *page) {
        char line[512], type[64], arg[64], direction[64];
        size_t n;

        if (strcmp(kind, "property") == 0) {
                const char *told = strstr(at, "EmitsChangedSignal");

                ck_assert(next_attribute(&at, end, "type", type));
                snprintf(line, sizeof(line), "\n.It Va %s No (%s)%s\n", name, type,
                        told && told < end ? "" : " *");
        } else {
                n = (size_t) snprintf(line, sizeof(line), "\n.It Fn %s", name);
                while (next_attribute(&at, end, "type", type) &&
                        next_attribute(&at, end, "name", arg)) {
                        const char *next = at;

                        if (strcmp(kind, "method") == 0 &&
                                next_attribute(&next, end, "direction", direction) &&
                                strcmp(direction, "out") == 0)
                                break;
                        n += (size_t) snprintf(line + n, sizeof(line) - n, " \"%s %s\"", type, arg);
                }
                snprintf(line + n, sizeof(line) - n, "%s",
                        strcmp(kind, "method") == 0 ? " No \\(->" : "\n");
        }
        ck_assert_msg(strstr(page, line) != NULL, "org.avert1(5) lacks%s", line);
}

static size_t check_members(const char *xml, const char *end, const char *page) {
        static const char *const kinds[] = { "method", "property", "signal" };
        size_t count = 0;

        for (size_t k = 0; k < 3; k++) {
                char open[32], close[32], name[64];

                snprintf(open, sizeof(open), "<%s", kinds[k]);
                snprintf(close, sizeof(close), "</%s>", kinds[k]);
                for (const char *at = strstr(xml, open); at && at < end; at = strstr(at, open)) {
                        const char *stop = strstr(at, close);
                        const char *line_end = strchr(at, '\n');

                        if (line_end[-2] == '/') /* <signal .../>: empty */
                                stop = line_end;
                        ck_assert(next_attribute(&at, end, "name", name));
                        add_line(kinds[k], name, at, stop, page);
                        count++;
                }
        }
        return count;
}

/* A file of ours, whole. */
static void read_source(const char *path, char *ret, size_t size) {
        char at[512];
        ssize_t n;
        int fd;

        snprintf(at, sizeof(at), SOURCE_ROOT "/%s", path);
        fd = open(at, O_RDONLY | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        n = read(fd, ret, size - 1);
        ck_assert(n > 0 && (size_t) n < size - 1);
        ret[n] = '\0';
        close(fd);
}

START_TEST(the_page_has_all_members_as_they_are_and_no_other) {
        static char page[64 * 1024];
        sd_bus_message *reply = NULL;
        const char *xml, *begin;
        size_t listed = 0;
        System s;

        read_source("man/org.avert1.5", page, sizeof(page));
        for (const char *at = page; (at = strstr(at, "\n.It ")); at++)
                listed += strncmp(at, "\n.It Fn ", 8) == 0 || strncmp(at, "\n.It Va ", 8) == 0;

        system_init(&s);
        ck_assert_int_ge(
                sd_bus_call_method(s.bus, BUS_NAME, BUS_OBJECT,
                        "org.freedesktop.DBus.Introspectable", "Introspect", NULL, &reply, NULL),
                0);
        ck_assert_int_ge(sd_bus_message_read(reply, "s", &xml), 0);
        begin = strstr(xml, "<interface name=\"" BUS_INTERFACE "\">");
        ck_assert_ptr_nonnull(begin);
        ck_assert_uint_eq(check_members(begin, strstr(begin, "</interface>"), page), listed);
        sd_bus_message_unref(reply);
        system_done(&s);
}
END_TEST

/* polkit tells nobody else about others: all of them would be told that only root may. */
START_TEST(polkit_answers_the_user_that_the_service_runs_as) {
        static const char owner[] =
                "<annotate key=\"org.freedesktop.policykit.owner\">unix-user:avert</annotate>";
        static char actions[16384], service[16384];
        size_t n = 0;

        read_source("conf/bus/org.avert1.policy", actions, sizeof(actions));
        read_source("systemd/acting.conf", service, sizeof(service));
        ck_assert_ptr_nonnull(strstr(service, "\nUser=avert\n"));
        for (char *at = actions; (at = strstr(at, "<action id=")); n++) {
                char *end = strstr(at, "</action>");

                ck_assert_ptr_nonnull(end);
                *end = '\0';
                ck_assert_msg(strstr(at, owner), "it may not ask: %.60s", at);
                at = end + 1;
        }
        ck_assert_uint_eq(n, 5);
}
END_TEST

HARNESS_MAIN("bus-system", the_name_is_taken_when_the_bus_appears_and_again_after_its_death,
        a_bus_that_stands_still_holds_up_nobody, a_name_that_somebody_else_has_is_done_without,
        without_polkit_others_than_root_only_read, polkit_may_allow_an_action_to_others,
        whom_polkit_does_not_let_is_told_what_to_do, a_polkit_that_does_not_answer_holds_up_nobody,
        incidents_and_changes_of_level_are_signals,
        the_library_reaches_the_daemon_there_and_polkit_is_heard,
        the_page_has_all_members_as_they_are_and_no_other,
        polkit_answers_the_user_that_the_service_runs_as)
