/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What many cgroups cost: discovery by the scout and the sentinel's reads, without threads. Prints
 * one JSON object per line, as bench-engine.
 *
 * usage: bench-groups [CGROUPS [PASSES]]
 *
 * Twice: over a recorded tree with all memory files, and over real cgroups of its own, which have
 * what this machine's controllers give them. Both are removed again. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "engine/sampler.h"
#include "engine/scout-groups.h"
#include "tests/bench/best.h"

#define PER_SLICE 100

static const char *const recorded[][2] = {
        { "cgroup.procs", "1\n" },
        { "cgroup.events", "populated 1\nfrozen 0\n" },
        { "memory.current", "104857600\n" },
        { "memory.swap.current", "0\n" },
        { "memory.max", "max\n" },
        { "memory.high", "max\n" },
        { "memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n" },
        { "memory.events.local", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n" },
        { "memory.stat", "anon 100000000\nfile 4000000\nkernel 100000\ninactive_file 4000000\n" },
};

static void die(const char *what) {
        perror(what);
        exit(1);
}

static void put(int dir_fd, const char *name, const char *text) {
        int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t) strlen(text))
                die(name);
        close(fd);
}

static int make_dir(int dir_fd, const char *name, bool with_files) {
        int fd;

        if (mkdirat(dir_fd, name, 0755) < 0 && errno != EEXIST)
                die(name);
        fd = fdio_open_dir_at(dir_fd, name);
        for (size_t i = 0; with_files && i < ELEMENTS(recorded); i++)
                put(fd, recorded[i][0], recorded[i][1]);
        return fd;
}

/* n cgroups in slices of PER_SLICE, which count as well. */
static void make_tree(int top_fd, unsigned n, bool with_files) {
        char name[32];
        int slice = FD_NONE;

        for (unsigned i = 0; i < n; i++) {
                if (i % PER_SLICE == 0) {
                        close_fd(slice);
                        snprintf(name, sizeof(name), "s%u.slice", i / PER_SLICE);
                        slice = make_dir(top_fd, name, with_files);
                        continue;
                }
                snprintf(name, sizeof(name), "u%u.service", i);
                close(make_dir(slice, name, with_files));
        }
        close_fd(slice);
}

static void remove_tree(int top_fd, unsigned n, bool with_files) {
        char path[96];

        for (unsigned i = n; i-- > 0;) {
                int len = i % PER_SLICE == 0
                        ? snprintf(path, sizeof(path), "s%u.slice", i / PER_SLICE)
                        : snprintf(path, sizeof(path), "s%u.slice/u%u.service", i / PER_SLICE, i);

                for (size_t k = 0; with_files && k < ELEMENTS(recorded); k++) {
                        snprintf(path + len, sizeof(path) - (size_t) len, "/%s", recorded[k][0]);
                        (void) unlinkat(top_fd, path, 0);
                }
                path[len] = '\0';
                if (unlinkat(top_fd, path, AT_REMOVEDIR) < 0)
                        die(path);
        }
}

