/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/steer-target.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/number.h"

static int parse_pid(const char *text, Ward *ret, TextBuf *reterr) {
        uint64_t pid;

        if (number_parse_u64(text, &pid) < 0 || pid == 0 || pid > INT32_MAX) {
                textbuf_add_escaped(reterr, text, strlen(text));
                textbuf_add(reterr, " is no pid");
                return -EINVAL;
        }
        *ret = (Ward){ .kind = WARD_PROCESS, .pid = (int32_t) pid };
        return 0;
}

/* True for what no process has as its path: "/a//b", "/a/../b". */
static bool is_crooked(const char *path) {
        while (*path == '/') {
                size_t len = strcspn(++path, "/");

                if (len == 0 || strncmp(path, ".", len) == 0 || strncmp(path, "..", len) == 0)
                        return true;
                path += len;
        }
        return false;
}

/* "/a/b/" is "/a/b". The root is everybody. */
static int parse_cgroup(const char *text, Ward *ret, TextBuf *reterr) {
        size_t len = strlen(text);

        while (len > 0 && text[len - 1] == '/')
                len--;
        if (len == 0) {
                textbuf_add(reterr, "everybody is in /: avert is paused instead");
                return -EINVAL;
        }
        *ret = (Ward){ .kind = WARD_CGROUP };
        if (len >= sizeof(ret->name)) {
                textbuf_add(reterr, "the path is too long");
                return -EINVAL;
        }
        memcpy(ret->name, text, len);
        if (!is_crooked(ret->name))
                return 0;
        textbuf_add_escaped(reterr, text, strlen(text));
        textbuf_add(reterr, " is no path of a cgroup as /proc/PID/cgroup has them");
        return -EINVAL;
}

static int parse_unit(const char *text, Ward *ret, TextBuf *reterr) {
        TextBuf name;

        *ret = (Ward){ .kind = WARD_UNIT };
        textbuf_init(&name, ret->name, sizeof(ret->name));
        textbuf_add(&name, text);
        if (!strrchr(text, '.'))
                textbuf_add(&name, ".service");
        if (!name.truncated && !strpbrk(text, "/ \t\n*?"))
                return 0;
        textbuf_add_escaped(reterr, text, strlen(text));
        textbuf_add(reterr, " is no name of a unit");
        return -EINVAL;
}

int steer_target_parse(const char *text, Ward *ret, TextBuf *reterr) {
        Ward w;
        int r;

        if (text[0] == '\0') {
                textbuf_add(reterr, "whom? a pid, a unit, or the path of a cgroup");
                return -EINVAL;
        }
        if (text[0] == '/')
                r = parse_cgroup(text, &w, reterr);
        else if (text[strspn(text, "0123456789-")] == '\0')
                r = parse_pid(text, &w, reterr);
        else
                r = parse_unit(text, &w, reterr);
        if (r == 0)
                *ret = w;
        return r;
}
