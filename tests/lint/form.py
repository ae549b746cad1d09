# SPDX-License-Identifier: LGPL-2.1-or-later
"""Form that a compiler does not see: licence line, file names, sizes, paths of somebody's machine."""

import os
import re

import tree

SPDX = 'SPDX-License-Identifier: LGPL-2.1-or-later'
CODE = ('.c', '.h', '.py', '.sh', 'meson.build')
NOUNLESS = {'util', 'utils', 'common', 'misc', 'helper', 'helpers', 'manager', 'stuff', 'tools'}

# Beyond the first a noun is probably missing: said. Beyond the second it surely is: refused.
FILE_LINES = (400, 500)
FUNCTION_LINES = (60, 90)
# A test is a table and grows with what is known; it is read row by row.
TEST_FILE_LINES = (1000, 1500)

FUNCTION = re.compile(r'^(?!struct\b|union\b|enum\b|typedef\b|#)[A-Za-z_].*\)\s*\{$')
MACHINE = re.compile(r'(?<![\w.*}\])])/(work' + r'/|tmp/' + r'h\b)')  # split: it must not find itself
MACHINE_OK = ('tests/replay/', 'tests/corpus/')  # recordings and samples may name anybody's paths


def is_script(root, path):
    full = os.path.join(root, path)
    if not os.access(full, os.X_OK) or os.path.islink(full):
        return False
    with open(full, 'rb') as f:
        return f.read(2) == b'#!'


def functions(text):
    """(line, length) of each function, by the form that clang-format leaves."""
    start = None
    for number, line in enumerate(text.splitlines(), 1):
        if start is None and FUNCTION.match(line):
            start = number
        elif start is not None and line.startswith('}'):
            yield start, number - start + 1
            start = None


def limit(path, number, what, size, caps, bad, remarks):
    if size > caps[1]:
        bad.append('%s:%d: %s of %d lines, the limit is %d' % (path, number, what, size, caps[1]))
    elif size > caps[0]:
        remarks.append('%s:%d: %s of %d lines; %d is a sign that a noun is missing' %
                       (path, number, what, size, caps[0]))


def check(root):
    bad, remarks = [], []
    for path in tree.files(root):
        name = os.path.basename(path)
        stem = name.split('.')[0]
        if any(word in NOUNLESS for word in re.split(r'[-_]', stem)) and name.endswith(tree.C):
            bad.append('%s:1: a file is named by the noun that it owns' % path)
        if path.endswith(tree.C) and '_' in stem:
            bad.append('%s:1: file names are written with hyphens' % path)

        if path.endswith(CODE) or is_script(root, path):
            head = '\n'.join(tree.read(root, path).split('\n', 2)[:2])
            if SPDX not in head:
                bad.append('%s:1: the licence line is missing' % path)

        if path.endswith('.c'):
            text = tree.read(root, path)
            caps = TEST_FILE_LINES if path.startswith('tests/') else FILE_LINES
            limit(path, 1, 'file', text.count('\n'), caps, bad, remarks)
        if path.endswith(tree.C):
            for number, size in functions(tree.read(root, path)):
                limit(path, number, 'function', size, FUNCTION_LINES, bad, remarks)
            for number, line in tree.lines(root, path):
                if '\t' in line:
                    bad.append('%s:%d: a tab' % (path, number))

        if not path.startswith(MACHINE_OK):
            for number, line in tree.lines(root, path):
                if MACHINE.search(line):
                    bad.append('%s:%d: a path of one machine: %s' % (path, number, line.strip()[:60]))
    for remark in remarks:
        print('remark: ' + remark)
    return bad
