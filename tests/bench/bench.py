#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Benchmarks of avert beside earlyoom, in one run on one machine, printed as one table.

Nothing here passes or fails: the machine may be shared and noisy. What is stable (system calls, wake-ups, bytes) stands
beside what is not (times: the least of many passes). Both daemons run in dry run and signal nobody.

usage: bench.py BUILDDIR [--counts 100,1000,5000] [--passes 20] [--calm SECONDS] [--calm-processes 3000] [--earlyoom PATH]
"""
import argparse
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TICK = os.sysconf('SC_CLK_TCK')


class Sleepers:
    """N sleeping processes for the time of a with block."""

    def __init__(self, build, n):
        self.process = subprocess.Popen([f'{build}/tests/bench/sleepers', str(n)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def cpu_seconds(pid):
    with open(f'/proc/{pid}/stat') as f:
        fields = f.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def children_of(pid):
    """The process and its descendants: avert's slow reader counts as avert."""
    found, todo = [], [pid]
    while todo:
        p = todo.pop()
        found.append(p)
        for task in os.listdir(f'/proc/{p}/task'):
            try:
                with open(f'/proc/{p}/task/{task}/children') as f:
                    todo += [int(c) for c in f.read().split()]
            except OSError:
                pass
    return found


def schedstat_usec(pid):
    """CPU time of all threads in microseconds, finer than the ticks of stat."""
    total = 0
    for task in os.listdir(f'/proc/{pid}/task'):
        try:
            with open(f'/proc/{pid}/task/{task}/schedstat') as f:
                total += int(f.read().split()[0]) // 1000
        except (OSError, ValueError, IndexError):
            return None
    return total


def switches(pid):
    total = 0
    for task in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{task}/status') as f:
            total += int(re.search(r'^voluntary_ctxt_switches:\s*(\d+)', f.read(), re.M).group(1))
    return total


def status_kib(pid, key):
    with open(f'/proc/{pid}/status') as f:
        m = re.search(rf'^{key}:\s*(\d+) kB', f.read(), re.M)
    return int(m.group(1)) if m else 0


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def engine_phases(build, passes):
    """Times of each kind of pass, and its system calls per pass from a second run under strace."""
    out = subprocess.run([f'{build}/tests/bench/bench-engine', str(passes)], capture_output=True, text=True, check=True)
    rows = {r['what']: r for r in map(json.loads, out.stdout.splitlines())}
    calls = collections.Counter()
    if shutil.which('strace'):
        with tempfile.NamedTemporaryFile('r', suffix='.trace') as trace:
            subprocess.run(['strace', '-o', trace.name, f'{build}/tests/bench/bench-engine', '4'], check=True,
                           stdout=subprocess.DEVNULL)
            phase = None
            for line in trace:
                found = re.search(r'"/bench-mark/([a-z]+)"', line)
                if found:
                    phase = found.group(1)
                elif phase and not re.match(r'(clock_nanosleep|nanosleep|write)\(', line):
                    calls[phase] += 1
    return rows, {phase: n / 4 for phase, n in calls.items()}


def earlyoom_scan(path, seconds):
    """CPU and system calls of earlyoom per scan, in dry run with thresholds that are always met."""
    argv = [path, '--dryrun', '-m', '99,98', '-s', '100,99', '-r', '3600']
    with tempfile.NamedTemporaryFile('r') as log:
        process = subprocess.Popen(argv, stdout=log.fileno(), stderr=log.fileno())
        time.sleep(1)
        before, n_before = cpu_seconds(process.pid), log_scans(log.name)
        time.sleep(seconds)
        cpu, scans = cpu_seconds(process.pid) - before, log_scans(log.name) - n_before
        stop(process)
    with tempfile.NamedTemporaryFile('r') as log, tempfile.NamedTemporaryFile('r') as trace:
        process = subprocess.Popen(['strace', '-f', '-c', '-o', trace.name] + argv, stdout=log.fileno(),
                                   stderr=log.fileno())
        time.sleep(seconds)
        pid = int(open(f'/proc/{process.pid}/task/{process.pid}/children').read().split()[0])
        os.kill(pid, signal.SIGTERM)  # our own grandchild: strace is our child and waits for it
        process.wait()
        traced = log_scans(log.name)
        total = re.search(r'^\s*100\.00\s+\S+\s+(?:\S+\s+)?(\d+)\s+\d*\s*total', trace.read(), re.M)
    return (cpu * 1e6 / scans if scans else 0, int(total.group(1)) / traced if total and traced else 0, scans)


def log_scans(name):
    with open(name, errors='replace') as f:
        return len(re.findall(r'sending SIG(?:TERM|KILL)', f.read()))


