/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A tree of plain files that stands for cgroups, and a ledger beside it: all that is done to them
 * can be done on any machine. Of a file only the first line counts, as with the kernel's. */

#include <stdint.h>

#include "engine/lease-ledger.h"
#include "tests/harness.h"

#define LEASE_BOOT "00000000-0000-0000-0000-000000000001"

typedef struct LeaseFixture {
        Fixture f;
        char path[300]; /* of the ledger */
        LeaseLedger *ledger;
} LeaseFixture;

/* With cgroups /a and /b (memory.high max, memory.max 1 GiB, memory.swap.max 0, cgroup.freeze 0)
 * and an open ledger. */
void lease_fixture_init(LeaseFixture *f);
void lease_fixture_done(LeaseFixture *f);

/* Closes the ledger and opens it again, as the next daemon would. */
void lease_fixture_reopen(LeaseFixture *f);

/* Makes the cgroup /name, another one than before if there was one. */
void lease_fixture_group(const LeaseFixture *f, const char *name);
void lease_fixture_remove_group(const LeaseFixture *f, const char *name);

uint64_t lease_fixture_inode(const LeaseFixture *f, const char *name);

/* A file of a cgroup ("a/memory.high") as the kernel would show it, and as somebody else writes it.
 */
uint64_t lease_fixture_value(const LeaseFixture *f, const char *file);
void lease_fixture_write(const LeaseFixture *f, const char *file, const char *text);

/* Opens it for reading and writing. */
int lease_fixture_open(const LeaseFixture *f, const char *file);

/* What is to be remembered of a file of the cgroup /name. */
LeaseTerms lease_fixture_terms(const LeaseFixture *f, const char *name, LeaseFile file);
