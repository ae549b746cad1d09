/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-path.h"

#include <string.h>

#include "base/number.h"

enum { CONTAINER_ID_LEN = 64 };

static bool ends_with(Slice s, Slice suffix) {
        return s.len > suffix.len && memcmp(s.at + s.len - suffix.len, suffix.at, suffix.len) == 0;
}

static Slice from(Slice s, size_t n) {
        return (Slice){ s.at + n, s.len - n };
}

static Slice without_end(Slice s, size_t n) {
        return (Slice){ s.at, s.len - n };
}

static bool next_component(Slice *rest, Slice *ret) {
        const char *end;
        size_t len;

        while (rest->len > 0 && *rest->at == '/')
                *rest = from(*rest, 1);
        if (rest->len == 0)
                return false;

        end = memchr(rest->at, '/', rest->len);
        len = end ? (size_t) (end - rest->at) : rest->len;
        *ret = (Slice){ rest->at, len };
        *rest = from(*rest, len);
        return true;
}

/* systemd puts a '_' before names that would clash with the kernel's own files. */
static Slice unescape(Slice component) {
        return component.len > 1 && *component.at == '_' ? from(component, 1) : component;
}

static bool is_slice(Slice s) {
        return ends_with(s, SLICE(".slice"));
}

static bool is_unit(Slice s) {
        static const Slice suffixes[] = {
                { ".service", 8 },
                { ".scope", 6 },
                { ".socket", 7 },
                { ".mount", 6 },
                { ".swap", 5 },
        };

        for (size_t i = 0; i < ELEMENTS(suffixes); i++)
                if (ends_with(s, suffixes[i]))
                        return true;
        return false;
}

/* "user@1000.service" between its prefix and suffix. */
static bool parse_uid(Slice s, Slice prefix, Slice suffix, uid_t *ret) {
        uint64_t uid;
        Slice digits;

        if (!slice_starts_with(s, prefix) || !ends_with(s, suffix) ||
                s.len <= prefix.len + suffix.len)
                return false;
        digits = without_end(from(s, prefix.len), suffix.len);
        if (number_scan_u64(digits.at, digits.len, &uid) != (int) digits.len || uid >= UINT32_MAX)
                return false;
        *ret = (uid_t) uid;
        return true;
}

static bool is_user_manager(Slice unit, uid_t *ret_uid) {
        return parse_uid(unit, SLICE("user@"), SLICE(".service"), ret_uid);
}

static bool is_hex(Slice s) {
        for (size_t i = 0; i < s.len; i++)
                if (!((s.at[i] >= '0' && s.at[i] <= '9') || (s.at[i] >= 'a' && s.at[i] <= 'f')))
                        return false;
        return s.len > 0;
}

/* The id in "ENGINE-ID.scope", "SLICE:ENGINE:ID" or a bare ID. What watches a container
 * (libpod-conmon-ID) is not the container. */
static bool parse_id(Slice s, Slice *ret) {
        Slice id, engine;

        if (s.len < CONTAINER_ID_LEN)
                return false;
        id = from(s, s.len - CONTAINER_ID_LEN);
        engine = without_end(s, CONTAINER_ID_LEN);
        if (!is_hex(id))
                return false;

        if (engine.len > 0) {
                char separator = engine.at[engine.len - 1];

                engine = without_end(engine, 1);
                if ((separator != '-' && separator != ':') || ends_with(engine, SLICE("conmon")))
                        return false;
        }
        *ret = id;
        return true;
}

/* What lies between a prefix and a suffix that a manager of whole machines writes. */
static bool parse_name(Slice s, Slice prefix, Slice suffix, Slice *ret) {
        if (!slice_starts_with(s, prefix) || s.len <= prefix.len + suffix.len)
                return false;
        if (suffix.len > 0 && !ends_with(s, suffix))
                return false;
        *ret = without_end(from(s, prefix.len), suffix.len);
        return true;
}

static bool parse_container(Slice component, Slice *ret) {
        Slice bare = ends_with(component, SLICE(".scope")) ? without_end(component, 6) : component;

        return parse_id(bare, ret) ||
                parse_name(component, SLICE("lxc.payload."), SLICE(""), ret) ||
                parse_name(component, SLICE("machine-"), SLICE(".scope"), ret) ||
                parse_name(component, SLICE("systemd-nspawn@"), SLICE(".service"), ret);
}

/* "kubepods-burstable-podUID.slice", also with ":ENGINE:ID" behind it, or "podUID" below kubepods.
 */
static bool parse_pod(Slice component, Slice *ret) {
        const char *colon = memchr(component.at, ':', component.len);
        Slice s = colon ? (Slice){ component.at, (size_t) (colon - component.at) } : component;

        if (is_slice(s))
                s = without_end(s, 6);
        if (slice_starts_with(s, SLICE("kubepods")))
                for (size_t i = s.len; i >= 5; i--)
                        if (memcmp(s.at + i - 5, "-pod", 4) == 0) {
                                *ret = from(s, i - 1);
                                return true;
                        }
        if (slice_starts_with(s, SLICE("pod")) && s.len > 3) {
                *ret = from(s, 3);
                return true;
        }
        return false;
}

typedef enum Manager {
        MANAGER_SYSTEM, /* still among its slices */
        MANAGER_USER,   /* among the slices of a user's */
        MANAGER_NONE,   /* below a unit, or in what no manager made */
} Manager;

static Manager take_component(Manager manager, Slice component, CgroupOwner *o) {
        Slice name = unescape(component);

        if (is_slice(name)) {
                if (manager == MANAGER_SYSTEM) {
                        o->slice = name;
                        (void) parse_uid(name, SLICE("user-"), SLICE(".slice"), &o->uid);
                }
                return manager;
        }
        if (!is_unit(name))
                return MANAGER_NONE;

        if (manager == MANAGER_USER) {
                o->user_unit = name;
                return MANAGER_NONE;
        }
        o->unit = name;
        return is_user_manager(name, &o->uid) ? MANAGER_USER : MANAGER_NONE;
}

void cgroup_path_parse(const char *path, CgroupOwner *ret) {
        CgroupOwner o = { .uid = CGROUP_NO_UID };
        Manager manager = MANAGER_SYSTEM;
        bool below_kubepods = false, below_user = false;
        Slice rest = slice_of(path), component;

        while (next_component(&rest, &component)) {
                if (manager != MANAGER_NONE)
                        manager = take_component(manager, component, &o);
                below_user = below_user || manager == MANAGER_USER;

                below_kubepods = below_kubepods || slice_starts_with(component, SLICE("kubepods"));
                if (below_kubepods && o.pod.len == 0 && o.container.len == 0)
                        (void) parse_pod(component, &o.pod);
                /* The outermost one: whoever is inside cannot choose its name. */
                if (o.container.len == 0 && parse_container(component, &o.container))
                        o.container_of_user = below_user;
        }
        *ret = o;
}

bool cgroup_path_is_below(const char *path, const char *ancestor) {
        size_t len = strlen(ancestor);

        while (len > 0 && ancestor[len - 1] == '/')
                len--;
        return strncmp(path, ancestor, len) == 0 &&
                (path[len] == '\0' || path[len] == '/' || len == 0);
}
