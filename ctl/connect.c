/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/connect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCHEMA_VERSION 1

const char *connect_path(const Ctl *ctl) {
        const char *path = ctl->bus ? ctl->bus : secure_getenv("AVERT_BUS");

        return path && *path ? path : AVERT_BUS_PATH;
}

int connect_explain_open(const Ctl *ctl, const char *path, int error) {
        switch (-error) {
        case ENOENT:
        case ENOTDIR:
        case ECONNREFUSED:
                ctl_error(ctl,
                        "avertd is not running (nothing listens on %s): start it with 'systemctl "
                        "start avertd', "
                        "or name its socket with --bus",
                        path);
                return CTL_NOT_RUNNING;
        case EACCES:
        case EPERM:
                ctl_error(ctl,
                        "access to %s is denied: run avertctl as root, or as a member of the group "
                        "that the "
                        "socket belongs to",
                        path);
                return CTL_DENIED;
        case ENAMETOOLONG:
                ctl_error(ctl, "%s: a socket's path has 107 characters at most", path);
                return CTL_USAGE;
        case EAGAIN:
        case ETIMEDOUT:
                ctl_error(ctl,
                        "avertd does not answer on %s: look at 'systemctl status avertd', its "
                        "watchdog should "
                        "restart it",
                        path);
                return CTL_FAILED;
        case ECONNRESET:
        case EPIPE:
                ctl_error(ctl,
                        "avertd closed the connection on %s: it is stopping, or has as many peers "
                        "as it takes; "
                        "try again",
                        path);
                return CTL_FAILED;
        default:
                ctl_error(ctl, "cannot connect to avertd on %s: %s", path, strerror(-error));
                return CTL_FAILED;
        }
}

static bool names_socket(const Ctl *ctl) {
        return strcmp(connect_path(ctl), AVERT_BUS_PATH) != 0;
}

/* The socket first: it needs no bus. */
int connect_daemon(const Ctl *ctl, AvertClient **ret) {
        int r;

        r = avert_client_open(ctl->bus, ret);
        if (r >= 0 || (!names_socket(ctl) && avert_client_open_system(ret) >= 0))
                return CTL_OK;
        return connect_explain_open(ctl, connect_path(ctl), r);
}

int connect_for_change(const Ctl *ctl, AvertClient **ret) {
        if (geteuid() != 0 && !names_socket(ctl) && avert_client_open_system(ret) >= 0)
                return CTL_OK;
        return connect_daemon(ctl, ret);
}

int connect_explain(const Ctl *ctl, AvertClient *client, const char *what, int error) {
        const char *said = avert_client_get_error(client);

        switch (-error) {
        case EACCES:
        case EPERM:
                ctl_error(ctl, "cannot %s: access denied%s%s: run avertctl as root", what,
                        *said ? ": " : "", said);
                return CTL_DENIED;
        case ETIMEDOUT:
                ctl_error(ctl,
                        "cannot %s: avertd did not answer in time: try again, or look at "
                        "'systemctl status avertd'",
                        what);
                return CTL_FAILED;
        case ECONNRESET:
        case ENOTCONN:
        case EPIPE:
                ctl_error(ctl, "cannot %s: avertd went away", what);
                return CTL_NOT_RUNNING;
        case EBADR:
                ctl_error(ctl, "cannot %s: this avertd is of another version and does not know how",
                        what);
                return CTL_FAILED;
        default:
                ctl_error(ctl, "cannot %s: %s", what, *said ? said : strerror(-error));
                return CTL_FAILED;
        }
}

int connect_parse(const Ctl *ctl, const char *text, Json **ret) {
        _cleanup_(json_unrefp) Json *json = NULL;
        int64_t version = 0;

        if (json_parse(text, &json) < 0 || !json_number(json, "schema_version", &version)) {
                ctl_error(ctl, "avertd answered with something that is not JSON of its schema");
                return CTL_FAILED;
        }
        if (version != SCHEMA_VERSION) {
                ctl_error(ctl,
                        "avertd speaks schema %" PRId64
                        ", this avertctl %d: update the older of them",
                        version, SCHEMA_VERSION);
                return CTL_FAILED;
        }

        *ret = TAKE_PTR(json);
        return CTL_OK;
}
