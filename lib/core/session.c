/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/session.h"

#include <string.h>

#include "base/macro.h"

/* In the order of strcmp(): everybody is looked up, thousands at a time. */
static const char *const shells[] = { "ash", "bash", "busybox", "csh", "dash", "fish", "ksh",
        "ksh93", "login", "mksh", "screen", "sh", "su", "sudo", "tcsh", "tmux", "zellij", "zsh" };

/* Managers and the bus, ways in, displays and compositors, lockers (killing one unlocks the
 * screen), container runtimes. systemd-udevd is a link to udevadm since systemd 246. The pause of a
 * pod is a program of its image, not of the host: it holds next to nothing, and the pod's other
 * containers have cgroups of their own. In the order of strcmp(). */
static const char *const fixtures[] = { "Hyprland", "Xorg", "Xtigervnc", "Xvnc", "Xwayland",
        "agetty", "cage", "catatonit", "cinnamon", "cinnamon-session", "cosmic-comp", "crio",
        "crun", "dbus-broker", "dbus-broker-launch", "dbus-daemon", "docker-init", "docker-proxy",
        "dockerd", "dropbear", "elogind", "gnome-shell", "gtklock", "hyprlock", "i3", "i3lock",
        "k3s", "ksmserver", "kubelet", "kubelite", "labwc", "lightdm", "lxc-start", "lxqt-session",
        "lxsession", "mate-session", "mutter", "niri", "pause", "plasmashell", "polkitd", "river",
        "runc", "runit", "s6-svscan", "slock", "sshd", "sshd-auth", "sshd-session", "sway",
        "swaylock", "systemd", "systemd-executor", "systemd-journald", "systemd-logind",
        "systemd-nspawn", "systemd-udevd", "udevadm", "wayfire", "waylock", "weston",
        "xfce4-session", "xfwm4", "xrdp", "xrdp-sesman", "xsecurelock", "youki" };

/* Families of them, told by how their names begin. */
static const char *const families[] = { "conmon", "containerd", "gdm", "gnome-session",
        "kscreenlocker", "kwin", "sddm", "startplasma", "xscreensaver" };

static bool is_listed(const char *name, const char *const *list, size_t n) {
        size_t low = 0, high = n;

        while (low < high) {
                size_t mid = low + (high - low) / 2;
                int order = strcmp(name, list[mid]);

                if (order == 0)
                        return true;
                if (order < 0)
                        high = mid;
                else
                        low = mid + 1;
        }
        return false;
}

static bool is_fixture(const char *name) {
        for (size_t i = 0; i < ELEMENTS(families); i++)
                if (strncmp(name, families[i], strlen(families[i])) == 0)
                        return true;
        return is_listed(name, fixtures, ELEMENTS(fixtures));
}

/* The name that can be trusted, or "". Without the right to read its exe, a process of root is
 * believed. */
static const char *bound_name(const ProcFacts *f) {
        const char *slash;

        if (!f->exe || !*f->exe)
                return f->uid == 0 ? f->comm : "";
        if (!f->exe_is_host)
                return "";
        slash = strrchr(f->exe, '/');
        return slash ? slash + 1 : f->exe;
}

SessionRole session_role(const ProcFacts *f) {
        const char *name = bound_name(f);

        if (*name && is_fixture(name))
                return SESSION_FIXTURE;
        if (f->tty_leader || (*name && is_listed(name, shells, ELEMENTS(shells))))
                return SESSION_SHELL;
        return SESSION_NONE;
}
