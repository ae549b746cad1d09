/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/incident-writer.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "daemon/file-store.h"
#include "daemon/incident-document.h"
#include "daemon/json-read.h"
#include "engine/incident-file.h"
#include "kernel/child-process.h"

/* More than are ever kept. */
#define LEFT_OVER_MAX 4096

typedef struct Writer {
        int dir_fd;
        FileStoreRule rule;
        const char *load;
        size_t len;
} Writer;

static int write_document(const Writer *w, const char *file, Json *document) {
        _cleanup_free_ char *text = json_print(document);
        int fd = FD_NONE, r;

        if (!text)
                return -ENOMEM;
        r = file_store_write(w->dir_fd, file, text, strlen(text), &w->rule, &fd);
        return r < 0 ? r : file_store_settle(w->dir_fd, file, fd);
}

/* All parts from `first` on that have its name. */
static int write_named(const Writer *w, const IncidentPart *first) {
        size_t offset = (size_t) ((const char *) first - w->load);
        _cleanup_(json_freep) Json *document = NULL;
        char file[INCIDENT_NAME_MAX];
        const IncidentPart *part;
        int r;

        r = incident_document_load(w->dir_fd, first, &document);
        if (r < 0)
                return r;
        while ((part = incident_part_next(w->load, w->len, &offset)))
                if (strcmp(part->name, first->name) == 0)
                        incident_document_add(document, part);
        incident_document_name(first, file);
        return write_document(w, file, document);
}

static bool was_before(const Writer *w, const IncidentPart *part) {
        const IncidentPart *other;
        size_t offset = 0;

        while ((other = incident_part_next(w->load, w->len, &offset)) && other != part)
                if (strcmp(other->name, part->name) == 0)
                        return true;
        return false;
}

/* One that was open when an earlier daemon ended. */
static int close_left_over(const Writer *w, const char *file, usec_t started_usec) {
        _cleanup_(json_freep) Json *document = NULL;
        _cleanup_free_ char *text = NULL;

        if (!incident_name_is_file(file) || incident_file_read(w->dir_fd, file, &text) < 0 ||
                !incident_document_is_open(text))
                return 0;
        document = json_read(text);
        if (!document || json_get_number(document, "avertd_started_usec") == started_usec ||
                !incident_document_cut_off(document))
                return 0;
        return write_document(w, file, document);
}

static int close_left_overs(const Writer *w, usec_t started_usec) {
        const struct dirent *e;
        DIR *dir;
        int r = fdio_stream(fdio_open_dir_at(w->dir_fd, "."), &dir);

        if (r < 0)
                return r;
        for (size_t n = 0; r == 0 && n < LEFT_OVER_MAX && (e = readdir(dir)); n++)
                r = close_left_over(w, e->d_name, started_usec);
        (void) closedir(dir);
        return r;
}

/* The first error; what can be written is. */
static int write_all(const Writer *w) {
        const IncidentPart *part;
        size_t offset = 0;
        int result = 0, r;

        while ((part = incident_part_next(w->load, w->len, &offset))) {
                if (part->kind == INCIDENT_PART_BEGIN)
                        r = close_left_overs(w, part->started_usec);
                else if (!was_before(w, part))
                        r = write_named(w, part);
                else
                        r = 0;
                if (r < 0 && result == 0)
                        result = r;
        }
        return offset == w->len ? result : -EINVAL;
}

/* The lock goes with the descriptor: before the answer, since the next order may come before we are
 * gone. */
static int open_alone(const char *directory, int *ret_fd) {
        int fd = file_store_open(directory);

        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                close_fd(fd);
                return -EBUSY;
        }
        *ret_fd = fd;
        return 0;
}

_Noreturn void incident_writer_attend(int fd, const StarterOrder *o, const char *load) {
        static StarterAnswer a;
        usec_t begun = clock_monotonic_usec();
        Writer w = { .dir_fd = FD_NONE,
                .rule = { .files_max = o->incident.files_max,
                        .bytes_max = o->incident.bytes_max,
                        .is_ours = incident_name_is_file },
                .load = load,
                .len = o->load_len };
        int r;

        (void) prctl(PR_SET_NAME, "avertd-incident", 0, 0, 0);
        (void) child_limit_capabilities(0);
        (void) alarm(INCIDENT_WRITER_SECONDS);
        a = (StarterAnswer){ .job = JOB_INCIDENT, .id = o->id, .clean = true };
        r = open_alone(o->incident.directory, &w.dir_fd);
        if (r == 0)
                r = write_all(&w);
        close_fd(w.dir_fd);

        a.result = r < 0 ? STARTER_FAILED : STARTER_OVER;
        a.error = r < 0 ? -r : 0;
        a.took_usec = usec_since(clock_monotonic_usec(), begun);
        (void) send(fd, &a, starter_answer_size(&a), MSG_NOSIGNAL);
        _exit(EXIT_SUCCESS);
}
