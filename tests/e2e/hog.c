/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A process that holds memory: hog MIB [deaf] [MIB_PER_SECOND]. Says "ready" when it has it all,
 * ends when its standard input does, so that it never outlives the test. `deaf` ignores SIGTERM. */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE = 1024 * 1024 };

static void fill(char *p, size_t mib, unsigned long rate) {
        for (size_t i = 0; i < mib; i++) {
                struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

                memset(p + i * PIECE, (int) i + 1, PIECE);
                if (rate > 0 && poll(&in, 1, (int) (1000 / rate)) > 0)
                        exit(0);
        }
}

int main(int argc, char *argv[]) {
        size_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
        unsigned long rate = 0;
        char byte;
        char *p;

        for (int i = 2; i < argc; i++) {
                if (strcmp(argv[i], "deaf") == 0)
                        signal(SIGTERM, SIG_IGN);
                else
                        rate = strtoul(argv[i], NULL, 10);
        }

        p = mmap(NULL, mib * PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mib == 0 || p == MAP_FAILED)
                return 1;
        fill(p, mib, rate);

        (void) !write(STDOUT_FILENO, "ready\n", 6);
        while (read(STDIN_FILENO, &byte, 1) > 0)
                ;
        return 0;
}
