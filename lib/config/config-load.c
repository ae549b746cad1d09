/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-load.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/hash.h"
#include "config/builtin-policy.h"
#include "config/config-check.h"
#include "config/config-dirs.h"
#include "config/config-file.h"

/* Far above any real policy, far below what a machine in trouble would miss. */
#define ARENA_MAX ((size_t) 8 * 1024 * 1024)
#define SCRATCH_MAX ((size_t) 64 * 1024 * 1024)

typedef struct SourceList {
        ConfigSource items[CONFIG_FILES_MAX + 2];
        size_t n;
} SourceList;

static int loader_init(Loader *l, ConfigErrors *errors) {
        int r;

        *l = (Loader){ .errors = errors, .hash = HASH_START };
        config_errors_init(errors);
        r = arena_new(ARENA_MAX, &l->arena);
        if (r < 0)
                return r;
        r = arena_new(SCRATCH_MAX, &l->scratch);
        if (r < 0)
                return r;

        config_file_defaults(l);
        return 0;
}

static void loader_done(Loader *l) {
        arena_free(l->arena);
        arena_free(l->scratch);
}

#define _cleanup_loader_ _cleanup_(loader_done)

/* The length first so that "ab" + "c" is not "a" + "bc"; its lowest byte first on every machine. */
static void add_hash(Loader *l, const char *text, size_t len) {
        unsigned char head[sizeof(len)];

        for (size_t i = 0; i < sizeof(len); i++)
                head[i] = (unsigned char) (len >> (8 * i));
        l->hash = hash_bytes(hash_bytes(l->hash, head, sizeof(head)), text, len);
}

/* Adds a text to the loader and to the sources. */
static int add_source(
        Loader *l, SourceList *sources, const SourceText *source, bool masked, bool *ret_empty) {
        int r;

        *ret_empty = masked;
        add_hash(l, source->text, source->len);
        if (!masked) {
                r = config_file_parse(l, source, ret_empty);
                if (r < 0)
                        return r;
        }
        sources->items[sources->n].path = loader_keep_text(l, source->name);
        sources->items[sources->n].masked = *ret_empty;
        return sources->items[sources->n++].path ? 0 : -ENOMEM;
}

static int keep_policies(Loader *l, Config *config) {
        Policy *policies = arena_alloc_array(l->arena, l->n_policies, sizeof(*policies));
        size_t i = 0;

        if (!policies)
                return -ENOMEM;
        for (const PolicyDraft *draft = l->first_policy; draft; draft = draft->next)
                policies[i++] = draft->policy;
        config->policies = policies;
        config->n_policies = l->n_policies;
        return 0;
}

static int keep_matches(Loader *l, Config *config) {
        const MatchSpec **matches = arena_alloc_array(l->arena, l->specs.n, sizeof(*matches));
        size_t i = 0;

        if (!matches)
                return -ENOMEM;
        for (const SpecLink *link = l->specs.first; link; link = link->next)
                matches[i++] = link->spec;
        config->matches = matches;
        config->n_matches = l->specs.n;
        return 0;
}

static int keep_warnings(Loader *l, Config *config) {
        ConfigWarning *warnings = arena_alloc_array(l->arena, l->n_warnings, sizeof(*warnings));
        size_t i = 0;

        if (!warnings)
                return -ENOMEM;
        for (const WarningLink *link = l->first_warning; link; link = link->next)
                warnings[i++] = link->warning;
        config->warnings = warnings;
        config->n_warnings = l->n_warnings;
        return 0;
}

static int keep_sources(Loader *l, const SourceList *sources, Config *config) {
        ConfigSource *copy = arena_alloc_array(l->arena, sources->n, sizeof(*copy));

        if (!copy)
                return -ENOMEM;
        memcpy(copy, sources->items, sources->n * sizeof(*copy));
        config->sources = copy;
        config->n_sources = sources->n;
        return 0;
}

/* The one outcome: everything was in order, and the Config owns the arena; or nothing happened. */
static int finish(Loader *l, const SourceList *sources, Config **ret) {
        Config *config;
        int r;

        r = config_check(l);
        if (r < 0)
                return r;
        if (loader_findings(l) > 0)
                return -EINVAL;

        config = arena_alloc(l->arena, sizeof(*config));
        if (!config)
                return -ENOMEM;
        config->refs = 1;
        config->tick = l->tick.values;
        config->limits = l->limits.values;
        config->hash = l->hash;
        r = spec_chain_freeze(l, &l->protect, &config->protect);
        if (r >= 0)
                r = keep_policies(l, config);
        if (r >= 0)
                r = keep_matches(l, config);
        if (r >= 0)
                r = keep_warnings(l, config);
        if (r >= 0)
                r = keep_sources(l, sources, config);
        if (r < 0)
                return r;

        config->arena = TAKE_PTR(l->arena);
        *ret = config;
        return 0;
}

/* A file that cannot be read spoils the load, but the others are still looked at for their
 * mistakes. */
