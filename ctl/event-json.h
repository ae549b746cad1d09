/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An event as the JSON object that the bus carries, for the events of a recording. */

#include "core/event.h"
#include "ctl/json-tree.h"

/* The caller owns the result. */
Json *event_json(const Event *event);
