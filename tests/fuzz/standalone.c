/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A main() for a fuzzer where there is no libFuzzer: every file named, and every file in each
 * directory named, goes through it once, and so does each of its beginnings, which is where parsers
 * break. */

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX (256 * 1024)
#define CUTS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t inputs;

/* Gives the fuzzer a copy of exactly this size, so that a sanitizer sees every read beyond it. */
static void feed(const char *data, size_t size) {
        uint8_t *copy = malloc(size > 0 ? size : 1);

        if (!copy)
                abort();
        memcpy(copy, data, size);
        (void) LLVMFuzzerTestOneInput(copy, size); /* always 0; it fails by crashing */
        free(copy);
        inputs++;
}

static int feed_file(const char *path) {
        char *data;
        size_t size;
        FILE *f;

        f = fopen(path, "re");
        if (!f) {
                perror(path);
                return -1;
        }

        data = malloc(INPUT_MAX);
        if (!data)
                abort();
        size = fread(data, 1, INPUT_MAX, f);
        fclose(f);

        feed(data, size);
        for (size_t i = 0; i < CUTS && size > 0; i++)
                feed(data, size * i / CUTS);
        free(data);
        return 0;
}

static int feed_path(const char *path) {
        struct dirent *entry;
        struct stat st;
        int r = 0;
        DIR *dir;

        if (stat(path, &st) < 0) {
                perror(path);
                return -1;
        }
        if (!S_ISDIR(st.st_mode))
                return feed_file(path);

        dir = opendir(path);
        if (!dir) {
                perror(path);
                return -1;
        }
        while ((entry = readdir(dir))) {
                char name[4096];

                if (entry->d_name[0] == '.')
                        continue;
                snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
                if (feed_path(name) < 0)
                        r = -1;
        }
        closedir(dir);
        return r;
}

int main(int argc, char **argv) {
        int failed = 0;

        for (int i = 1; i < argc; i++)
                if (feed_path(argv[i]) < 0)
                        failed = 1;
        if (inputs == 0) {
                fputs("no input was fed\n", stderr);
                failed = 1;
        }
        printf("%zu inputs\n", inputs);
        return failed;
}
