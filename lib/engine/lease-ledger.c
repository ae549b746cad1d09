/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/lease-ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/hash.h"
#include "base/macro.h"

enum { VERSION = 4 };

static const char magic[8] = "avertlea";

typedef struct LedgerHead {
        char magic[8]; /* stored last */
        uint32_t version;
        uint32_t n_records;
        uint64_t size; /* of the file */
        char boot_id[BOOT_ID_SIZE];
        _Atomic(uint64_t) last_id;
        _Atomic(uint64_t) unfinished; /* bool */
} LedgerHead;

typedef struct LedgerFile {
        LedgerHead head;
        LeaseRecord records[LEDGER_RECORDS_MAX];
        LedgerBudget budgets[BUDGETS_MAX];
        LedgerGain gains[LEDGER_GAINS_MAX];
        LedgerGroupGain group_gains[LEDGER_GROUP_GAINS_MAX];
        LedgerSteering steering;
} LedgerFile;

typedef struct Claim {
        atomic_uint word; /* ClaimState, and the lease above CLAIM_BITS */
        atomic_bool held;
        atomic_uint *pinned; /* who holds it */
} Claim;

enum { CLAIM_BITS = 8 };

struct LeaseLedger {
        int fd;    /* owner: main */
        bool acts; /* has the acting seat */
        char boot_id[BOOT_ID_SIZE];
        LedgerFile *file; /* NULL: only the seats */
        Claim claims[LEDGER_RECORDS_MAX];
};

_Static_assert(_Alignof(LeaseRecord) == 8 && sizeof(LeaseRecord) % 8 == 0, "words");

void lease_ledger_path(const char *bus_path, TextBuf *ret) {
        textbuf_add_beside(ret, bus_path, "leases");
}

int lease_ledger_boot_id(int proc_fd, char *ret, size_t size) {
        ssize_t n = fdio_read_at(proc_fd, "sys/kernel/random/boot_id", ret, size);

        if (n < 0)
                return (int) n;
        while (n > 0 && (unsigned char) ret[n - 1] <= ' ')
                ret[--n] = '\0';
        return n > 0 ? 0 : -EBADMSG;
}

/* ---- the file
 * ------------------------------------------------------------------------------------ */

/* A lock of the process, not of the descriptor: a child that was forked and lives on after us does
 * not keep it. Each seat is a byte of the file. */
static struct flock seat_lock(LedgerSeat seat, short type) {
        return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = seat, .l_len = 1 };
}

static int sit(int fd, LedgerSeat seat) {
        struct flock lock = seat_lock(seat, F_WRLCK);

        if (fcntl(fd, F_SETLK, &lock) == 0)
                return 0;
        return errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
}

static bool takes_seat(LedgerAccess access) {
        return access == LEDGER_DAEMON || access == LEDGER_REPAIR;
}

static int open_file(const char *path, LedgerAccess access, int *ret) {
        int flags = access == LEDGER_LOOK ? O_RDONLY : O_RDWR;
        int fd, r;

        if (access == LEDGER_DAEMON)
                flags |= O_CREAT;
        fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0)
                return -errno;
        r = takes_seat(access) ? sit(fd, SEAT_ACTING) : 0;
        if (r < 0) {
                close_fd(fd);
                return r;
        }
        *ret = fd;
        return 0;
}

/* 0; -ENOENT: it is empty; -EBADMSG: it is no ledger of this version; other negative errno. */
static int check_size(int fd) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        if ((uint64_t) st.st_size == sizeof(LedgerFile))
                return 0;
        return st.st_size == 0 ? -ENOENT : -EBADMSG;
}

/* Room is taken now: a store into a hole of a full file system would be a SIGBUS. It is not emptied
 * before: a standby of another version may look at the head just now. */
static int size_file(int fd) {
        static const char none[sizeof(magic)];
        int r = check_size(fd);

        if (r != -ENOENT && r != -EBADMSG)
                return r;
        if (pwrite(fd, none, sizeof(none), 0) != (ssize_t) sizeof(none))
                return -EIO;
        r = -posix_fallocate(fd, 0, sizeof(LedgerFile));
        return r < 0 || ftruncate(fd, sizeof(LedgerFile)) == 0 ? r : -errno;
}

static bool is_ours(const LedgerHead *h, const char *boot_id) {
        return memcmp(h->magic, magic, sizeof(magic)) == 0 && h->version == VERSION &&
                h->n_records == LEDGER_RECORDS_MAX && h->size == sizeof(LedgerFile) &&
                strncmp(h->boot_id, boot_id, sizeof(h->boot_id)) == 0;
}

