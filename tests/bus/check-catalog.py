#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every kind of event has a MESSAGE_ID, and every MESSAGE_ID an entry in the catalog, which journalctl takes."""

import os
import re
import shutil
import subprocess
import sys
import tempfile


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8') as f:
        return f.read()


def compile_catalog(path):
    """What journalctl says when it compiles the file, "" when all is well."""
    if not shutil.which('journalctl'):
        return ''
    with tempfile.TemporaryDirectory() as root:
        for place in ('usr/lib/systemd/catalog', 'var/lib/systemd/catalog'):
            os.makedirs(os.path.join(root, place))
        shutil.copy(path, os.path.join(root, 'usr/lib/systemd/catalog'))
        done = subprocess.run(['journalctl', '--root=' + root, '--update-catalog'], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding='utf-8', check=False)
        return done.stdout if done.returncode != 0 else ''


# A command to give, a page to read, or the word that nothing is needed.
NEXT = re.compile(r'"(avertctl|systemctl|journalctl) |(see|in) avert\.yaml\(5\)|[Nn]othing is to be done')


def main():
    root = sys.argv[1]
    kinds = re.findall(r'^\s+EVENT_([A-Z_]+),', read(root, 'lib/core/event.h'), re.M)
    ids = dict(re.findall(r'\[EVENT_([A-Z_]+)\] = "([0-9a-f]{32})"', read(root, 'daemon/sink-journal.c')))
    catalog = read(root, 'systemd/avert.catalog')
    entries = re.findall(r'^-- ([0-9a-f]{32})\nSubject: (.+)\nDefined-By: avert\n', catalog, re.M)
    bad = []
    if not kinds:
        bad.append('no kinds found in event.h')
    for kind in kinds:
        if kind not in ids:
            bad.append('%s has no MESSAGE_ID' % kind)
    for kind, message_id in ids.items():
        if [e[0] for e in entries].count(message_id) != 1:
            bad.append('%s: %s is not in the catalog, or more than once' % (kind, message_id))
    for message_id, subject in entries:
        if message_id not in ids.values():
            bad.append('the catalog explains %s (%s), which nobody sends' % (message_id, subject))
    for entry in re.split(r'^(?=-- [0-9a-f]{32}$)', catalog, flags=re.M)[1:]:
        if not NEXT.search(' '.join(entry.split())):
            bad.append('%s: what is to be done next?' % entry.splitlines()[1])
    bad += compile_catalog(os.path.join(root, 'systemd/avert.catalog')).splitlines()

    fields = set(re.findall(r'@(AVERT_[A-Z_]+)@', catalog))
    for field in sorted(fields - set(re.findall(r'"(AVERT_[A-Z_]+)"', read(root, 'daemon/sink-journal.c')))):
        bad.append('the catalog shows %s, which no record has' % field)

    print('\n'.join(bad) if bad else '%d kinds, all explained' % len(kinds))
    sys.exit(1 if bad else 0)


main()
