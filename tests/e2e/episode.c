/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A whole episode in one process: the engine runs live, with a sink that never comes back, and ends
 * two hogs of ours, one by SIGTERM and a deaf one by SIGKILL, and a cgroup of ours with two more,
 * which is frozen before,
 * while every call of the allocator is counted by thread. episode HOG OTHER_HOG MEMBER, three
 * executable files; speaks TAP. With strace around it, the line "watched threads: TID:NAME ..."
 * tells whom to look at, from the line "begin" on. */

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
#include "tests/e2e/episode-group.h"

#ifndef __has_feature
#define __has_feature(x) 0 /* gcc has none */
#endif

/* A sanitizer has put itself in the same place. */
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define COUNTS_ALLOCATIONS 0
#else
#define COUNTS_ALLOCATIONS 1
#endif

enum { WATCHED_MAX = 8, HOG_MIB = 40, SMALL_MIB = 1, PATIENCE_MSEC = 60000 };

/* What is started: the executable files, and the cgroup that the last of them lives in. */
typedef struct Cast {
        char *hogs[3];
        EpisodeGroup group;
} Cast;

/* How each ended; see await_end(). */
typedef struct Ends {
        int hog, deaf_hog;
        int member, deaf_member;
} Ends;

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

/* The cgroup is named as well, so that nothing but ours can be meant. Without one nobody is. */
static Config *load(const Cast *cast) {
        static ConfigErrors errors;
        Config *config = NULL;
        char text[2048];

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
                "    cooldown: 0s\n"
                "  - name: group\n"
                "    watch: { process: { exe: \"%s\", cgroup: \"%s\" } }\n"
                "    when: proc.anon > 30M\n"
                "    targets: { kind: cgroup, match: { cgroup: \"%s\" }, at_least: 16M }\n"
                "    steps:\n"
                "      - freeze: { lease: 2s }\n"
                "      - terminate: { grace: 300ms }\n"
                "    settle: 100ms\n"
                "    cooldown: 0s\n",
                cast->hogs[0], cast->hogs[1], cast->hogs[2], cast->group.path, cast->group.path);
        if (config_load_text("episode", text, strlen(text), &config, &errors) < 0) {
                char why[2048];
                TextBuf b;

                textbuf_init(&b, why, sizeof(why));
                config_errors_print(&errors, &b);
                fputs(why, stderr);
        }
        return config;
}

