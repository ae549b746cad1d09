# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shell scripts pass shellcheck."""

import os
import re
import subprocess

import tree
from skip import need


def check(root):
    tool = need('shellcheck')
    scripts = []
    for path in tree.files(root):
        full = os.path.join(root, path)
        if os.path.islink(full) or not os.path.isfile(full):
            continue
        with open(full, 'rb') as f:
            if re.match(rb'#!\S*(?:/env )?/?\S*\b(ba|da)?sh\b', f.readline()):
                scripts.append(path)
    done = subprocess.run([tool, '--format=gcc', '--severity=style'] + scripts, cwd=root,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return [line for line in done.stdout.splitlines() if line.strip()]
