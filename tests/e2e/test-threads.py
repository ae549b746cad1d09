#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the sentinel and the reapers ask of the kernel in a whole episode, seen from outside: nothing that opens,
maps, allocates on purpose or waits for another thread's lock. test-threads.py EPISODE HOG OTHER_HOG"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

# Reading kept files, waiting for time and descriptors, waking others, signalling.
ALLOWED = {'ppoll', 'poll', 'pread64', 'read', 'write', 'pidfd_send_signal', 'process_mrelease', 'futex',
           'clock_gettime', 'clock_nanosleep', 'restart_syscall', 'gettid'}


def skip(why):
    print(f'1..0 # SKIP {why}')
    sys.exit(0)


def calls_by_thread(path, first, last):
    """System calls between the lines `begin` and `end` that the episode writes, by thread."""
    calls = {}
    inside = False
    with open(path, encoding='utf-8', errors='replace') as trace:
        for line in trace:
            if 'write(2, "begin' in line:
                inside = True
            elif 'write(2, "end' in line:
                inside = False
            found = re.match(r'(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed)', line)
            if inside and found:
                calls.setdefault(int(found[1]), []).append((found[2], line.strip()))
    return calls


def main():
    strace = shutil.which('strace')
    if not strace:
        skip('there is no strace')
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, 'trace')
        run = subprocess.run([strace, '-f', '-qq', '-o', out, *sys.argv[1:]], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=100)
        watched = re.search(r'^watched threads:((?: \d+)+)$', run.stderr, re.M)
        if not watched:
            if 'PTRACE' in run.stderr or 'Operation not permitted' in run.stderr:
                skip('strace may not trace here')
            print('not ok 1 - the episode runs')
            print('# ' + run.stderr.replace('\n', '\n# '))
            print('1..1')
            return 1
        calls = calls_by_thread(out, 'begin', 'end')

    good = True
    n = 0
    for tid in map(int, watched[1].split()):
        made = calls.get(tid, [])
        strange = [text for name, text in made if name not in ALLOWED]
        n += 1
        good = good and not strange
        print(f'{"" if not strange else "not "}ok {n} - thread {tid}: {len(made)} calls, {len(strange)} of them strange')
        for text in strange[:10]:
            print(f'# {text}')
    total = sum(len(calls.get(tid, [])) for tid in map(int, watched[1].split()))
    n += 1
    acted = any(name == 'pidfd_send_signal' for tid in calls for name, _ in calls[tid])
    print(f'{"" if total > 50 and acted else "not "}ok {n} - they were seen at work ({total} calls)')
    good = good and total > 50 and acted
    print(f'1..{n}')
    return 0 if good else 1


sys.exit(main())
