/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-path.h"

#include "tests/harness.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define REST "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define NOBODY CGROUP_NO_UID

static const struct {
        const char *path, *unit, *slice, *user_unit;
        uid_t uid;
        const char *container;
        bool of_user;
        const char *pod;
} cases[] = {
        /* the system manager */
        { "", "", "", "", NOBODY, "", false, "" },
        { "/", "", "", "", NOBODY, "", false, "" },
        { "/init.scope", "init.scope", "", "", NOBODY, "", false, "" },
        { "/system.slice", "", "system.slice", "", NOBODY, "", false, "" },
        { "/system.slice/ssh.service", "ssh.service", "system.slice", "", NOBODY, "", false, "" },
        { "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service",
                "system-getty.slice", "", NOBODY, "", false, "" },
        { "/system.slice/ssh.service/sub/x.service", "ssh.service", "system.slice", "", NOBODY, "",
                false, "" },
        { "/system.slice/dbus.socket", "dbus.socket", "system.slice", "", NOBODY, "", false, "" },
        { "/system.slice/boot-efi.mount", "boot-efi.mount", "system.slice", "", NOBODY, "", false,
                "" },
        { "/system.slice/dev-disk-by\\x2duuid-1.swap", "dev-disk-by\\x2duuid-1.swap",
                "system.slice", "", NOBODY, "", false, "" },
        { "/system.slice/_cpu.service", "cpu.service", "system.slice", "", NOBODY, "", false,
                "" },                                                /* escaped */
        { "/other/ssh.service", "", "", "", NOBODY, "", false, "" }, /* not made by systemd */
        { "/.service", "", "", "", NOBODY, "", false, "" },
        { "//system.slice//ssh.service/", "ssh.service", "system.slice", "", NOBODY, "", false,
                "" },

        /* users and their managers */
        { "/user.slice", "", "user.slice", "", NOBODY, "", false, "" },
        { "/user.slice/user-1000.slice", "", "user-1000.slice", "", 1000, "", false, "" },
        { "/user.slice/user-1000.slice/session-3.scope", "session-3.scope", "user-1000.slice", "",
                1000, "", false, "" },
        { "/user.slice/user-1000.slice/user@1000.service", "user@1000.service", "user-1000.slice",
                "", 1000, "", false, "" },
        { "/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service",
                "user-1000.slice", "init.scope", 1000, "", false, "" },
        { "/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-chrome-7.scope",
                "user@1000.service", "user-1000.slice", "app-gnome-chrome-7.scope", 1000, "", false,
                "" },
        { "/user.slice/user-1000.slice/user@1000.service/app.slice/app-dbus.slice/dbus.service/"
          "x.service",
                "user@1000.service", "user-1000.slice", "dbus.service", 1000, "", false, "" },
        /* anybody can start a service called ssh.service of his own: it stays his */
        { "/user.slice/user-1000.slice/user@1000.service/app.slice/ssh.service",
                "user@1000.service", "user-1000.slice", "ssh.service", 1000, "", false, "" },
        { "/user.slice/user-1000.slice/user@1000.service/system.slice/ssh.service",
                "user@1000.service", "user-1000.slice", "ssh.service", 1000, "", false, "" },
        { "/user.slice/user-1000.slice/user@1000.service/user@0.service/x.service",
                "user@1000.service", "user-1000.slice", "user@0.service", 1000, "", false, "" },
        { "/user.slice/user-x.slice/session-1.scope", "session-1.scope", "user-x.slice", "", NOBODY,
                "", false, "" },
        { "/user.slice/user-4294967295.slice", "", "user-4294967295.slice", "", NOBODY, "", false,
                "" },
        { "/user.slice/user-12x.slice", "", "user-12x.slice", "", NOBODY, "", false, "" },
        { "/user.slice/user-.slice", "", "user-.slice", "", NOBODY, "", false, "" },
        { "/system.slice/user@.service/x.service", "user@.service", "system.slice", "", NOBODY, "",
                false, "" },

        /* containers */
        { "/system.slice/docker-" ID ".scope", "docker-" ID ".scope", "system.slice", "", NOBODY,
                ID, false, "" },
        { "/machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope", "machine.slice",
                "", NOBODY, ID, false, "" },
        { "/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope",
                "machine.slice", "", NOBODY, "", false, "" },
        { "/docker/g" REST, "", "", "", NOBODY, "", false, "" }, /* not hexadecimal */
        { "/docker/A" REST, "", "", "", NOBODY, "", false, "" },
        { "/docker//" REST, "", "", "", NOBODY, "", false, "" },
        { "/docker/:" REST, "", "", "", NOBODY, "", false, "" },
        { "/docker/" ID, "", "", "", NOBODY, ID, false, "" },
        { "/docker/" ID "/system.slice/nginx.service", "", "", "", NOBODY, ID, false,
                "" }, /* systemd inside */
        { "/system.slice/docker-" ID ".scope/docker/" ID2, "docker-" ID ".scope", "system.slice",
                "", NOBODY, ID, false, "" },
        { "/system.slice/docker.service", "docker.service", "system.slice", "", NOBODY, "", false,
                "" },
        { "/system.slice/docker-" ID "0.scope", "docker-" ID "0.scope", "system.slice", "", NOBODY,
                "", false, "" },
        { "/system.slice/docker-X" ID ".scope", "docker-X" ID ".scope", "system.slice", "", NOBODY,
                "", false, "" },
        { "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
                "user@1000.service", "user-1000.slice", "libpod-" ID ".scope", 1000, ID, true, "" },
        { "/lxc.payload.web1/system.slice/nginx.service", "", "", "", NOBODY, "web1", false, "" },
        { "/lxc.monitor.web1", "", "", "", NOBODY, "", false, "" },
        { "/machine.slice/machine-web1.scope/payload", "machine-web1.scope", "machine.slice", "",
                NOBODY, "web1", false, "" },
        { "/machine.slice/systemd-nspawn@web1.service", "systemd-nspawn@web1.service",
                "machine.slice", "", NOBODY, "web1", false, "" },

        /* Kubernetes */
        { "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12ab_34.slice/"
          "cri-containerd-" ID ".scope",
                "cri-containerd-" ID ".scope", "kubepods-burstable-pod12ab_34.slice", "", NOBODY,
                ID, false, "12ab_34" },
        { "/kubepods.slice/kubepods-pod12ab_34.slice/crio-" ID ".scope/container",
                "crio-" ID ".scope", "kubepods-pod12ab_34.slice", "", NOBODY, ID, false,
                "12ab_34" },
        { "/kubepods.slice/kubepods-pod12ab_34.slice/crio-conmon-" ID ".scope",
                "crio-conmon-" ID ".scope", "kubepods-pod12ab_34.slice", "", NOBODY, "", false,
                "12ab_34" },
        { "/kubepods/besteffort/pod12ab-34/" ID, "", "", "", NOBODY, ID, false, "12ab-34" },
        { "/kubepods/burstable/pod12ab-34", "", "", "", NOBODY, "", false, "12ab-34" },
        { "/system.slice/containerd.service/kubepods-burstable-pod12ab_34.slice:cri-containerd:" ID,
                "containerd.service", "system.slice", "", NOBODY, ID, false, "12ab_34" },
        { "/kubepods.slice/kubepods-besteffort.slice", "", "kubepods-besteffort.slice", "", NOBODY,
                "", false, "" },
        { "/podman/x", "", "", "", NOBODY, "", false, "" },
};

