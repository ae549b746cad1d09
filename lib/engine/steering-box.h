/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where main leaves the steering for the sentinel: the latest counts, nobody waits for anybody, and
 * there is always room. Three places: one that main fills, one that the sentinel reads, and one
 * that lies between them and is exchanged for either. */

#include <stdatomic.h>
#include <stdbool.h>

#include "core/steering.h"

typedef struct SteeringBox {
        Steering places[3];
        unsigned filled;    /* main's */
        unsigned read;      /* the sentinel's */
        atomic_uint middle; /* the place between them, and whether it is new */
} SteeringBox;

void steering_box_init(SteeringBox *b);

/* Main. */
void steering_box_put(SteeringBox *b, const Steering *steering);

/* Sentinel: false when there is nothing new; *ret untouched then. */
bool steering_box_take(SteeringBox *b, Steering *ret);