static int add_file(Loader *l, SourceList *sources, int dirfd, const char *path, const char *shown,
        bool may_mask, int *first_error) {
        SourceText *source = arena_alloc(l->scratch, sizeof(*source)); /* nodes point to it */
        bool masked, empty;
        int r;

        if (!source)
                return -ENOMEM;
        r = config_dirs_read(l, dirfd, path, shown, source, &masked);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                if (*first_error == 0)
                        *first_error = r;
                return 0;
        }

        r = add_source(l, sources, source, masked, &empty);
        if (r >= 0 && empty && !may_mask)
                config_errors_add(l->errors, source, 0, 0, "there is nothing in it");
        return r;
}

int config_load_dirs(int rootfd, Config **ret, ConfigErrors *reterr) {
        _cleanup_loader_ Loader l = { 0 };
        _cleanup_free_ SourceList *sources = calloc(1, sizeof(*sources));
        _cleanup_free_ ConfigFiles *files = calloc(1, sizeof(*files));
        const SourceText builtin = { CONFIG_BUILTIN_PATH, builtin_policy_text, builtin_policy_len };
        bool empty;
        int first_error = 0, r;

        r = loader_init(&l, reterr);
        if (r < 0)
                return r;
        if (!sources || !files)
                return -ENOMEM;
        r = config_dirs_list(&l, rootfd, files);
        if (r < 0)
                return r;

        if (files->builtin_masked) /* to be seen in the list of sources, not to be read */
                sources->items[sources->n++] = (ConfigSource){ CONFIG_BUILTIN_PATH, true };
        for (size_t i = 0; i < files->n; i++) {
                const ConfigFile *file = &files->items[i];

                if (file->builtin)
                        r = add_source(&l, sources, &builtin, false, &empty);
                else
                        r = add_file(&l, sources, rootfd, file->path + 1, file->path, true,
                                &first_error);
                if (r < 0)
                        return r;
        }
        r = finish(&l, sources, ret);
        return first_error < 0 ? first_error : r;
}

int config_load_files(const char *const *paths, size_t n, Config **ret, ConfigErrors *reterr) {
        _cleanup_loader_ Loader l = { 0 };
        _cleanup_free_ SourceList *sources = calloc(1, sizeof(*sources));
        int first_error = 0, r;

        r = loader_init(&l, reterr);
        if (r < 0)
                return r;
        if (!sources)
                return -ENOMEM;
        if (n > CONFIG_FILES_MAX) {
                config_errors_add(
                        reterr, NULL, 0, 0, "more than %d policy files", CONFIG_FILES_MAX);
                return -EINVAL;
        }

        for (size_t i = 0; i < n; i++) {
                r = add_file(&l, sources, AT_FDCWD, paths[i], paths[i], false, &first_error);
                if (r < 0)
                        return r;
        }
        r = finish(&l, sources, ret);
        return first_error < 0 ? first_error : r;
}

int config_load_text(
        const char *name, const char *text, size_t len, Config **ret, ConfigErrors *reterr) {
        _cleanup_loader_ Loader l = { 0 };
        _cleanup_free_ SourceList *sources = calloc(1, sizeof(*sources));
        const SourceText source = { name, text, len };
        bool empty;
        int r;

        r = loader_init(&l, reterr);
        if (r < 0)
                return r;
        if (!sources)
                return -ENOMEM;
        r = add_source(&l, sources, &source, false, &empty);
        if (r < 0)
                return r;
        if (empty)
                config_errors_add(reterr, &source, 0, 0, "there is nothing in it");
        return finish(&l, sources, ret);
}

int config_load_builtin(Config **ret, ConfigErrors *reterr) {
        return config_load_text(
                CONFIG_BUILTIN_PATH, builtin_policy_text, builtin_policy_len, ret, reterr);
}

const char *config_builtin_text(size_t *ret_len) {
        if (ret_len)
                *ret_len = builtin_policy_len;
        return builtin_policy_text;
}

Config *config_ref(Config *config) {
        unsigned refs = __atomic_fetch_add(&config->refs, 1, __ATOMIC_RELAXED);

        assert(refs > 0);
        return config;
}

Config *config_unref(Config *config) {
        unsigned refs;

        if (!config)
                return NULL;
        refs = __atomic_fetch_sub(&config->refs, 1, __ATOMIC_ACQ_REL);
        assert(refs > 0);
        if (refs == 1)
                arena_free(config->arena); /* the Config itself lies in it */
        return NULL;
}

int config_fits(const Config *config, const Config *started_with, ConfigErrors *reterr) {
        const LimitsConfig *want = &config->limits, *have = &started_with->limits;
        const struct {
                const char *name;
                uint32_t want, have;
        } rows[] = {
                { "processes", want->processes, have->processes },
                { "kept", want->kept, have->kept },
                { "detailed", want->detailed, have->detailed },
                { "instances", want->instances, have->instances },
                { "incidents", want->incidents, have->incidents },
                { "policies", want->policies, have->policies },
                { "cgroups", want->cgroups, have->cgroups },
                { "kept_cgroups", want->kept_cgroups, have->kept_cgroups },
        };

        config_errors_init(reterr);
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (rows[i].want > rows[i].have)
                        config_errors_add(reterr, NULL, 0, 0,
                                "limits.%s %u is more than the %u that the daemon was started "
                                "with: "
                                "restart it to change that",
                                rows[i].name, rows[i].want, rows[i].have);
        return reterr->n > 0 ? -EINVAL : 0;
}
