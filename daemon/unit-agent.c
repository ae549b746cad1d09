/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* avert-units: what avertd asks to have a unit stopped or restarted, because it has no right to do
 * so itself. Started with avertd and there from then on, because to start a process is what a
 * machine without memory is worst at. It does nothing that is not in unit-request.h. */

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "daemon/log.h"
#include "daemon/unit-server.h"

#define MANAGER_ADDRESS "unix:path=/run/systemd/private" /* root's alone; there without a bus */
#define CLIENT_USER "avert"                              /* as in avertd.service */
#define PATIENCE_USEC (5 * USEC_PER_SEC)                 /* for the request */

static const char *describe(int answer) {
        if (answer == UNIT_DONE)
                return "done";
        if (answer == -EPIPE)
                return "goes on, who asked hung up";
        return answer > 0 ? "not over in time" : strerror(-answer);
}

static void on_report(
        void *ctx _unused_, const UnitRequest *request, int answer, const char *words) {
        const char *colon = *words ? ": " : "";

        if (request)
                log_info("%s %s: %s%s%s", unit_verb_name(request->verb), request->unit,
                        describe(answer), colon, words);
        else
                log_warning("request refused: %s%s%s", describe(answer), colon, words);
}

static int serve(int fd, uid_t peer) {
        UnitServerSettings settings = {
                .peer = peer,
                .patience_usec = PATIENCE_USEC,
                .manager = MANAGER_ADDRESS,
                .report = on_report,
        };
        UnitServer *server = NULL;
        sd_event *event = NULL;
        int r;

        r = sd_event_new(&event);
        if (r >= 0)
                r = unit_server_new(event, fd, &settings, &server);
        if (r >= 0) {
                (void) sd_notify(false, "READY=1"); /* outside a service there is nobody to tell */
                r = sd_event_loop(event);
        }
        (void) unit_server_free(server);
        sd_event_unref(event);
        return r;
}

int main(void) {
        const struct passwd *client;
        int r;

        log_set(LOG_LEVEL_INFO, LOG_FORM_PREFIX);
        if (sd_listen_fds(true) != 1 ||
                sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_STREAM, 1) <= 0) {
                log_error("avert-units.socket starts this, with the socket that it listens at");
                return EXIT_FAILURE;
        }
        errno = 0; /* that nobody has the name is no error of getpwnam() */
        client = getpwnam(CLIENT_USER);
        if (!client) {
                log_error("user %s: %s", CLIENT_USER, errno ? strerror(errno) : "there is none");
                return EXIT_FAILURE;
        }

        r = serve(SD_LISTEN_FDS_START, client->pw_uid);
        if (r < 0)
                log_error("%s", strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
