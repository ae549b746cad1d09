/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One line about a lease, as the daemon describes it. */

#include "base/text.h"
#include "ctl/json-tree.h"

/* "memory.high of build.service: 1.0 GiB, for another 20 s [policy]" */
void lease_text(const Json *lease, TextBuf *out);
