/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whom people mean when they want somebody protected: a pid, a unit, or a cgroup. */

#include "base/text.h"
#include "core/steering.h"

/* "4312", "ssh.service", "ssh" (a service), "/user.slice/user-1000.slice": kind, pid and name of
 * *ret. 0; -EINVAL, and a sentence in *reterr. */
int steer_target_parse(const char *text, Ward *ret, TextBuf *reterr);
