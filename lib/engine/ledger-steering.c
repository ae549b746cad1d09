/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/ledger-steering.h"

#include <string.h>

#include "base/hash.h"
#include "base/macro.h"

/* Never 0. */
static uint64_t checksum(const Steering *s) {
        return MAX(hash_bytes(HASH_START, s, sizeof(*s)), UINT64_C(1));
}

void ledger_steering_save(LeaseLedger *l, const Steering *steering) {
        LedgerSteering *to = lease_ledger_steering(l);

        atomic_store(&to->seal, 0);
        memcpy(&to->steering, steering, sizeof(*steering));
        atomic_store(&to->seal, checksum(&to->steering));
}

bool ledger_steering_load(LeaseLedger *l, Steering *ret) {
        const LedgerSteering *from = lease_ledger_steering(l);
        const Steering *s = &from->steering;

        if (atomic_load(&from->seal) != checksum(s) || s->n_wards > STEERING_WARDS_MAX)
                return false;
        for (size_t i = 0; i < s->n_wards; i++)
                if ((unsigned) s->wards[i].kind >= _WARD_MAX ||
                        !memchr(s->wards[i].name, '\0', sizeof(s->wards[i].name)))
                        return false;
        memcpy(ret, s, sizeof(*ret));
        return true;
}