static void measure(const SysRoot *root, bool live, unsigned n, unsigned passes) {
        const char *kind = live ? "real" : "recorded";
        const LimitsConfig limits = { .processes = 16, .cgroups = n + 16, .kept_cgroups = 64 };
        ScoutGroupsOptions o = { .root = root, .may_act = live, .kept_max = 64 };
        Best first = { 0 }, census = { 0 }, busy = { 0 }, news = { 0 }, refill = { 0 },
             reads = { 0 };
        const RosterListing *l = NULL;
        ScoutGroupsStats stats;
        ScoutGroups *g = NULL;
        Sampler *sampler = NULL;
        static Sample sample;
        char what[64];

        if (group_roster_new(&limits, &o.roster) < 0 || fact_strings_new(&o.strings) < 0 ||
                scout_groups_new(&o, &limits, &g) < 0 || sampler_new(root, &limits, &sampler) < 0)
                die("no memory");

        struct {
                ScoutGroupsPass pass;
                const char *name;
                Best *best;
        } phases[] = { { SCOUT_GROUPS_CENSUS, "first", &first },
                { SCOUT_GROUPS_CENSUS, "census", &census }, { SCOUT_GROUPS_BUSY, "busy", &busy },
                { SCOUT_GROUPS_NEWS, "news", &news } };

        for (size_t i = 0; i < ELEMENTS(phases); i++) {
                for (unsigned k = 0; k < (i == 0 ? 1 : passes); k++) {
                        double from = cpu_usec();

                        scout_groups_pass(g, phases[i].pass, clock_monotonic_usec());
                        best_add(phases[i].best, cpu_usec() - from);
                        l = publication_acquire(
                                group_roster_publication(o.roster), ROSTER_SENTINEL);
                }
                snprintf(what, sizeof(what), "groups-%s-%s", kind, phases[i].name);
                best_print(what, phases[i].best, l ? l->n : 0);
        }
        for (unsigned k = 0; k < passes && l; k++) {
                double from = cpu_usec();

                sampler_read_groups(sampler, o.roster, l, true, clock_monotonic_usec(), &sample);
                best_add(k == 0 ? &refill : &reads, cpu_usec() - from);
        }
        snprintf(what, sizeof(what), "groups-%s-first-sample", kind);
        best_print(what, &refill, sample.n_groups);
        snprintf(what, sizeof(what), "groups-%s-kept", kind);
        best_print(what, &reads, l ? l->n_kept : 0);
        scout_groups_stats(g, &stats);
        printf("{\"what\":\"groups-%s-counts\",\"seen\":%" PRIu64 ",\"known\":%" PRIu64
               ",\"kept\":%" PRIu64 ",\"watches\":%" PRIu64 ",\"sample_bytes\":%zu}\n",
                kind, stats.seen, stats.known, stats.kept, stats.watches, sizeof(GroupSample));

        sampler_free(sampler);
        scout_groups_free(g);
        group_roster_free(o.roster);
        fact_strings_free(o.strings);
}

static void measure_recorded(unsigned n, unsigned passes) {
        char dir[] = "/tmp/bench-groups-XXXXXX";
        SysRoot root = SYSROOT_INIT;
        int fd, proc;

        if (!mkdtemp(dir))
                die(dir);
        fd = fdio_open_dir_at(AT_FDCWD, dir);
        proc = make_dir(fd, "proc", false);
        close(make_dir(fd, "sys", false));
        close(make_dir(fd, "sys/fs", false));
        close(make_dir(fd, "sys/fs/cgroup", false));
        if (sysroot_open(dir, &root) < 0 || root.cgroup_fd < 0)
                die("the tree");
        make_tree(root.cgroup_fd, n, true);
        measure(&root, false, n, passes);
        remove_tree(root.cgroup_fd, n, true);
        (void) unlinkat(fd, "sys/fs/cgroup", AT_REMOVEDIR);
        (void) unlinkat(fd, "sys/fs", AT_REMOVEDIR);
        (void) unlinkat(fd, "sys", AT_REMOVEDIR);
        (void) unlinkat(fd, "proc", AT_REMOVEDIR);
        close(proc);
        close(fd);
        sysroot_done(&root);
        (void) rmdir(dir);
}

static void measure_real(unsigned n, unsigned passes) {
        SysRoot root = SYSROOT_INIT, own;
        char name[64];

        if (sysroot_open(NULL, &root) < 0)
                return;
        snprintf(name, sizeof(name), "bench-groups-%d", getpid());
        if (root.cgroup_fd >= 0 && mkdirat(root.cgroup_fd, name, 0755) == 0) {
                own = root;
                own.cgroup_fd = fdio_open_dir_at(root.cgroup_fd, name);
                make_tree(own.cgroup_fd, n, false);
                measure(&own, true, n, passes);
                remove_tree(own.cgroup_fd, n, false);
                close(own.cgroup_fd);
                (void) unlinkat(root.cgroup_fd, name, AT_REMOVEDIR);
        } else
                printf("{\"what\":\"groups-real\",\"skipped\":\"no cgroup can be made here\"}\n");
        sysroot_done(&root);
}

int main(int argc, char **argv) {
        unsigned n = argc > 1 ? (unsigned) strtoul(argv[1], NULL, 10) : 5000;
        unsigned passes = argc > 2 ? (unsigned) strtoul(argv[2], NULL, 10) : 20;

        measure_recorded(n, passes);
        measure_real(n, passes);
        return 0;
}
