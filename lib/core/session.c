/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/session.h"

#include <string.h>

#include "base/glob.h"
#include "base/macro.h"

static const char *const shells[] = {
        "ash",
        "bash",
        "busybox",
        "csh",
        "dash",
        "fish",
        "ksh",
        "ksh93",
        "login",
        "mksh",
        "screen",
        "sh",
        "su",
        "sudo",
        "tcsh",
        "tmux",
        "zellij",
        "zsh",
};

static const char *const fixtures[] = {
        /* managers and the bus */
        "systemd",
        "systemd-executor",
        "systemd-journald",
        "systemd-logind",
        "systemd-udevd",
        "dbus-broker",
        "dbus-broker-launch",
        "dbus-daemon",
        "elogind",
        "polkitd",
        "runit",
        "s6-svscan",
        /* ways in */
        "sshd",
        "sshd-session",
        "agetty",
        "dropbear",
        /* displays, compositors, lockers: killing a locker unlocks the screen */
        "Xorg",
        "Xwayland",
        "cage",
        "cinnamon",
        "cosmic-comp",
        "gdm*",
        "gnome-session*",
        "gnome-shell",
        "hyprlock",
        "Hyprland",
        "i3",
        "i3lock",
        "kscreenlocker*",
        "kwin*",
        "labwc",
        "lightdm",
        "mutter",
        "niri",
        "plasmashell",
        "river",
        "sddm*",
        "startplasma*",
        "sway",
        "swaylock",
        "wayfire",
        "weston",
        "xfce4-session",
        "xfwm4",
        "xscreensaver*",
        /* container runtimes */
        "conmon*",
        "containerd*",
        "crio",
        "crun",
        "docker-init",
        "docker-proxy",
        "dockerd",
        "kubelet",
        "lxc-start",
        "pause",
        "runc",
        "systemd-nspawn",
        "youki",
};

static bool is_listed(const char *name, const char *const *list, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (glob_match(list[i], name, GLOB_TEXT))
                        return true;
        return false;
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

        if (*name && is_listed(name, fixtures, ELEMENTS(fixtures)))
                return SESSION_FIXTURE;
        if (f->tty_leader || (*name && is_listed(name, shells, ELEMENTS(shells))))
                return SESSION_SHELL;
        return SESSION_NONE;
}