/* (4) The magic says that the rest is there. */
static void begin_file(LedgerFile *f, const char *boot_id) {
        memset(f->head.magic, 0, sizeof(f->head.magic));
        atomic_thread_fence(memory_order_seq_cst);
        memset(f->records, 0, sizeof(f->records));
        memset(f->budgets, 0, sizeof(f->budgets));
        memset(f->gains, 0, sizeof(f->gains));
        memset(f->group_gains, 0, sizeof(f->group_gains));
        memset(&f->steering, 0, sizeof(f->steering));
        f->head.version = VERSION;
        f->head.n_records = LEDGER_RECORDS_MAX;
        f->head.size = sizeof(*f);
        (void) text_copy(f->head.boot_id, sizeof(f->head.boot_id), boot_id);
        atomic_store(&f->head.last_id, 0);
        atomic_store(&f->head.unfinished, 0);
        atomic_thread_fence(memory_order_seq_cst);
        memcpy(f->head.magic, magic, sizeof(magic));
}

static int map_file(LeaseLedger *l, LedgerAccess access) {
        int protection = access == LEDGER_LOOK ? PROT_READ : PROT_READ | PROT_WRITE;
        void *at = mmap(NULL, sizeof(LedgerFile), protection, MAP_SHARED | MAP_POPULATE, l->fd, 0);

        if (at == MAP_FAILED)
                return -errno;
        l->file = at;
        if (access == LEDGER_DAEMON || access == LEDGER_SHARED)
                (void) mlock(at, sizeof(LedgerFile)); /* not permitted: it is in memory for now */
        return 0;
}

int lease_ledger_make(LeaseLedger *l) {
        int r = size_file(l->fd);

        if (r == 0 && !l->file)
                r = map_file(l, LEDGER_DAEMON);
        if (r == 0 && !is_ours(&l->file->head, l->boot_id))
                begin_file(l->file, l->boot_id);
        return r;
}

bool lease_ledger_is_current(const LeaseLedger *l) {
        struct stat st;

        return fstat(l->fd, &st) == 0 && st.st_nlink > 0 && l->file && check_size(l->fd) == 0 &&
                is_ours(&l->file->head, l->boot_id);
}

static int open_parts(LeaseLedger *l, const char *path, LedgerAccess access) {
        int r = open_file(path, access, &l->fd);

        if (r < 0 || access == LEDGER_SEATS)
                return r;
        if (access == LEDGER_DAEMON)
                return lease_ledger_make(l);
        r = check_size(l->fd);
        if (r == 0)
                r = map_file(l, access);
        return r < 0 || is_ours(&l->file->head, l->boot_id) ? r : -ENOENT;
}

int lease_ledger_open(
        const char *path, LedgerAccess access, const char *boot_id, LeaseLedger **ret) {
        _cleanup_(lease_ledger_freep) LeaseLedger *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        l->fd = FD_NONE;
        l->acts = takes_seat(access); /* or it is not opened at all */
        (void) text_copy(l->boot_id, sizeof(l->boot_id), boot_id);
        r = open_parts(l, path, access);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(l);
        return 0;
}

LeaseLedger *lease_ledger_free(LeaseLedger *l) {
        if (!l)
                return NULL;

        if (l->file)
                (void) munmap(l->file, sizeof(*l->file));
        close_fd(l->fd);
        free(l);
        return NULL;
}

int lease_ledger_sit(LeaseLedger *l, LedgerSeat seat) {
        int r = sit(l->fd, seat);

        if (r == 0 && seat == SEAT_ACTING)
                l->acts = true;
        return r;
}

bool lease_ledger_acts(const LeaseLedger *l) {
        return l->acts;
}

void lease_ledger_rise(LeaseLedger *l, LedgerSeat seat) {
        struct flock lock = seat_lock(seat, F_UNLCK);

        (void) fcntl(l->fd, F_SETLK, &lock);
        if (seat == SEAT_ACTING)
                l->acts = false;
}

