/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How fast programs can fill this machine's memory at the worst. */

#include <stdint.h>

/* Fills a few MiB, gives them back and counts it for as many threads as could do so at once. Bytes
 * per second, or 0 when it could not be measured (or available_bytes leaves no room for the trial).
 */
uint64_t fill_ceiling_measure(uint64_t available_bytes);