/* group: where it lives; NULL: where we do. deaf: it ignores SIGTERM from the beginning on. */
static pid_t start_hog(
        const char *path, int mib, bool deaf, const EpisodeGroup *group, int *leash) {
        char text[16];
        int ends[2];
        pid_t pid;

        snprintf(text, sizeof(text), "%d", mib);
        if (pipe(ends) < 0)
                return -errno;
        pid = fork();
        if (pid == 0) {
                if (group && !episode_group_join(group))
                        _exit(126);
                if (deaf)
                        (void) signal(SIGTERM, SIG_IGN); /* execl() leaves it so */
                (void) dup2(ends[0], STDIN_FILENO);
                close(ends[0]);
                close(ends[1]);
                (void) dup2(STDERR_FILENO, STDOUT_FILENO); /* TAP is ours alone */
                execl(path, path, text, (char *) NULL);
                _exit(127);
        }
        close(ends[0]);
        *leash = ends[1];
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

/* The deaf one is small and there first: it ends because it lives in the cgroup. */
static void run_members(const Cast *cast, Ends *ends) {
        int leashes[2] = { -1, -1 };
        pid_t deaf = start_hog(cast->hogs[2], SMALL_MIB, true, &cast->group, &leashes[0]);
        pid_t large = start_hog(cast->hogs[2], HOG_MIB, false, &cast->group, &leashes[1]);

        ends->member = await_end(large);
        ends->deaf_member = await_end(deaf);
        close(leashes[0]);
        close(leashes[1]);
}

/* The other process: starts the hogs when it is told to, and tells how each ended. They must not be
 * children of the engine's process, which leaves its own alone. */
static void run_starter(const Cast *cast, int in, int out) {
        Ends ends = { -1, -1, -1, -1 };
        int leash = -1;
        char byte;

        if (read(in, &byte, 1) != 1)
                return;
        ends.hog = await_end(start_hog(cast->hogs[0], HOG_MIB, false, NULL, &leash));
        close(leash);
        ends.deaf_hog = await_end(start_hog(cast->hogs[1], HOG_MIB, true, NULL, &leash));
        close(leash);
        if (cast->group.fd >= 0)
                run_members(cast, &ends);
        (void) !write(out, &ends, sizeof(ends));
}

static void say_ends(const Cast *cast, const Ends *ends) {
        bool has_group = cast->group.fd >= 0;
        char what[128];

        printf("# signals that ended the hogs: %d %d, the cgroup: %d %d\n", ends->hog,
                ends->deaf_hog, ends->member, ends->deaf_member);
        say(ends->hog == SIGTERM, "a hog is ended by SIGTERM");
        say(ends->deaf_hog == SIGKILL, "a deaf one by SIGKILL");
        snprintf(what, sizeof(what),
                "each in a cgroup by SIGTERM, and who is deaf with the whole%s%s",
                has_group ? "" : " # SKIP ", has_group ? "" : cast->group.why);
        say(!has_group || (ends->member == SIGTERM && ends->deaf_member == SIGKILL), what);
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

static int run_engine(const Cast *cast, int in, int out) {
        char ledger[] = "/tmp/avert-episode-XXXXXX";
        EngineOptions options = {
                .sink = { .write = hang }, .lock_memory = true, .leases = ledger
        };
        int fd = mkstemp(ledger); /* an empty file is one that nothing is owed by */
        long faults[WATCHED_MAX];
        Config *config = load(cast);
        Engine *engine;
        Ends ends;
        int r;

        if (!config || fd < 0)
                return 2;
        close(fd);
        r = engine_new(&options, config, &engine);
        if (r == 0)
                r = engine_start(engine);
        if (r < 0) {
                fprintf(stderr, "the engine does not start: %s\n", strerror(-r));
                return 1;
        }
        for (int waited = 0; waited < PATIENCE_MSEC && !atomic_load(&sink_hangs); waited += 20)
                (void) poll(NULL, 0, 20);
        (void) poll(NULL, 0, 500); /* the first ticks are over */
        find_watched();
        fprintf(stderr, "watched threads:");
        for (size_t i = 0; i < n_watched; i++) {
                faults[i] = minor_faults(watched[i]);
                fprintf(stderr, " %d:%s", (int) watched[i], watched_names[i]);
        }
        fprintf(stderr, "\n");
        (void) !write(STDERR_FILENO, "begin\n", 6);

        say(n_watched == 5, "sentinel and four reapers run");
        say(atomic_load(&sink_hangs), "the sink hangs from the first event on");
        if (write(out, "", 1) != 1 || read(in, &ends, sizeof(ends)) != (ssize_t) sizeof(ends))
                return 1;
        say_ends(cast, &ends);
        (void) poll(NULL, 0, 500); /* the outcome is judged as well */
        (void) !write(STDERR_FILENO, "end\n", 4);
        say_watched(faults);
        atomic_store(&n_watched, 0);

        engine = engine_free(engine); /* gives up on the sink after two seconds */
        config_unref(config);
        (void) unlink(ledger);
        say(!engine, "the engine ends though its sink does not");
        printf("1..%u\n", n_tests);
        return failed ? 1 : 0;
}

int main(int argc, char *argv[]) {
        int to_engine[2], to_starter[2];
        Cast cast = { 0 };
        int status = 0;
        bool removed;
        pid_t pid;

        /* As the kernel names them. */
        for (int i = 0; i < 3 && i + 1 < argc; i++)
                cast.hogs[i] = realpath(argv[i + 1], NULL);
        if (argc < 4 || !cast.hogs[0] || !cast.hogs[1] || !cast.hogs[2] || pipe(to_engine) < 0 ||
                pipe(to_starter) < 0)
                return 2;
        (void) episode_group_make(&cast.group);
        pid = fork();
        if (pid == 0) {
                episode_group_let_go(&cast.group);
                close(to_engine[1]);
                close(to_starter[0]);
                status = run_engine(&cast, to_engine[0], to_starter[1]);
                fflush(stdout);
                _exit(status); /* the journal thread still hangs */
        }
        close(to_engine[0]);
        close(to_starter[1]);
        run_starter(&cast, to_starter[0], to_engine[1]);
        close(to_engine[1]);
        (void) waitpid(pid, &status, 0);
        removed = episode_group_remove(&cast.group);
        if (!removed)
                fprintf(stderr, "the cgroup %s is still there\n", cast.group.path);
        for (size_t i = 0; i < 3; i++)
                free(cast.hogs[i]);
        return WIFEXITED(status) && removed ? WEXITSTATUS(status) : 1;
}
