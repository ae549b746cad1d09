# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may include whom: the architecture, as data. Includes are written from lib/, so the layer is in the line."""

import re

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')

LAYERS = ('base', 'kernel', 'config', 'core', 'engine', 'describe', 'client')

# Place of the file (longest prefix wins) -> layers of lib/ that it may include.
MAY_USE = {
    'lib/base/': {'base'},
    'lib/kernel/': {'base', 'kernel'},
    'lib/config/': {'base', 'config'},
    'lib/core/': {'base', 'core'},  # and config/config.h: ALSO
    'lib/engine/': {'base', 'kernel', 'config', 'core', 'engine'},
    'lib/describe/': {'base', 'kernel', 'config', 'core', 'engine', 'describe'},
    'lib/client/': {'base', 'client'},
    'daemon/': set(LAYERS),
    'ctl/': {'base', 'config', 'core', 'engine', 'describe', 'client'},
    'tests/': set(LAYERS),
    'examples/': set(),  # stand alone: they are copied from
}

# Single headers allowed beyond that.
ALSO = {
    'lib/core/': {'config/config.h'},
    'ctl/': {'kernel/sysroot.h'},  # what replay opens; the engine's interface takes it
}

# Headers outside lib/ that a place may include.
PROGRAMS = {'daemon/': 'daemon/', 'ctl/': 'ctl/', 'tests/': 'tests/'}

# core cannot open, read, sleep or print, because it has no header for it. A broken invariant may still end it.
SYSTEM_ONLY = {
    'lib/core/': {'assert.h', 'inttypes.h', 'stdint.h', 'stdbool.h', 'stddef.h', 'string.h', 'stdlib.h'},
}
NOT_FOR = {
    'lib/core/': {'base/fdio.h', 'base/ring.h'},
}

# A foreign library and the files that own it.
ONLY_IN = {
    'yaml.h': ('lib/config/yaml-tree.c',),
    'libcgroup.h': ('lib/kernel/own-cgroup.c',),
    'curses.h': ('ctl/top-screen.c',),
    'json-c/': ('ctl/json-', 'daemon/json-', 'lib/describe/json-'),
    'systemd/sd-bus.h': ('lib/client/', 'daemon/bus', 'daemon/unit-job.'),
    'systemd/sd-bus-vtable.h': ('daemon/bus',),
    'systemd/sd-event.h': ('daemon/',),
    'systemd/sd-journal.h': ('daemon/sink-journal.c',),
    'systemd/sd-daemon.h': ('daemon/',),
    'systemd/sd-login.h': (),
    'check.h': ('tests/',),
}

CLOCKS = re.compile(r'\b(clock_(monotonic|boottime|realtime)_usec|clock_gettime|time|gettimeofday)\s*\(')


def place_of(path):
    for prefix in sorted(MAY_USE, key=len, reverse=True):
        if path.startswith(prefix):
            return prefix
    return None


def check_include(path, place, quoted, header):
    """A sentence about what is wrong with this include, or None."""
    top = header.split('/')[0]
    for foreign, owners in ONLY_IN.items():
        if header == foreign or (foreign.endswith('/') and header.startswith(foreign)):
            if not path.startswith('tests/') and not path.startswith(owners):
                return '<%s> belongs in %s only' % (header, ' or '.join(owners) or 'no file')

    if not quoted:
        allowed = SYSTEM_ONLY.get(place)
        if allowed is not None and header not in allowed:
            return '%s may not include <%s>' % (place, header)
        return None

    if header in NOT_FOR.get(place, ()):
        return '%s may not include "%s"' % (place, header)
    if header in ALSO.get(place, ()):
        return None
    if top in LAYERS and '/' in header:
        if top not in MAY_USE[place]:
            return '%s may not include "%s"' % (place, header)
        return None
    for program in PROGRAMS.values():
        if header.startswith(program):
            return None if place in (program, 'tests/') else '%s may not include "%s"' % (place, header)
    return 'write the include from lib/ or the top: "%s"' % header


def check(root):
    bad = []
    for path in tree.files(root, tree.C):
        place = place_of(path)
        if place is None:
            bad.append('%s:1: C outside of lib/, daemon/, ctl/, examples/ and tests/' % path)
            continue
        for number, line in tree.lines(root, path):
            m = INCLUDE.match(line)
            if m:
                sentence = check_include(path, place, m.group(1) == '"', m.group(2))
                if sentence:
                    bad.append('%s:%d: %s' % (path, number, sentence))
        if place == 'lib/core/':
            text = tree.without_comments(tree.read(root, path))
            for number, line in enumerate(text.splitlines(), 1):
                if CLOCKS.search(line):
                    bad.append('%s:%d: core gets the time as an argument' % (path, number))
    return bad
