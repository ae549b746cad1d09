/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "ctl/connect.h"
#include "ctl/term.h"
#include "ctl/verdict.h"
#include "engine/lease-replay.h"
#include "kernel/sysroot.h"

enum { SCHEMA_VERSION = 1 };

/* The file itself, so that it works while no daemon does. */
typedef struct Place {
        char path[300];
        char boot_id[BOOT_ID_SIZE];
        SysRoot root;
} Place;

static void place_done(Place *p) {
        sysroot_done(&p->root);
}

static int find_place(const Ctl *ctl, Place *ret) {
        TextBuf b;
        int r;

        *ret = (Place){ .root = SYSROOT_INIT };
        textbuf_init(&b, ret->path, sizeof(ret->path));
        lease_ledger_path(connect_path(ctl), &b);
        r = b.truncated ? -ENAMETOOLONG : sysroot_open(NULL, &ret->root);
        if (r == 0)
                r = lease_ledger_boot_id(ret->root.proc_fd, ret->boot_id, sizeof(ret->boot_id));
        if (r == 0)
                return CTL_OK;
        ctl_error(ctl, "cannot find the leases: %s", strerror(-r));
        return CTL_FAILED;
}

static int explain_file(const Ctl *ctl, const Place *place, int error) {
        if (error == -EACCES || error == -EPERM) {
                ctl_error(ctl, "access to %s is denied: run avertctl as root", place->path);
                return CTL_DENIED;
        }
        ctl_error(ctl, "%s: %s", place->path,
                error == -EBADMSG ? "it is not of this version of avert" : strerror(-error));
        return CTL_FAILED;
}

/* ---- listing
 * ------------------------------------------------------------------------------------- */

static void add_value(TextBuf *b, uint32_t file, uint64_t value) {
        if (file == LEASE_FREEZE)
                textbuf_addf(b, "%" PRIu64, value);
        else if (value == UINT64_MAX)
                textbuf_add(b, "max");
        else
                textbuf_add_bytes(b, value);
}

static void print_lease(const Ctl *ctl, const LeaseRecord *r, usec_t now_usec) {
        usec_t deadline = atomic_load(&r->deadline_usec);
        char text[2 * PATH_TEXT_MAX];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_addf(
                &b, "%" PRIu64 "  %s of ", r->terms.id, lease_file_name((LeaseFile) r->terms.file));
        textbuf_add_escaped(&b, r->terms.path, strlen(r->terms.path));
        textbuf_add(&b, ": ");
        add_value(&b, r->terms.file, atomic_load(&r->ours));
        textbuf_add(&b, " instead of ");
        add_value(&b, r->terms.file, r->terms.old);
        textbuf_addf(&b, " [%s]", r->terms.policy);
        if (deadline != USEC_UNSET) {
                textbuf_add(&b, ", for another ");
                textbuf_add_usec(&b, usec_since(deadline, now_usec));
        }
        term_lines(ctl, ctl->out, text);
}

static void set_value(Json *json, const char *key, uint64_t value) {
        if (value == UINT64_MAX)
                json_set_text(json, key, "max");
        else
                json_set_count(json, key, value);
}

static Json *describe_lease(const LeaseRecord *r, usec_t now_usec) {
        usec_t deadline = atomic_load(&r->deadline_usec);
        Json *json = json_new_object();

        json_set_count(json, "id", r->terms.id);
        json_set_text(json, "file", lease_file_name((LeaseFile) r->terms.file));
        json_set_text(json, "cgroup", r->terms.path);
        json_set_count(json, "inode", r->terms.inode);
        set_value(json, "value", atomic_load(&r->ours));
        set_value(json, "old_value", r->terms.old);
        json_set_text(json, "policy", r->terms.policy);
        json_set_count(json, "taken_realtime_usec", r->terms.taken_realtime_usec);
        if (deadline == USEC_UNSET)
                json_set(json, "left_usec", NULL);
        else
                json_set_count(json, "left_usec", usec_since(deadline, now_usec));
        return json;
}

/* Those that are asked for: by default all. l: NULL: there is no such file, so nothing is leased.
 * Returns how many. */
