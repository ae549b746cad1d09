/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "daemon/bus-state.h"

bool bus_is_above_asking(uid_t uid) {
        return uid == 0 || uid == geteuid();
}

int bus_caller_on_socket(sd_bus_message *call, uid_t *ret) {
        sd_bus_creds *creds = NULL;
        int r;

        r = sd_bus_query_sender_creds(call, SD_BUS_CREDS_EUID, &creds);
        if (r >= 0)
                r = sd_bus_creds_get_euid(creds, ret);
        sd_bus_creds_unref(creds);
        return r;
}

/* sd-bus would ask the bus who it is, too, and wait for the answer: main waits for nobody. */
int bus_caller_ask(
        sd_bus_message *call, sd_bus_message_handler_t on_uid, void *userdata, sd_bus_slot **ret) {
        return sd_bus_call_method_async(sd_bus_message_get_bus(call), ret, "org.freedesktop.DBus",
                "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixUser", on_uid,
                userdata, "s", sd_bus_message_get_sender(call));
}

int bus_caller_answer(sd_bus_message *answer, uid_t *ret) {
        uint32_t uid;
        int r;

        if (sd_bus_message_is_method_error(answer, NULL))
                return -sd_bus_message_get_errno(answer);
        r = sd_bus_message_read(answer, "u", &uid);
        if (r < 0)
                return r;
        *ret = uid;
        return 0;
}
