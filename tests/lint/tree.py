# SPDX-License-Identifier: LGPL-2.1-or-later
"""The source tree as the lints see it."""

import os

C = ('.c', '.h')
SKIPPED = {'.git', '__pycache__', '.cache'}


def is_build_dir(path):
    return os.path.isdir(os.path.join(path, 'meson-private'))


def files(root, suffixes=None):
    """Paths relative to root, sorted; build directories left out."""
    found = []
    for top, dirs, names in os.walk(root):
        dirs[:] = [d for d in dirs if d not in SKIPPED and not is_build_dir(os.path.join(top, d))]
        for name in names:
            if suffixes is None or name.endswith(suffixes):
                found.append(os.path.relpath(os.path.join(top, name), root))
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8', errors='replace') as f:
        return f.read()


def lines(root, path):
    """(number, line) from 1."""
    return enumerate(read(root, path).splitlines(), 1)


def without_comments(text):
    """C text with comments and the insides of strings blanked; the line numbers stay."""
    out = []
    i, n = 0, len(text)
    while i < n:
        if text.startswith('/*', i):
            end = text.find('*/', i + 2)
            end = n if end < 0 else end + 2
            out.append(''.join(c if c == '\n' else ' ' for c in text[i:end]))
            i = end
        elif text[i] in '"\'':
            quote, j = text[i], i + 1
            while j < n and text[j] != quote and text[j] != '\n':
                j += 2 if text[j] == '\\' else 1
            out.append(quote + ' ' * max(0, j - i - 1) + quote)
            i = j + 1
        else:
            out.append(text[i])
            i += 1
    return ''.join(out)
