/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/pattern-check.h"

#include <string.h>

#include "base/glob.h"

/* TASK_COMM_LEN less the NUL. */
#define COMM_LEN 15

static bool has_wildcard(const char *text) {
        return text[strcspn(text, "*?[\\")] != '\0';
}

static bool ends_with(const char *text, const char *suffix) {
        size_t len = strlen(text), n = strlen(suffix);

        return len >= n && strcmp(text + len - n, suffix) == 0;
}

/* Whether what follows the last dot is literal, so that the suffix is known. */
static bool suffix_is_literal(const char *text) {
        const char *dot = strrchr(text, '.');

        return dot ? !has_wildcard(dot) : !has_wildcard(text);
}

static bool check_path(Loader *l, const YamlNode *value, const char *what, const char *example) {
        if (*value->text == '/' || *value->text == '*' || *value->text == '[' ||
                *value->text == '?')
                return true;
        loader_error(l, value, "%s is a path and begins with / (did you mean %s%s?)", what, example,
                value->text);
        return false;
}

/* Only these units have processes. */
static bool check_unit(Loader *l, const YamlNode *value, MatchKey key) {
        static const char *const suffixes[] = { ".service", ".scope", ".socket", ".mount",
                ".swap" };
        const char *what = key == MATCH_UNIT ? "unit" : "user_unit";

        if (!suffix_is_literal(value->text))
                return true;
        for (size_t i = 0; i < ELEMENTS(suffixes); i++)
                if (ends_with(value->text, suffixes[i]))
                        return true;

        if (ends_with(value->text, ".slice"))
                loader_error(l, value,
                        "a slice is matched by the key slice, or by its path in cgroup, not by %s",
                        what);
        else
                loader_error(l, value, "%s \"%s\" has no suffix (did you mean %s.service?)", what,
                        value->text, value->text);
        return false;
}

static bool check_slice(Loader *l, const YamlNode *value) {
        if (!suffix_is_literal(value->text) || ends_with(value->text, ".slice"))
                return true;
        loader_error(l, value, "slice \"%s\" has no suffix (did you mean %s.slice?)", value->text,
                value->text);
        return false;
}

static bool check_comm(Loader *l, const YamlNode *value) {
        if (has_wildcard(value->text) || value->len <= COMM_LEN)
                return true;
        loader_error(l, value,
                "comm ends after %d characters, so this never matches (did you mean %.*s?)",
                COMM_LEN, COMM_LEN, value->text);
        return false;
}

static bool check_tty(Loader *l, const YamlNode *value) {
        const char *dev = "/dev/";

        if (strncmp(value->text, dev, strlen(dev)) != 0)
                return true;
        loader_error(l, value, "tty is written without /dev/ (did you mean %s?)",
                value->text + strlen(dev));
        return false;
}

bool pattern_check(Loader *l, const YamlNode *value, MatchKey key) {
        if (!glob_is_valid(value->text)) {
                loader_error(l, value,
                        "\"%s\" is not a pattern: a bracket is open, or a \\ ends it", value->text);
                return false;
        }
        switch (key) {
        case MATCH_COMM:
                return check_comm(l, value);
        case MATCH_EXE:
                return check_path(l, value, "exe", "**/");
        case MATCH_CGROUP:
                return check_path(l, value, "cgroup", "/");
        case MATCH_UNIT:
        case MATCH_USER_UNIT:
                return check_unit(l, value, key);
        case MATCH_SLICE:
                return check_slice(l, value);
        case MATCH_TTY:
                return check_tty(l, value);
        case MATCH_CMDLINE:
        case MATCH_CONTAINER:
        case _MATCH_PATTERN_MAX:
        case MATCH_GID:
        case MATCH_AGE:
        case MATCH_SIZE:
        case MATCH_OOM_SCORE_ADJ:
        case _MATCH_KEY_MAX:
        default:
                return true;
        }
}

/* systemd puts the slices of users there and nothing else (systemd.special(7)): their sessions and
 * managers are one level further down. */
static bool means_only_slices(const char *glob) {
        const char *dir = "/user.slice/", *last;

        if (strncmp(glob, dir, strlen(dir)) != 0)
                return false;
        last = glob + strlen(dir);
        return !strchr(last, '/') && !strstr(last, "**") && !ends_with(last, ".slice") &&
                !ends_with(last, ".scope") && !ends_with(last, ".service");
}

/* The name of the one unit that the glob ends in, if it takes that of the system and that of a user
 * alike; else NULL. */
static const char *find_anybodys_unit(const char *glob) {
        static const char *const places[] = { "/system.slice/",
                "/user.slice/user-1000.slice/user@1000.service/app.slice/" };
        const char *slash = strrchr(glob, '/'), *name = slash ? slash + 1 : glob;
        char path[512];

        if (has_wildcard(name) || !(ends_with(name, ".service") || ends_with(name, ".scope")))
                return NULL;
        for (size_t i = 0; i < ELEMENTS(places); i++) {
                TextBuf b;

                textbuf_init(&b, path, sizeof(path));
                textbuf_addf(&b, "%s%s", places[i], name);
                if (!glob_match(glob, path, GLOB_PATH))
                        return NULL;
        }
        return name;
}

int pattern_check_watch(Loader *l, const YamlNode *glob) {
        const char *unit = find_anybodys_unit(glob->text);

        if (strcmp(glob->text, "/") == 0)
                loader_error(l, glob,
                        "the root is the machine as a whole, which is watch: system (every cgroup "
                        "is \"/**\")");
        else if (ends_with(glob->text, "/"))
                loader_error(l, glob,
                        "the path of a cgroup has no / at its end (did you mean %.*s?)",
                        (int) glob->len - 1, glob->text);
        else if (means_only_slices(glob->text))
                return loader_warn(l, glob,
                        "in /user.slice lie the slices of users, and a slice is watched only where "
                        "a pattern names it (as in /user.slice/user-*.slice)");
        else if (unit)
                return loader_warn(l, glob,
                        "any user can start a %s of his own, which this means too (did you mean "
                        "watch: { unit: %s }, which is that of the system?)",
                        unit, unit);
        return 0;
}
