#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows that the lints see what they are for: prove.py SOURCE_ROOT. In a copy of the tree each violation is planted, one
at a time; the lint must then name the file. TAP on stdout."""

import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lint  # noqa: E402
import tree  # noqa: E402

HEAD = '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n'


def long_function(n):
    return HEAD + 'int planted(void) {\n' + '        planted();\n' * n + '}\n'


# lint, file (made or added to), what is planted, what the complaint must say
PLANTS = [
    ('includes', 'lib/core/evaluate.c', '#include "kernel/psi.h"\n', 'kernel/psi.h'),
    ('includes', 'lib/core/planted.c', HEAD + '#include <unistd.h>\n', 'unistd.h'),
    ('includes', 'lib/core/planted.c', HEAD + '#include <stdio.h>\n', 'stdio.h'),
    ('includes', 'lib/core/planted.h', HEAD + '#include "base/fdio.h"\n', 'base/fdio.h'),
    ('includes', 'lib/core/planted.h', HEAD + '#include "config/yaml-tree.h"\n', 'config/yaml-tree.h'),
    ('includes', 'lib/core/planted.c', HEAD + 'usec_t f(void) {\n        return clock_monotonic_usec();\n}\n',
     'gets the time'),
    ('includes', 'lib/base/planted.c', HEAD + '#include "config/config.h"\n', 'config/config.h'),
    ('includes', 'lib/kernel/planted.c', HEAD + '#include "core/sample.h"\n', 'core/sample.h'),
    ('includes', 'lib/engine/planted.c', HEAD + '#include "describe/describe.h"\n', 'describe/describe.h'),
    ('includes', 'lib/describe/planted.c', HEAD + '#include <json-c/json.h>\n', 'json-c/'),
    ('includes', 'lib/config/planted.c', HEAD + '#include <yaml.h>\n', 'yaml.h'),
    ('includes', 'lib/config/planted.c', HEAD + '#include "kernel/psi.h"\n', 'kernel/psi.h'),
    ('includes', 'lib/engine/planted.c', HEAD + '#include "daemon/planted.h"\n', 'daemon/planted.h'),
    ('includes', 'lib/engine/planted.c', HEAD + '#include <systemd/sd-journal.h>\n', 'sd-journal.h'),
    ('includes', 'lib/client/planted.c', HEAD + '#include "engine/sampler.h"\n', 'engine/sampler.h'),
    ('includes', 'daemon/planted.c', HEAD + '#include "ctl/planted.h"\n', 'ctl/planted.h'),
    ('includes', 'daemon/planted.c', HEAD + '#include <json-c/json.h>\n', 'json-c'),
    ('includes', 'ctl/planted.c', HEAD + '#include "daemon/planted.h"\n', 'daemon/planted.h'),
    ('includes', 'ctl/planted.c', HEAD + '#include "planted.h"\n', 'from lib/'),
    ('form', 'lib/base/planted.c', 'int planted;\n', 'licence'),
    ('form', 'lib/base/text-util.c', HEAD, 'named by the noun'),
    ('form', 'lib/base/planted.c', long_function(91), 'function of 93 lines'),
    ('form', 'lib/base/planted.c', HEAD + 'int planted;\n' * 501, 'file of 502 lines'),
    ('form', 'lib/base/planted.c', HEAD + '/* see /' + 'work/planted */\n', 'one machine'),
    ('descriptors', 'lib/engine/planted.h', HEAD + 'typedef struct Planted {\n        int planted_fd;\n} Planted;\n',
     'planted_fd'),
    ('descriptors', 'lib/engine/planted.h',
     HEAD + 'typedef struct Planted {\n        int planted_fd; /* owner: nobody */\n} Planted;\n', 'nobody'),
    ('descriptors', 'lib/engine/scout-planted.c',
     HEAD + 'typedef struct Planted {\n        int planted_fd; /* owner: sentinel */\n} Planted;\n'
     'int f(Planted *p) {\n        return (int) pread(p->planted_fd, buf, 1, 0);\n}\n', 'runs on scout'),
]


def plant(root, path, text):
    """Adds the text; returns what undoes it."""
    full = os.path.join(root, path)
    before = tree.read(root, path) if os.path.exists(full) else None
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, 'a', encoding='utf-8') as f:
        f.write(text)

    def undo():
        if before is None:
            os.remove(full)
        else:
            with open(full, 'w', encoding='utf-8') as f:
                f.write(before)
    return undo


def main():
    source = os.path.abspath(sys.argv[1])
    failed = 0
    print('1..%d' % len(PLANTS))
    with tempfile.TemporaryDirectory(prefix='avert-lint-') as root:
        for path in tree.files(source):
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            shutil.copy2(os.path.join(source, path), os.path.join(root, path), follow_symlinks=False)
        for number, (name, path, text, expected) in enumerate(PLANTS, 1):
            undo = plant(root, path, text)
            seen = [line for line in lint.run(name, root) if line.startswith(path + ':') and expected in line]
            undo()
            print('%s %d - %s names %s (%s)' % ('ok' if seen else 'not ok', number, name, path, expected))
            failed += not seen
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
