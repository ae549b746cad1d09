#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one lint: lint.py NAME SOURCE_ROOT [BUILD_ROOT]. Each complaint is file:line: sentence. Exit 0, 1, or 77 with a
reason when a tool it needs is not installed."""

import importlib
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from skip import Skip  # noqa: E402


def run(name, root, build=None):
    lint = importlib.import_module(name)
    return lint.check(root, build) if getattr(lint, 'NEEDS_BUILD', False) else lint.check(root)


def main():
    name, root = sys.argv[1], os.path.abspath(sys.argv[2])
    build = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else None
    try:
        bad = run(name, root, build)
    except Skip as e:
        print('skipped: %s' % e)
        return 77
    for line in bad:
        print(line)
    print('%s: %s' % (name, '%d complaints' % len(bad) if bad else 'clean'))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