static size_t list(const Ctl *ctl, LeaseLedger *l) {
        _cleanup_(json_unrefp) Json *json = json_new_object();
        usec_t now = clock_monotonic_usec();
        Json *leases = json_new_list();
        size_t n = 0;

        for (uint32_t i = 0; l && i < LEDGER_RECORDS_MAX; i++) {
                const LeaseRecord *r = lease_ledger_record(l, i);

                if (!lease_record_is_owed(r) || (ctl->lease != 0 && r->terms.id != ctl->lease))
                        continue;
                n++;
                if (ctl->dry_run && ctl->json == JSON_OFF)
                        fputs("would give back ", ctl->out);
                if (ctl->json == JSON_OFF)
                        print_lease(ctl, r, now);
                else
                        json_append(leases, describe_lease(r, now));
        }
        json_set_number(json, "schema_version", SCHEMA_VERSION);
        json_set(json, "leases", leases);
        if (ctl->json != JSON_OFF)
                json_write(json, ctl->json, ctl->out);
        else if (n == 0 && ctl->lease == 0)
                fputs("nothing is leased\n", ctl->out);
        return n;
}

static int list_all(const Ctl *ctl, const Place *place) {
        LeaseLedger *l = NULL;
        int r = lease_ledger_open(place->path, LEDGER_LOOK, place->boot_id, &l);
        size_t n;

        if (r < 0 && r != -ENOENT)
                return explain_file(ctl, place, r);
        n = list(ctl, l);
        lease_ledger_free(l);
        if (n > 0 || ctl->lease == 0)
                return CTL_OK;
        ctl_error(ctl, "there is no lease %" PRIu64, ctl->lease);
        return CTL_FAILED;
}

/* ---- giving back
 * --------------------------------------------------------------------------------- */

static int ask_release(const Ctl *ctl, AvertClient *client, const char *about _unused_,
        bool *ret_done, char **ret_message) {
        return avert_client_release_leases(client, ctl->lease, ret_done, ret_message);
}

typedef struct Release {
        const Ctl *ctl;
        size_t n_dropped, n_failed;
} Release;

static void on_returned(void *ctx, const LeaseTerms *terms, uint64_t ours _unused_, int result) {
        Release *release = ctx;

        if (lease_replay_is_over(result)) {
                release->n_dropped++;
                return;
        }
        release->n_failed++;
        ctl_error(release->ctl, "%s of %s: %s", lease_file_name((LeaseFile) terms->file),
                terms->path, strerror(-result));
}

static int release_here(const Ctl *ctl, const Place *place, LeaseLedger *l) {
        Release release = { .ctl = ctl };
        char text[128];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        if (l)
                (void) lease_replay(l, place->root.cgroup_fd,
                        &(LeaseReplay){ .scope = ctl->lease == 0 ? LEASES_ALL : LEASES_ONE,
                                .id = ctl->lease,
                                .on_returned = on_returned,
                                .ctx = &release });
        if (ctl->lease != 0 && release.n_dropped + release.n_failed == 0)
                textbuf_addf(&b, "there is no lease %" PRIu64, ctl->lease);
        else
                textbuf_addf(&b, "%zu given back", release.n_dropped);
        if (release.n_failed > 0)
                textbuf_addf(&b, ", %zu could not be", release.n_failed);
        return verdict_print(
                ctl, release.n_failed == 0 && (ctl->lease == 0 || release.n_dropped > 0), text);
}

/* Whoever has the lock is the daemon. It also has the say about those who may not touch the file.
 */
static int release(const Ctl *ctl, const Place *place) {
        LeaseLedger *l = NULL;
        int r = lease_ledger_open(place->path, LEDGER_REPAIR, place->boot_id, &l);

        if (r == -EBUSY || r == -EACCES || r == -EPERM)
                return verdict_ask(ctl, ask_release, NULL, "give leases back");
        if (r < 0 && r != -ENOENT)
                return explain_file(ctl, place, r);
        r = release_here(ctl, place, l);
        lease_ledger_free(l);
        return r;
}

int verb_leases(Ctl *ctl, int argc, char *const *argv) {
        _cleanup_(place_done) Place place;
        bool release_wanted;
        int r;

        (void) argc;
        (void) argv;
        r = find_place(ctl, &place);
        if (r != CTL_OK)
                return r;
        release_wanted = ctl->given & (option_bit(OPTION_RELEASE) | option_bit(OPTION_RELEASE_ALL));
        if (ctl->dry_run && !release_wanted) {
                ctl_error(ctl,
                        "--dry-run of what? with --release N or --release-all it says what "
                        "would be given back");
                return CTL_USAGE;
        }
        return release_wanted && !ctl->dry_run ? release(ctl, &place) : list_all(ctl, &place);
}
