/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/place.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/lease-ledger.h"

#define RUNTIME_DIRECTORY "/run/avert"

bool place_of_bus(const Options *o, TextBuf *ret) {
        const char *runtime = getenv("RUNTIME_DIRECTORY");

        if (o->bus)
                textbuf_add(ret, o->bus);
        else if (o->root)
                return false; /* the place belongs to the daemon of this machine */
        else if (runtime && *runtime) {
                textbuf_add_slice(ret, (Slice){ runtime, strcspn(runtime, ":") });
                textbuf_add(ret, "/bus");
        } else {
                if (geteuid() == 0)
                        (void) mkdir(RUNTIME_DIRECTORY, 0755);
                textbuf_add(ret, RUNTIME_DIRECTORY "/bus");
        }
        return ret->len > 0;
}

bool place_of_leases(const Options *o, TextBuf *ret) {
        char bus[256];
        TextBuf b;

        textbuf_init(&b, bus, sizeof(bus));
        if (!place_of_bus(o, &b) || b.truncated)
                return false;
        lease_ledger_path(bus, ret);
        return !ret->truncated;
}
