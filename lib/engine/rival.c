/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/rival.h"

#include <stddef.h>
#include <string.h>

#include "base/macro.h"

bool rival_is_named(const char *comm) {
        static const char *const names[] = { "earlyoom", "systemd-oomd", "nohang", "oomd" };

        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (strcmp(comm, names[i]) == 0)
                        return true;
        return false;
}
