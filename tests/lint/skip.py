# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a lint raises when a tool is not installed."""

import shutil


class Skip(Exception):
    """The text says what is missing."""


def need(*names):
    """The path of the first of these tools that is there."""
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    raise Skip('%s is not installed' % ' or '.join(names))
