#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The completions of each shell, in that shell: a line is typed at a terminal, then Tab and Enter, and the program that is
called tells what it was called with.

    completions.py DIRECTORY-OF-THE-SCRIPTS

A shell that is not installed is skipped, and said to be."""

import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

DEADLINE = 30

# In place of avertctl: tells its arguments, and lists policies as avertctl does.
PROGRAM = '''#!/bin/sh
if [ "$*" = "policies --no-pager" ]; then
        printf 'Files\\n  /etc/x\\n\\nProtected\\n  nothing\\n\\nPolicies\\n\\n  host-low  x:1\\n    watch   system\\n\\n  job  x:2\\n'
else
        printf 'GOT[%s]\\n' "$*"
fi
'''

# What is typed, what the program is called with.
ROWS = [
    ('sta', 'status'),
    ('pol', 'policies'),
    ('-n 3 wa', '-n 3 watch'),
    ('--bus x stat', '--bus x status'),
    ('reload --dr', 'reload --dry-run'),
    ('status --dr', 'status --dr'),
    ('status --json=sh', 'status --json=short'),
    ('--json=pre', '--json=pretty'),
    ('explain host-', 'explain host-low'),
    ('check po', 'check policy.yaml'),
    ('doctor --root tr', 'doctor --root tree/'),
    ('reload sta', 'reload sta'),
]


def argument_of(text):
    """What the program was called with, if it was; the terminal shows the typed line as well."""
    at = text.rfind('GOT[')
    end = text.find(']', at)
    return text[at + 4:end] if at >= 0 and end >= 0 else None


def typed(shell, setup, line, directory):
    """Types into an interactive shell; returns what the program got."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(directory)
        os.environ.update({'TERM': 'dumb', 'PS1': '$ ', 'HOME': directory, 'PATH': directory + ':' + os.environ['PATH']})
        os.execvp(shell[0], shell)
    text = ''

    def read_until(found):
        nonlocal text
        end = time.monotonic() + DEADLINE
        while not found():
            if time.monotonic() > end or not select.select([fd], [], [], end - time.monotonic())[0]:
                return
            try:
                text += os.read(fd, 65536).decode(errors='replace')
            except OSError:
                return

    try:
        # The mark is put together by the shell, so that the echo of the line is not taken for it.
        os.write(fd, (setup + "; printf 'REA''%s\\n' DY\n").encode())
        read_until(lambda: 'READY' in text)
        os.write(fd, ('avertctl ' + line + '\t').encode())
        os.write(fd, b'\n')
        read_until(lambda: argument_of(text) is not None)
        return argument_of(text) if argument_of(text) is not None else 'nothing: ' + repr(text)
    finally:
        os.close(fd)
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def bash(scripts, directory, line):
    return typed(['bash', '--norc', '--noprofile', '-i'], 'bind "set bell-style none"; . %s/avertctl' % scripts, line, directory)


def zsh(scripts, directory, line):
    setup = 'setopt no_auto_remove_slash no_list_beep; fpath=(%s $fpath); autoload -U compinit; compinit -u -D' % scripts
    return typed(['zsh', '-f', '-i'], setup, line, directory)


def fish(scripts, directory, line):
    """fish answers without a terminal what it would offer; taking the only offer is left to us."""
    env = dict(os.environ, HOME=directory, PATH=directory + ':' + os.environ['PATH'], TERM='dumb')
    done = subprocess.run(['fish', '--no-config', '-c', 'source %s/avertctl.fish; complete -C "avertctl %s"' % (scripts, line)],
                          cwd=directory, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=DEADLINE, check=False)
    if done.stderr:
        return 'error: ' + done.stderr
    offers = [offer.split('\t')[0] for offer in done.stdout.splitlines()]
    begin = line.rpartition(' ')
    taken = begin[2] if not offers else offers[0] if len(offers) == 1 else ' '.join(offers)
    return (begin[0] + ' ' + taken).strip()


def main():
    scripts = os.path.abspath(sys.argv[1])
    shells = [('bash', bash), ('zsh', zsh), ('fish', fish)]
    print('1..%d' % (len(shells) * len(ROWS)))
    n = failed = 0
    with tempfile.TemporaryDirectory(prefix='avert-') as directory:
        program = os.path.join(directory, 'avertctl')
        with open(program, 'w', encoding='utf-8') as file:
            file.write(PROGRAM)
        os.chmod(program, 0o755)
        os.mkdir(os.path.join(directory, 'tree'))
        for name in ('policy.yaml', 'trunk'):
            with open(os.path.join(directory, name), 'w', encoding='utf-8'):
                pass
        for name, complete in shells:
            for line, expected in ROWS:
                n += 1
                if not shutil.which(name):
                    print('ok %d - %s: %s # SKIP %s is not installed' % (n, name, line, name))
                    continue
                got = complete(scripts, directory, line)
                failed += got != expected
                print('%s %d - %s: "%s" becomes "%s"' % ('ok' if got == expected else 'not ok', n, name, line, expected))
                if got != expected:
                    print('# got "%s"' % got)
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
