/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/judge.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#define ROOT "/sys/fs/cgroup"
#define DEPTH_DESCRIPTORS 16

static const char *const files[] = { "memory.high", "memory.max", "memory.swap.max",
        "cgroup.freeze" };

static char *before;
static FILE *out; /* where the walk writes: nftw hands nothing on */

static void write_text(const char *text) {
        fputc('"', out);
        for (; *text != '\0'; text++) {
                if (*text == '"' || *text == '\\')
                        fputc('\\', out);
                fputc(*text, out);
        }
        fputc('"', out);
}

static bool read_file(const char *directory, const char *name, char *ret, int size) {
        char path[600];
        FILE *f;
        bool found;

        snprintf(path, sizeof(path), "%s/%s", directory, name);
        f = fopen(path, "re");
        if (!f)
                return false;
        found = fgets(ret, size, f) != NULL;
        fclose(f);
        ret[found ? strcspn(ret, "\n") : 0] = '\0';
        return found;
}

/* The root has none of them, and neither has a cgroup that goes while it is read. */
static int write_cgroup(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        const char *separator = "";
        char value[64];

        (void) st;
        if (type != FTW_D || ftw->level == 0)
                return 0;
        fputs(ftell(out) > 1 ? ", " : "", out);
        write_text(path + strlen(ROOT));
        fputs(": {", out);
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                if (!read_file(path, files[i], value, sizeof(value)))
                        continue;
                fprintf(out, "%s\"%s\": \"%s\"", separator, files[i], value);
                separator = ", ";
        }
        fputs("}", out);
        return 0;
}

/* The object of all cgroups, to be freed; NULL when there is no memory for it. */
static char *note(void) {
        char *text = NULL;
        size_t size;

        out = open_memstream(&text, &size);
        if (!out)
                return NULL;
        fputs("{", out);
        if (nftw(ROOT, write_cgroup, DEPTH_DESCRIPTORS, FTW_PHYS) < 0)
                fputs("judge: cannot walk the cgroups\n", stderr);
        fputs("}", out);
        fclose(out);
        return text;
}

void cgroups_note_before(void) {
        before = note();
}

void cgroups_write(FILE *f) {
        char *after = note();

        fprintf(f, "\"cgroups\": {\"before\": %s, \"after\": %s}", before ? before : "{}",
                after ? after : "{}");
        free(after);
}
