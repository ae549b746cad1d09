# SPDX-License-Identifier: LGPL-2.1-or-later
"""The unit files: systemd understands every line, and the service is no more exposed than promised."""

import os
import re
import shutil
import subprocess
import tempfile

import tree
from skip import Skip, need

NEEDS_BUILD = True
EXPOSURE_MAX = {'avertd.service': 20, 'avert-units.service': 10, 'avert-standby.service': 20}  # tenths; oomd has 20


def run(*command, **kwargs):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, timeout=120, **kwargs)


def verify(tool, name, path, installed):
    """Complaints about one unit, in a root that holds what would be installed beside it."""
    done = run(tool, 'verify', '--man=no', '--recursive-errors=no', path,
               env=dict(os.environ, SYSTEMD_UNIT_PATH=os.path.dirname(path) + ':'))
    bad = []
    for line in done.stdout.splitlines():
        # the program is not installed here, only built
        if name not in line or re.search(r'Command .* is not executable|Failed to prepare filename .*/avert', line):
            continue
        bad.append('systemd/%s:1: %s' % (name, line.replace(installed, '')))
    return bad


def expose(tool, path, installed):
    """Complaints about what one service could do, when it is one of ours that has promised something."""
    name = os.path.basename(path)
    most = EXPOSURE_MAX.get(name)
    if most is None:
        return []
    service = os.path.join(installed, name)
    shutil.copy(path, service)
    done = run(tool, 'security', '--offline=true', '--threshold=%d' % most, '--no-pager', service)
    level = re.findall(r'Overall exposure level.*', done.stdout)
    if not level:
        raise Skip('systemd-analyze security does not work here: ' + done.stdout.strip()[-200:])
    print(level[0])
    if done.returncode == 0:
        return []
    return ['systemd/%s:1: more than %.1f: %s' % (name, most / 10, level[0])]


def check(root, build):
    tool = need('systemd-analyze')
    meson = need('meson')
    bad = []
    with tempfile.TemporaryDirectory(prefix='avert-units-') as installed:
        done = run(meson, 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir', installed)
        if done.returncode != 0:
            return ['meson.build:1: meson install: ' + done.stdout.strip()[-300:]]
        units = [p for p in tree.files(installed) if re.search(r'/systemd/system/[^/]+\.(service|slice|socket)$', p)]
        if not any(p.endswith('avertd.service') for p in units):
            return ['systemd:1: avertd.service is not installed']
        for path in units:
            bad += verify(tool, os.path.basename(path), os.path.join(installed, path), installed)
            bad += expose(tool, os.path.join(installed, path), installed)
    return bad
