# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is shipped in conf/ loads, by the daemon's own check and by avertctl's."""

import os
import subprocess

import tree

NEEDS_BUILD = True


def check(root, build):
    policies = ['conf/' + p for p in tree.files(os.path.join(root, 'conf'), ('.yaml',))]
    bad = []
    for path in policies:
        for command in (['daemon/avertd', '--check-config', '--config', path], ['ctl/avertctl', 'check', path]):
            done = subprocess.run([os.path.join(build, command[0])] + command[1:], cwd=root,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, check=False, timeout=20)
            if done.returncode != 0:
                bad.append('%s:1: %s says %d: %s' %
                           (path, command[0], done.returncode, done.stdout.strip()[:300]))
    if not policies:
        bad.append('conf:1: there is no policy')
    return bad
