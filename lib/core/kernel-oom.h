/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Kills by the kernel's own OOM killer: each is our failure, and is matched to the rule that should
 * have come before it. */

#include "core/judge.h"

/* Compares the kernel's count with the last one and tells what is new. */
void kernel_oom_notice(Judge *j);
