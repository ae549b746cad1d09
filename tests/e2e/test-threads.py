#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the sentinel and the reapers ask of the kernel in a whole episode, seen from outside: nothing that opens,
maps, allocates on purpose or waits for another thread's lock. The reapers, which end whole cgroups, open pidfds and no
more. test-threads.py EPISODE HOG OTHER_HOG MEMBER"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

# Reading kept files, waiting for time and descriptors, waking others, signalling.
ALLOWED = {'ppoll', 'poll', 'pread64', 'read', 'write', 'pidfd_send_signal', 'process_mrelease', 'futex',
           'clock_gettime', 'clock_nanosleep', 'restart_syscall', 'gettid'}
# cgroup.kill, and where it does not do: the list of processes, and a pidfd of each for a moment. The alarm of a lease.
REAPING = {'pwrite64', 'pidfd_open', 'close', 'getpid', 'timer_settime', 'rt_sigreturn'}


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
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=280)
        watched = re.search(r'^watched threads:((?: \d+:\S+)+)$', run.stderr, re.M)
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

    def say(holds, text):
        nonlocal good, n
        n += 1
        good = good and holds
        print(f'{"" if holds else "not "}ok {n} - {text}')

    names = {int(tid): name for tid, name in (word.split(':') for word in watched[1].split())}
    for tid, name in names.items():
        made = calls.get(tid, [])
        allowed = ALLOWED | (REAPING if name == 'avert-reaper' else set())
        strange = [text for call, text in made if call not in allowed]
        say(not strange, f'{name} {tid}: {len(made)} calls, {len(strange)} of them strange')
        for text in strange[:10]:
            print(f'# {text}')

    made = [call for tid in names for call in calls.get(tid, [])]
    signalled = any(call == 'pidfd_send_signal' for call, _ in made)
    say(len(made) > 50 and signalled, f'they were seen at work ({len(made)} calls)')
    skipped = re.search(r'^ok .* in a cgroup .* # SKIP (.*)$', run.stdout, re.M)
    reaped = {call for call, _ in made} & {'pidfd_open', 'pwrite64'}
    say(bool(skipped) or len(reaped) == 2,
        'a cgroup was ended by pidfds and by cgroup.kill' + (f' # SKIP {skipped[1]}' if skipped else ''))
    written = [text for call, text in made if call == 'pwrite64']
    leased = [any('"%d\\n"' % value in text for text in written) for value in (1, 0)]
    say(bool(skipped) or all(leased), 'before, it was frozen and thawed by a lease' + (f' # SKIP {skipped[1]}' if skipped else ''))
    print(f'1..{n}')
    return 0 if good else 1


sys.exit(main())
