/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/incident-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/number.h"
#include "base/text.h"
#include "engine/incident-file.h"

#define SCHEMA_VERSION 1

/* A name begins with the date: so many characters of it tell it from a number. */
#define DATE_LEN 9

static int explain(const Ctl *ctl, const char *path, int error) {
        if (error == -EACCES || error == -EPERM) {
                ctl_error(ctl,
                        "access to %s is denied: run avertctl as root, or as the user that avertd "
                        "runs as",
                        path);
                return CTL_DENIED;
        }
        ctl_error(ctl, "%s: %s", path, strerror(-error));
        return CTL_FAILED;
}

static int by_name(const void *a, const void *b) {
        return strcmp(a, b);
}

/* 0 or negative errno. */
static int list(IncidentFiles *f) {
        size_t room = 0;
        const struct dirent *e;
        DIR *dir;
        int r = fdio_stream(fdio_open_dir_at(f->dir_fd, "."), &dir);

        if (r < 0)
                return r;
        while ((e = readdir(dir))) {
                if (!incident_name_is_file(e->d_name))
                        continue;
                if (f->n == room) {
                        void *more = reallocarray(f->names, room += 256, sizeof(*f->names));

                        if (!more)
                                break;
                        f->names = more;
                }
                (void) text_copy(f->names[f->n++], sizeof(*f->names), e->d_name);
        }
        (void) closedir(dir);
        if (e)
                return -ENOMEM;
        if (f->n > 0)
                qsort(f->names, f->n, sizeof(*f->names), by_name);
        return 0;
}

int incident_files_list(const Ctl *ctl, IncidentFiles *ret) {
        TextBuf b;
        int r;

        *ret = (IncidentFiles){ .dir_fd = FD_NONE };
        textbuf_init(&b, ret->directory, sizeof(ret->directory));
        textbuf_add(&b, ctl->root ? ctl->root : "");
        textbuf_add(&b, INCIDENT_DIRECTORY);
        if (b.truncated)
                return explain(ctl, ret->directory, -ENAMETOOLONG);
        r = fdio_open_dir_at(AT_FDCWD, ret->directory);
        if (r == -ENOENT)
                return CTL_OK;
        if (r < 0)
                return explain(ctl, ret->directory, r);
        ret->dir_fd = r;
        r = list(ret);
        return r < 0 ? explain(ctl, ret->directory, r) : CTL_OK;
}

void incident_files_done(IncidentFiles *f) {
        f->dir_fd = close_fd(f->dir_fd);
        free(f->names);
        f->names = NULL;
        f->n = 0;
}

Json *incident_files_load(const Ctl *ctl, const IncidentFiles *f, const char *name) {
        _cleanup_(json_unrefp) Json *json = NULL;
        _cleanup_free_ char *text = NULL;
        int r = incident_file_read(f->dir_fd, name, &text);

        if (r == -ENOENT)
                return NULL;
        if (r == -EFBIG || r == -ELOOP)
                ctl_error(ctl, "%s/%s is not a file of avertd's: left out", f->directory, name);
        else if (r < 0)
                (void) explain(ctl, name, r);
        else if (json_parse(text, &json) < 0 || json_count(json, "schema_version") == 0)
                ctl_error(ctl, "%s/%s is torn: left out", f->directory, name);
        else if (json_count(json, "schema_version") != SCHEMA_VERSION)
                ctl_error(ctl, "%s/%s was written by another version of avert: left out",
                        f->directory, name);
        else
                return TAKE_PTR(json);
        return NULL;
}

bool incident_files_is_name(const char *word) {
        uint64_t ignored;

        return incident_name_parse(word, &ignored) ||
                (strlen(word) >= DATE_LEN && strspn(word, "0123456789") == DATE_LEN - 1 &&
                        word[DATE_LEN - 1] == 'T');
}

static bool has_number(const char *name, uint64_t number) {
        uint64_t incident;

        return incident_name_parse(name, &incident) && incident == number;
}

/* How many there are of what begins so; the last of them in *ret. */
static size_t count_beginning(const IncidentFiles *f, const char *what, size_t *ret) {
        size_t n = 0;

        for (size_t i = 0; i < f->n; i++)
                if (strncmp(f->names[i], what, strlen(what)) == 0) {
                        *ret = i;
                        n++;
                }
        return n;
}

bool incident_files_find(
        const Ctl *ctl, const IncidentFiles *f, const char *what, size_t *ret_index) {
        uint64_t number = 0;
        size_t n;

        if (strcmp(what, "last") == 0 && f->n > 0) {
                *ret_index = f->n - 1;
                return true;
        }
        if (strlen(what) < DATE_LEN && number_parse_u64(what, &number) == 0 && number > 0)
                for (size_t i = f->n; i-- > 0;)
                        if (has_number(f->names[i], number)) {
                                *ret_index = i;
                                return true;
                        }
        n = number > 0 ? 0 : count_beginning(f, what, ret_index);
        if (n == 1)
                return true;
        for (size_t i = 0; n > 1 && i < f->n; i++) /* what is whole begins no other */
                if (strncmp(f->names[i], what, strlen(what)) == 0 &&
                        strcmp(f->names[i] + strlen(what), INCIDENT_SUFFIX) == 0) {
                        *ret_index = i;
                        return true;
                }
        if (n > 1)
                ctl_error(ctl, "%zu incidents begin with '%s': give more of the name", n, what);
        else
                ctl_error(ctl, "there is no incident '%s' in %s: 'avertctl incidents' lists them",
                        what, f->directory);
        return false;
}