pid_t lease_ledger_sitter(const LeaseLedger *l, LedgerSeat seat) {
        struct flock lock = seat_lock(seat, F_WRLCK);

        if (fcntl(l->fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
                return 0;
        return lock.l_pid;
}

void lease_ledger_set_unfinished(LeaseLedger *l, bool unfinished) {
        atomic_store(&l->file->head.unfinished, unfinished);
}

bool lease_ledger_is_unfinished(const LeaseLedger *l) {
        return atomic_load(&l->file->head.unfinished) != 0;
}

/* ---- records
 * ------------------------------------------------------------------------------------- */

/* Never 0. */
static uint64_t checksum(const LeaseTerms *terms) {
        return MAX(hash_bytes(HASH_START, terms, sizeof(*terms)), UINT64_C(1));
}

LeaseRecord *lease_ledger_record(LeaseLedger *l, uint32_t i) {
        return &l->file->records[i];
}

LedgerBudget *lease_ledger_budget(LeaseLedger *l, uint32_t i) {
        return &l->file->budgets[i];
}

LedgerGain *lease_ledger_gains(LeaseLedger *l) {
        return l->file->gains;
}

LedgerGroupGain *lease_ledger_group_gains(LeaseLedger *l) {
        return l->file->group_gains;
}

LedgerSteering *lease_ledger_steering(LeaseLedger *l) {
        return &l->file->steering;
}

bool lease_record_is_owed(const LeaseRecord *r) {
        uint64_t seal = atomic_load_explicit(&r->seal, memory_order_acquire);

        return seal != 0 && seal == checksum(&r->terms) && r->terms.file < _LEASE_FILE_MAX &&
                memchr(r->terms.path, '\0', sizeof(r->terms.path)) &&
                memchr(r->terms.policy, '\0', sizeof(r->terms.policy));
}

size_t lease_ledger_count(LeaseLedger *l) {
        size_t n = 0;

        for (uint32_t i = 0; i < LEDGER_RECORDS_MAX; i++)
                n += lease_record_is_owed(&l->file->records[i]);
        return n;
}

void lease_record_seal(LeaseRecord *r) {
        atomic_store(&r->seal, checksum(&r->terms));
}

/* ---- claims
 * -------------------------------------------------------------------------------------- */

static unsigned claim_word(ClaimState state, uint32_t lease) {
        return (unsigned) state | lease << CLAIM_BITS;
}

static ClaimState state_of(unsigned word) {
        return (ClaimState) (word & ((1U << CLAIM_BITS) - 1));
}

ClaimState lease_ledger_state(const LeaseLedger *l, uint32_t i) {
        return state_of(atomic_load(&l->claims[i].word));
}

uint32_t lease_ledger_find(LeaseLedger *l, uint32_t lease, bool *ret_withdrawn) {
        for (uint32_t i = 0; i < LEDGER_RECORDS_MAX; i++) {
                unsigned word = atomic_load(&l->claims[i].word);
                bool withdrawn = word == claim_word(CLAIM_WITHDRAWN, lease);

                if (!withdrawn && word != claim_word(CLAIM_HELD, lease))
                        continue;
                if (ret_withdrawn)
                        *ret_withdrawn = withdrawn;
                return i;
        }
        return LEDGER_NONE;
}

uint32_t lease_ledger_claim(LeaseLedger *l, uint32_t lease, const LeaseTerms *terms) {
        for (uint32_t i = 0; i < LEDGER_RECORDS_MAX; i++) {
                LeaseRecord *r = &l->file->records[i];
                Claim *c = &l->claims[i];

                if (lease_ledger_state(l, i) != CLAIM_FREE || atomic_load(&c->held) ||
                        atomic_load(&r->seal) != 0)
                        continue;
                r->terms = *terms;
                r->terms.id = atomic_fetch_add(&l->file->head.last_id, 1) + 1;
                atomic_store(&c->word, claim_word(CLAIM_HELD, lease));
                return i;
        }
        return LEDGER_NONE;
}

void lease_ledger_abandon(LeaseLedger *l, uint32_t i) {
        bool owed = atomic_load(&l->file->records[i].seal) != 0;

        atomic_store(&l->claims[i].word, owed ? CLAIM_ABANDONED : CLAIM_FREE);
}

bool lease_ledger_hold(LeaseLedger *l, uint32_t i) {
        return !atomic_exchange_explicit(&l->claims[i].held, true, memory_order_acquire);
}

void lease_ledger_release(LeaseLedger *l, uint32_t i) {
        atomic_store_explicit(&l->claims[i].held, false, memory_order_release);
}

void lease_ledger_pin(LeaseLedger *l, uint32_t i, atomic_uint *uses) {
        if (!uses || l->claims[i].pinned)
                return;
        l->claims[i].pinned = uses;
        atomic_fetch_add_explicit(uses, 1, memory_order_relaxed);
}

void lease_ledger_drop(LeaseLedger *l, uint32_t i, bool withdrawn) {
        Claim *c = &l->claims[i];
        unsigned word = atomic_load(&c->word);
        unsigned next = CLAIM_FREE;

        atomic_store(&l->file->records[i].seal, 0);
        if (c->pinned)
                atomic_fetch_sub_explicit(c->pinned, 1, memory_order_release);
        c->pinned = NULL;

        if (withdrawn && state_of(word) == CLAIM_HELD)
                next = claim_word(CLAIM_WITHDRAWN, word >> CLAIM_BITS);
        atomic_store(&c->word, next);
}
