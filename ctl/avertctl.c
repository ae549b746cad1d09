/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/options.h"
#include "ctl/pager.h"
#include "ctl/selftest-victim.h"
#include "ctl/term.h"

/* Output that was lost (a full disk, say) is a failure, or a script would take half an answer for
 * whole. A reader that left early is none. */
static int flush_output(const Ctl *ctl) {
        if (fflush(ctl->out) == 0 && !ferror(ctl->out))
                return CTL_OK;
        if (errno == EPIPE)
                return CTL_OK;

        ctl_error(ctl, "cannot write the output: %s", strerror(errno));
        return CTL_FAILED;
}

int main(int argc, char *argv[]) {
        Ctl ctl = { .out = stdout, .err = stderr };
        const Verb *verb;
        pid_t pager = 0;
        int first, r, flushed;

        if (argc == 3 && strcmp(argv[1], SELFTEST_VICTIM) == 0)
                return selftest_victim_main();

        r = options_parse(&ctl, argc, argv, &verb, &first);
        if (verb) {
                term_init(&ctl);
                if (verb->paged)
                        pager = pager_start(&ctl);
                r = verb->run(&ctl, argc - first, argv + first);
        }

        flushed = flush_output(&ctl);
        pager_finish(pager);
        return r == CTL_OK ? flushed : r;
}
