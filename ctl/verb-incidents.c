/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/text.h"
#include "ctl/incident-text.h"
#include "ctl/incidents.h"

/* ---- follow
 * -------------------------------------------------------------------------------------- */

/* Up to where the events of a file are known. */
typedef struct Known {
        char name[INCIDENT_NAME_MAX];
        uint64_t serial;
} Known;

typedef struct Follow {
        const Ctl *ctl;
        const IncidentFiles *files;
        int fd;
        Known *known;
        size_t n_known;
        uint64_t n_told;
} Follow;

static Known *find_known(Follow *f, const char *name) {
        Known *more;

        for (size_t i = 0; i < f->n_known; i++)
                if (strcmp(f->known[i].name, name) == 0)
                        return &f->known[i];
        more = reallocarray(f->known, f->n_known + 1, sizeof(*f->known));
        if (!more)
                return NULL;
        f->known = more;
        more += f->n_known++;
        *more = (Known){ .serial = 0 };
        (void) text_copy(more->name, sizeof(more->name), name);
        return more;
}

static bool is_over(const Follow *f) {
        return f->ctl->count > 0 && f->n_told >= f->ctl->count;
}

/* tell: else it is only known from now on. */
static void take_file(Follow *f, const char *name, bool tell) {
        _cleanup_(json_unrefp) Json *d = incident_files_load(f->ctl, f->files, name);
        const Json *events = json_get(d, "events");
        Known *known = d ? find_known(f, name) : NULL;
        uint64_t last = known ? known->serial : 0;

        for (size_t i = 0; known && i < json_length(events) && !is_over(f); i++) {
                const Json *event = json_at(events, i);

                if (json_count(event, "serial") <= last)
                        continue;
                known->serial = json_count(event, "serial");
                if (!tell)
                        continue;
                f->n_told++;
                if (f->ctl->json != JSON_OFF)
                        json_write(event, f->ctl->json, f->ctl->out);
                else
                        incident_text_event(f->ctl, json_text(d, "id"), event);
                (void) fflush(f->ctl->out); /* whoever reads a pipe wants it now */
        }
}

/* 0; -EPIPE when nobody reads us any more; another negative errno. */
static int wait_for_more(const Follow *f) {
        struct pollfd fds[2] = { { .fd = f->fd, .events = POLLIN },
                { .fd = fileno(f->ctl->out) /* POLLERR: the reader of our pipe has left */ } };

        if (poll(fds, ELEMENTS(fds), -1) < 0 && errno != EINTR)
                return -errno;
        return fds[1].revents & (POLLERR | POLLHUP) ? -EPIPE : 0;
}

static int take_changes(Follow *f) {
        _Alignas(struct inotify_event) char room[4096];
        ssize_t n = read(f->fd, room, sizeof(room));

        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        for (const char *at = room; at < room + n;) {
                const struct inotify_event *e = (const void *) at;

                if (e->mask & (IN_IGNORED | IN_DELETE_SELF))
                        return -ENOENT;
                if (e->len > 0 && incident_name_is_file(e->name))
                        take_file(f, e->name, true);
                at += sizeof(*e) + e->len;
        }
        return 0;
}

static int follow_on(Follow *f) {
        int r = 0;

        while (r == 0 && !is_over(f)) {
                r = wait_for_more(f);
                if (r == 0)
                        r = take_changes(f);
        }
        if (r == 0 || r == -EPIPE)
                return CTL_OK;
        ctl_error(f->ctl, "cannot follow %s any more: %s", f->files->directory, strerror(-r));
        return CTL_FAILED;
}

static int follow(const Ctl *ctl, const IncidentFiles *files) {
        Follow f = { .ctl = ctl, .files = files };
        int r;

        if (files->dir_fd < 0) {
                ctl_error(ctl, "%s is not there yet: avertd makes it when it starts",
                        files->directory);
                return CTL_FAILED;
        }
        f.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (f.fd < 0 ||
                inotify_add_watch(
                        f.fd, files->directory, IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR) < 0) {
                ctl_error(ctl, "cannot watch %s: %s", files->directory, strerror(errno));
                close_fd(f.fd);
                return CTL_FAILED;
        }
        for (size_t i = 0; i < files->n; i++)
                take_file(&f, files->names[i], false);
        r = follow_on(&f);
        close_fd(f.fd);
        free(f.known);
        return r;
}

/* ---- the verb
 * ------------------------------------------------------------------------------------ */

static int run(const Ctl *ctl, const IncidentFiles *f, int argc, char *const *argv) {
        const char *what = argc > 0 ? argv[0] : "list";

        if (strcmp(what, "show") == 0 && argc == 2)
                return incidents_print(ctl, f, argv[1], incident_text_show);
        if (argc <= 1 && strcmp(what, "list") == 0)
                return incidents_list(ctl, f, NULL, NULL);
        if (argc == 1 && strcmp(what, "follow") == 0)
                return follow(ctl, f);
        ctl_error(ctl, "usage: avertctl incidents [list | show ID | follow]");
        return CTL_USAGE;
}

int verb_incidents(Ctl *ctl, int argc, char *const *argv) {
        _cleanup_(incident_files_done) IncidentFiles files;
        int r = incident_files_list(ctl, &files);

        return r == CTL_OK ? run(ctl, &files, argc, argv) : r;
}
