/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A whole episode in one process: the engine runs live, with a sink that never comes back, and ends
 * two hogs of ours, one by SIGTERM and a deaf one by SIGKILL, while every call of the allocator is
 * counted by thread. episode HOG; speaks TAP. With strace around it, the line "watched threads:
 * ..." tells whom to look at, from the line "begin" on. */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/text.h"
#include "config/config-load.h"
#include "engine/engine.h"

#ifndef __has_feature
#define __has_feature(x) 0 /* gcc has none */
#endif

/* A sanitizer has put itself in the same place. */
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define COUNTS_ALLOCATIONS 0
#else
#define COUNTS_ALLOCATIONS 1
#endif

enum { WATCHED_MAX = 8, HOG_MIB = 40, PATIENCE_MSEC = 20000 };

static pid_t watched[WATCHED_MAX];
static char watched_names[WATCHED_MAX][16];
static atomic_size_t n_watched;
static atomic_uint calls[WATCHED_MAX];

#if COUNTS_ALLOCATIONS
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t size);
void free(void *p);

static void count(void) {
        size_t n = atomic_load(&n_watched);
        pid_t self;

        if (n == 0)
                return;
        self = (pid_t) syscall(SYS_gettid);
        for (size_t i = 0; i < n; i++)
                if (watched[i] == self)
                        atomic_fetch_add(&calls[i], 1);
}

void *malloc(size_t size) {
        count();
        return __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
        count();
        return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size) {
        count();
        return __libc_realloc(p, size);
}

void free(void *p) {
        count();
        __libc_free(p);
}
#endif

static unsigned n_tests;
static bool failed;

static void say(bool good, const char *what) {
        printf("%sok %u - %s\n", good ? "" : "not ", ++n_tests, what);
        fflush(stdout);
        failed = failed || !good;
}

static atomic_bool sink_hangs;

static void hang(void *ctx, const Event *e) {
        (void) ctx;
        (void) e;
        atomic_store(&sink_hangs, true);
        for (;;)
                pause();
}

/* The threads that must not allocate, by name. */
static void find_watched(void) {
        DIR *dir = opendir("/proc/self/task");
        struct dirent *d;
        size_t n = 0;

        while (dir && (d = readdir(dir)) && n < WATCHED_MAX) {
                char path[300], name[16] = "";
                FILE *f;

                snprintf(path, sizeof(path), "/proc/self/task/%s/comm", d->d_name);
                f = fopen(path, "re");
                if (!f)
                        continue;
                if (fscanf(f, "%15s", name) == 1 &&
                        (strcmp(name, "avert-sentinel") == 0 ||
                                strcmp(name, "avert-reaper") == 0)) {
                        watched[n] = (pid_t) atoi(d->d_name);
                        memcpy(watched_names[n++], name, sizeof(name));
                }
                fclose(f);
        }
        if (dir)
                closedir(dir);
        atomic_store(&n_watched, n);
}

static Config *load(char *const hogs[2]) {
        static ConfigErrors errors;
        Config *config = NULL;
        char text[1024];

        snprintf(text, sizeof(text),
                "version: 1\n"
                "tick: { process: 100ms }\n"
                "policies:\n"
                "  - name: episode\n"
                "    watch: { process: { exe: [\"%s\", \"%s\"] } }\n"
                "    when: proc.anon > 30M\n"
                "    targets: { at_least: 16M }\n"
                "    steps:\n"
                "      - terminate: { grace: 300ms }\n"
                "    settle: 100ms\n"
                "    cooldown: 0s\n",
                hogs[0], hogs[1]);
        if (config_load_text("episode", text, strlen(text), &config, &errors) < 0) {
                char why[2048];
                TextBuf b;

                textbuf_init(&b, why, sizeof(why));
                config_errors_print(&errors, &b);
                fputs(why, stderr);
        }
        return config;
}

static pid_t start_hog(const char *path, const char *kind, int *ret_leash) {
        char mib[16];
        int leash[2];
        pid_t pid;

        snprintf(mib, sizeof(mib), "%d", HOG_MIB);
        if (pipe(leash) < 0)
                return -errno;
        pid = fork();
        if (pid == 0) {
                (void) dup2(leash[0], STDIN_FILENO);
                close(leash[0]);
                close(leash[1]);
                (void) dup2(STDERR_FILENO, STDOUT_FILENO); /* TAP is ours alone */
                execl(path, path, mib, kind, (char *) NULL);
                _exit(127);
        }
        close(leash[0]);
        *ret_leash = leash[1];
        return pid;
}

