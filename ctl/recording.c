/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config-load.h"

static int load_policy(const Ctl *ctl, Config **ret) {
        _cleanup_free_ ConfigErrors *errors = malloc(sizeof(*errors));
        int r;

        if (!errors) {
                ctl_error(ctl, "out of memory");
                return CTL_FAILED;
        }

        if (ctl->n_configs > 0)
                r = config_load_files(ctl->configs, ctl->n_configs, ret, errors);
        else
                r = config_load_builtin(ret, errors);
        if (r >= 0)
                return CTL_OK;

        for (size_t i = 0; i < errors->n; i++) {
                char text[2048];
                TextBuf b;

                textbuf_init(&b, text, sizeof(text));
                config_error_print(&errors->items[i], &b);
                fputs(text, ctl->err);
        }
        if (errors->n == 0)
                ctl_error(ctl, "cannot load the policy: %s", strerror(-r));
        return CTL_REFUSED;
}

int recording_open(const Ctl *ctl, const char *dir, Recording *ret) {
        Recording made = { .config = NULL };
        int r;

        r = load_policy(ctl, &made.config);
        if (r != CTL_OK)
                return r;

        r = replay_new(dir, made.config, &made.replay);
        if (r < 0) {
                if (r == -ENOENT)
                        ctl_error(
                                ctl, "%s is no recording: it has neither proc/ nor 000/proc/", dir);
                else
                        ctl_error(ctl, "cannot open the recording %s: %s", dir, strerror(-r));
                recording_close(&made);
                return CTL_FAILED;
        }

        *ret = made;
        return CTL_OK;
}

void recording_close(Recording *recording) {
        recording->replay = replay_free(recording->replay);
        recording->config = config_unref(recording->config);
}

int recording_judge(const Ctl *ctl, Recording *recording, Sink sink) {
        int r;

        while ((r = replay_next(recording->replay, sink)) != 0) {
                if (r > 0) {
                        recording->n_judged++;
                        continue;
                }
                recording->n_unread++;
                ctl_error(ctl, "tree %zu of the recording cannot be read: %s",
                        recording->n_judged + recording->n_unread, strerror(-r));
        }

        return recording->n_judged > 0 ? CTL_OK : CTL_FAILED;
}
