/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/steering-box.h"

enum {
        PLACE = 3,
        NEW = 4,
};

void steering_box_init(SteeringBox *b) {
        b->filled = 0;
        b->read = 1;
        atomic_init(&b->middle, 2);
}

void steering_box_put(SteeringBox *b, const Steering *steering) {
        b->places[b->filled] = *steering;
        b->filled = atomic_exchange(&b->middle, b->filled | NEW) & PLACE;
}

bool steering_box_take(SteeringBox *b, Steering *ret) {
        if (!(atomic_load(&b->middle) & NEW))
                return false;
        b->read = atomic_exchange(&b->middle, b->read) & PLACE;
        *ret = b->places[b->read];
        return true;
}
