# SPDX-License-Identifier: LGPL-2.1-or-later
"""C is formatted as .clang-format says. Version 14, Debian 12's: others differ in small things."""

import re
import subprocess

import tree
from skip import need


def check(root):
    tool = need('clang-format-14')
    paths = tree.files(root, tree.C)
    done = subprocess.run([tool, '--dry-run', '--style=file'] + paths, cwd=root,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    bad = re.findall(r'^([^:\n]+:\d+):\d+: warning: (.*)$', done.stdout, re.M)
    if done.returncode != 0 and not bad:
        return ['.clang-format:1: ' + done.stdout.strip()]
    return ['%s: %s' % (where, what) for where, what in bad]