static void compare(const char *path, const char *what, Slice got, const char *expect) {
        ck_assert_msg(slice_equals(got, slice_of(expect)), "%s: %s is '%.*s', not '%s'", path, what,
                (int) got.len, got.at, expect);
}

START_TEST(a_path_tells_who_owns_it) {
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                CgroupOwner o;

                cgroup_path_parse(cases[i].path, &o);
                compare(cases[i].path, "unit", o.unit, cases[i].unit);
                compare(cases[i].path, "slice", o.slice, cases[i].slice);
                compare(cases[i].path, "user unit", o.user_unit, cases[i].user_unit);
                compare(cases[i].path, "container", o.container, cases[i].container);
                compare(cases[i].path, "pod", o.pod, cases[i].pod);
                ck_assert_msg(o.uid == cases[i].uid, "%s: uid %u", cases[i].path, o.uid);
                ck_assert_msg(
                        o.container_of_user == cases[i].of_user, "%s: of user", cases[i].path);
        }
}
END_TEST

START_TEST(below_means_whole_components) {
        static const struct {
                const char *path, *ancestor;
                bool below;
        } rows[] = {
                { "/a/b", "/a", true },
                { "/a", "/a", true },
                { "/a", "/a/", true },
                { "/ab", "/a", false },
                { "/a", "/a/b", false },
                { "/a/b", "/", true },
                { "/", "/", true },
                { "/a", "", true },
                { "", "", true },
                { "", "/", true },
                { "/b/a", "/a", false },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                ck_assert_msg(cgroup_path_is_below(rows[i].path, rows[i].ancestor) == rows[i].below,
                        "'%s' below '%s'", rows[i].path, rows[i].ancestor);
}
END_TEST

HARNESS_MAIN("cgroup-path", a_path_tells_who_owns_it, below_means_whole_components)
