#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libavert shows is what avert.h declares and what libavert.sym lists: three times the same names."""

import re
import subprocess
import sys


def exported(library):
    """Defined dynamic symbols without their version, and without the version node itself."""
    listing = subprocess.run(['nm', '-D', '--defined-only', library], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    rows = [line.split() for line in listing.splitlines()]
    return {row[2].split('@')[0] for row in rows if row[1] != 'A'}


def declared(header):
    with open(header, encoding='utf-8') as file:
        text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.S)
    return set(re.findall(r'\b(avert_\w+)\s*\(', text))


def listed(symbols):
    with open(symbols, encoding='utf-8') as file:
        text = file.read()
    names = re.findall(r'^\s+(\w+);', text.split('local:')[0], flags=re.M)
    if names != sorted(names):
        sys.exit(f'{symbols}: the names are not in order')
    return set(names)


def main():
    library, header, symbols = sys.argv[1:]
    want = listed(symbols)
    bad = []
    for what, names in (('declared in avert.h', declared(header)), ('shown by the library', exported(library))):
        bad += [f'{name} is {what} but not in libavert.sym' for name in sorted(names - want)]
        bad += [f'{name} is in libavert.sym but not {what}' for name in sorted(want - names)]
    for line in bad:
        print(line)
    if not want:
        sys.exit('libavert.sym lists nothing')
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