def calm(argv, seconds):
    """One daemon left alone: CPU, wake-ups, memory; then again under strace for the system calls."""
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(8)
    pids = children_of(process.pid)
    cpu0 = [schedstat_usec(p) for p in pids]
    wakes0 = sum(map(switches, pids))
    time.sleep(seconds)
    cpu1 = [schedstat_usec(p) for p in pids]
    result = {
        'cpu_usec': sum(cpu1) - sum(cpu0) if None not in cpu0 + cpu1 else None,
        'wakes': sum(map(switches, pids)) - wakes0,
        'rss_kib': sum(status_kib(p, 'VmRSS') for p in pids[:1]),
        'rss_children_kib': sum(status_kib(p, 'VmRSS') for p in pids[1:]),
        'fds': len(os.listdir(f'/proc/{pids[0]}/fd')),
    }
    stop(process)
    if shutil.which('strace'):
        counts = []
        for duration in (8, 8 + seconds):
            with tempfile.NamedTemporaryFile('r') as trace:
                process = subprocess.Popen(['strace', '-f', '-c', '-o', trace.name] + argv, stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
                time.sleep(duration)
                pid = int(open(f'/proc/{process.pid}/task/{process.pid}/children').read().split()[0])
                os.kill(pid, signal.SIGTERM)
                process.wait()
                total = re.search(r'^\s*100\.00\s+\S+\s+(?:\S+\s+)?(\d+)\s+\d*\s*total', trace.read(), re.M)
                counts.append(int(total.group(1)) if total else 0)
        result['syscalls'] = counts[1] - counts[0]
    return result


def row(*cells):
    print('| ' + ' | '.join(str(c) for c in cells) + ' |')


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split('usage: ')[1])
    parser.add_argument('build')
    parser.add_argument('--counts', default='100,1000,5000')
    parser.add_argument('--passes', type=int, default=20)
    parser.add_argument('--calm', type=int, default=60)
    parser.add_argument('--calm-processes', type=int, default=3000)
    parser.add_argument('--earlyoom', default=shutil.which('earlyoom') or '')
    args = parser.parse_args()

    print(f'# avert beside earlyoom: {os.uname().release}, {os.cpu_count()} CPUs\n')
    row('processes', 'what', 'CPU per pass', 'CPU per process', 'system calls per pass', 'per process')
    row(*['---'] * 6)
    for n in [int(c) for c in args.counts.split(',') if c]:
        with Sleepers(args.build, n):
            rows, calls = engine_phases(args.build, args.passes)
            known = rows['counts']['known']
            for what, label, of in (('kept', 'avert: kept set', rows['counts']['kept']),
                                    ('fast', 'avert: pass between censuses', known), ('census', 'avert: census', known),
                                    ('system', 'avert: system files', 0), ('judge', 'avert: judging', known)):
                r = rows['fast-pass' if what == 'fast' else what]
                row(known if what != 'kept' else of, label, f"{r['least_usec']:.0f} us",
                    f"{r['least_usec'] / of:.2f} us" if of else '', f'{calls[what]:.0f}',
                    f'{calls[what] / of:.2f}' if of else '')
            if args.earlyoom:
                cpu, syscalls, scans = earlyoom_scan(args.earlyoom, 10)
                row(known, f'earlyoom: scan ({scans} seen)', f'{cpu:.0f} us', f'{cpu / known:.2f} us', f'{syscalls:.0f}',
                    f'{syscalls / known:.2f}')
                if cpu:
                    print(f"<!-- ratio at {known}: census {rows['census']['least_usec'] / cpu:.2f}, "
                          f"pass between {rows['fast-pass']['least_usec'] / cpu:.2f} of earlyoom's scan -->")
            sys.stdout.flush()

    print('\n## judging alone\n')
    out = subprocess.run([f'{args.build}/tests/bench/bench-judge'], capture_output=True, text=True, check=True).stdout
    row('processes', 'least', 'mean', 'longest')
    row(*['---'] * 4)
    for r in map(json.loads, out.splitlines()):
        row(r['processes'], *[f"{r[k] / 1000:.2f} ms" for k in ('least_usec', 'mean_usec', 'longest_usec')])

    if args.calm:
        print(f'\n## calm, {args.calm} s, {args.calm_processes} sleeping processes\n')
        row('daemon', 'CPU', 'system calls', 'wake-ups', 'resident', 'of its children', 'open files')
        row(*['---'] * 7)
        with Sleepers(args.build, args.calm_processes):
            daemons = [('avertd', [f'{args.build}/daemon/avertd', '--dry-run', '--bus', f'/tmp/avert-bench-{os.getpid()}'])]
            if args.earlyoom:
                daemons.append(('earlyoom', [args.earlyoom, '--dryrun', '-r', '3600']))
            for name, argv in daemons:
                r = calm(argv, args.calm)
                cpu = 'unknown' if r['cpu_usec'] is None else f"{r['cpu_usec'] / 1000:.1f} ms"
                row(name, cpu, r.get('syscalls', 'no strace'), r['wakes'], f"{r['rss_kib']} KiB",
                    f"{r['rss_children_kib']} KiB", r['fds'])
                sys.stdout.flush()


main()
