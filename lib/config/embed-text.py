#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a C file that holds the text of another file: embed-text.py INPUT OUTPUT"""

import pathlib
import sys

data = pathlib.Path(sys.argv[1]).read_bytes()
if b'\0' in data:
    sys.exit(f'{sys.argv[1]}: a NUL cannot be part of a policy')

with open(sys.argv[2], 'w', encoding='ascii') as out:
    out.write('/* SPDX-License-Identifier: LGPL-2.1-or-later */\n')
    out.write('#include "config/builtin-policy.h"\n\n')
    out.write('const char builtin_policy_text[] = {\n')
    for at in range(0, len(data), 16):
        out.write('        ' + ''.join(f'{byte - 256 if byte > 127 else byte}, ' for byte in data[at:at + 16]) + '\n')
    out.write('        0\n};\n')
    out.write(f'const size_t builtin_policy_len = {len(data)};\n')