/* How it ended: the signal's number, 0 for an exit, -1 when it lives on. */
static int await_end(pid_t pid) {
        int status;

        for (int waited = 0; waited < PATIENCE_MSEC; waited += 20) {
                if (waitpid(pid, &status, WNOHANG) == pid)
                        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
                (void) poll(NULL, 0, 20);
        }
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, &status, 0);
        return -1;
}

static long minor_faults(pid_t tid) {
        char path[64], text[1024];
        long faults = -1;
        FILE *f;

        snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int) tid);
        f = fopen(path, "re");
        if (f && fgets(text, sizeof(text), f) && strrchr(text, ')'))
                (void) sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %ld", &faults);
        if (f)
                fclose(f);
        return faults;
}

/* The other process: starts the hogs when it is told to, and tells how each ended. They must not be
 * children of the engine's process, which leaves its own alone. */
static void run_starter(char *const hogs[2], int in, int out) {
        const char *const kinds[] = { "", "deaf" };
        char byte;

        if (read(in, &byte, 1) != 1)
                return;
        for (size_t i = 0; i < 2; i++) {
                int leash = -1;
                int end = await_end(start_hog(hogs[i], kinds[i], &leash));

                close(leash);
                if (write(out, &end, sizeof(end)) != (ssize_t) sizeof(end))
                        return;
        }
}

static void say_watched(const long *faults_before) {
        for (size_t i = 0; i < n_watched; i++) {
                char what[128];

                snprintf(what, sizeof(what), "%s made no call of the allocator (%u)%s",
                        watched_names[i], atomic_load(&calls[i]),
                        COUNTS_ALLOCATIONS ? "" : " # SKIP the sanitizer has it");
                say(atomic_load(&calls[i]) == 0, what);
                printf("# page faults of %s in the episode: %ld\n", watched_names[i],
                        minor_faults(watched[i]) - faults_before[i]);
        }
}

static int run_engine(char *const hogs[2], int in, int out) {
        EngineOptions options = { .sink = { .write = hang }, .lock_memory = true };
        long faults[WATCHED_MAX];
        Config *config = load(hogs);
        Engine *engine;
        int ends[2];
        int r;

        if (!config)
                return 2;
        r = engine_new(&options, config, &engine);
        if (r == 0)
                r = engine_start(engine);
        if (r < 0) {
                fprintf(stderr, "the engine does not start: %s\n", strerror(-r));
                return 1;
        }
        (void) poll(NULL, 0, 500); /* the first ticks are over, the sink hangs */
        find_watched();
        fprintf(stderr, "watched threads:");
        for (size_t i = 0; i < n_watched; i++) {
                faults[i] = minor_faults(watched[i]);
                fprintf(stderr, " %d", (int) watched[i]);
        }
        fprintf(stderr, "\n");
        (void) !write(STDERR_FILENO, "begin\n", 6);

        say(n_watched == 5, "sentinel and four reapers run");
        say(atomic_load(&sink_hangs), "the sink hangs from the first event on");
        if (write(out, "", 1) != 1 || read(in, &ends[0], sizeof(int)) != (ssize_t) sizeof(int) ||
                read(in, &ends[1], sizeof(int)) != (ssize_t) sizeof(int))
                return 1;
        printf("# signals that ended the hogs: %d %d\n", ends[0], ends[1]);
        say(ends[0] == SIGTERM, "a hog is ended by SIGTERM");
        say(ends[1] == SIGKILL, "a deaf one by SIGKILL");
        (void) poll(NULL, 0, 500); /* the outcome is judged as well */
        (void) !write(STDERR_FILENO, "end\n", 4);
        say_watched(faults);
        atomic_store(&n_watched, 0);

        engine = engine_free(engine); /* gives up on the sink after two seconds */
        config_unref(config);
        say(!engine, "the engine ends though its sink does not");
        printf("1..%u\n", n_tests);
        return failed ? 1 : 0;
}

int main(int argc, char *argv[]) {
        int to_engine[2], to_starter[2];
        char *hogs[2];
        int status = 0;
        pid_t pid;

        /* As the kernel names them. */
        for (int i = 0; i < 2 && i + 1 < argc; i++)
                hogs[i] = realpath(argv[i + 1], NULL);
        if (argc < 3 || !hogs[0] || !hogs[1] || pipe(to_engine) < 0 || pipe(to_starter) < 0)
                return 2;
        pid = fork();
        if (pid == 0) {
                close(to_engine[1]);
                close(to_starter[0]);
                status = run_engine(hogs, to_engine[0], to_starter[1]);
                fflush(stdout);
                _exit(status); /* the journal thread still hangs */
        }
        close(to_engine[0]);
        close(to_starter[1]);
        run_starter(hogs, to_starter[0], to_engine[1]);
        close(to_engine[1]);
        (void) waitpid(pid, &status, 0);
        free(hogs[0]);
        free(hogs[1]);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
