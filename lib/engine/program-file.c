/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/program-file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* In a directory with the sticky bit others may add files, and not touch those that are there. */
static bool is_safe_from_others(const struct stat *st, uint32_t uid) {
        if (st->st_uid != 0 && st->st_uid != uid)
                return false;
        if (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX))
                return true;
        return !(st->st_mode & S_IWOTH) && (!(st->st_mode & S_IWGRP) || st->st_gid == 0);
}

/* Other groups of the user are not asked for: a command has none. */
static bool may_run(const struct stat *st, uint32_t uid, uint32_t gid) {
        if (uid == 0)
                return st->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH);
        if (st->st_uid == uid)
                return st->st_mode & S_IXUSR;
        return st->st_mode & (st->st_gid == gid ? S_IXGRP : S_IXOTH);
}

static bool cannot_look(const char *path, int error, TextBuf *why) {
        textbuf_add(why, error == ENOENT || error == ENOTDIR ? "there is no " : "cannot look at ");
        textbuf_add_escaped(why, path, strlen(path));
        if (error != ENOENT && error != ENOTDIR)
                textbuf_addf(why, ": %s", strerror(error));
        return false;
}

static bool tell(const char *path, const char *what, TextBuf *why) {
        textbuf_add_escaped(why, path, strlen(path));
        textbuf_add(why, what);
        return false;
}

/* A resolved path, which is cut on the way. */
static bool is_safe_upward(char *path, uint32_t uid, TextBuf *why) {
        struct stat st;
        char *slash;

        for (;;) {
                if (stat(*path ? path : "/", &st) < 0)
                        return cannot_look(path, errno, why);
                if (!is_safe_from_others(&st, uid))
                        return tell(*path ? path : "/",
                                " can be changed by others than root and who runs it", why);
                slash = strrchr(path, '/');
                if (!slash)
                        return true;
                *slash = '\0';
        }
}

bool program_file_is_sound(const char *path, uint32_t uid, uint32_t gid, TextBuf *why) {
        _cleanup_free_ char *resolved = realpath(path, NULL);
        struct stat st;

        if (!resolved || stat(resolved, &st) < 0)
                return cannot_look(path, errno, why);
        if (!S_ISREG(st.st_mode))
                return tell(path, " is no program", why);
        if (!may_run(&st, uid, gid)) {
                textbuf_add_escaped(why, path, strlen(path));
                textbuf_addf(why, " cannot be run by user %u", uid);
                return false;
        }
        return is_safe_upward(resolved, uid, why);
}

size_t program_files_check(const Config *config, OnProgramFinding on_finding, void *userdata) {
        size_t n = 0;

        for (size_t i = 0; i < config->n_policies; i++)
                for (size_t k = 0; k < config->policies[i].n_steps; k++) {
                        const Policy *policy = &config->policies[i];
                        const Step *step = &policy->steps[k];
                        char text[512];
                        TextBuf why;

                        textbuf_init(&why, text, sizeof(text));
                        if (step->kind != STEP_RUN ||
                                program_file_is_sound(step->args[0], step->uid, step->gid, &why))
                                continue;
                        n++;
                        textbuf_addf(&why, " (a command of policy %s)", policy->name);
                        on_finding(
                                &(ConfigWarning){ policy->file, policy->line, 1, text }, userdata);
                }
        return n;
}
