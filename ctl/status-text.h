/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The daemon's self-description as a page of text, 80 columns wide. Pure but for the stream it
 * writes to. */

#include "ctl/ctl.h"
#include "ctl/json-tree.h"

void status_print(const Ctl *ctl, const Json *description);

/* Parts of it, each a section with its heading. */
void status_print_sources(const Ctl *ctl, const Json *description);
void status_print_policies(const Ctl *ctl, const Json *description);
void status_print_cgroups(const Ctl *ctl, const Json *d);
void status_print_steering(const Ctl *ctl, const Json *d);
void status_print_incidents(const Ctl *ctl, const Json *description);
void status_print_leases(const Ctl *ctl, const Json *description); /* nothing where there is none */
void status_print_counters(const Ctl *ctl, const Json *description);
