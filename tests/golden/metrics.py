#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The metrics of a daemon that looks at a recorded machine: what it says is compared with what is kept here in
metrics.prometheus and metrics.openmetrics, checked by promtool and by the parser of Prometheus' Python client where they
are installed, explained in avert-metrics(7), and given out while others are slow.

    metrics.py [--update] AVERTD AVERTCTL

What differs from run to run is masked on both sides."""

import difflib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from bed import DEADLINE, HERE, Bed, finish, say

ROOT = os.path.join(HERE, '..', '..')
RULES = os.path.join(ROOT, 'conf', 'prometheus', 'avert.yml')
RULES_TEST = os.path.join(ROOT, 'tests', 'metrics', 'avert-test.yml')
PAGE = os.path.join(ROOT, 'man', 'avert-metrics.7')

# Values that depend on when and how often somebody looked.
VOLATILE = re.compile(r'^(avert_(start_time|tick_|ticks|wakes|source_(reads|failures|suspects)|scout_|psi_|refault_|reclaim_|fill_|mem_exhaustion|'
                      r'processes|cgroups|config_info|build_info|events_total|events_dropped|reapers)[^ ]*) .*$')
LABELS_MASKED = re.compile(r'^(avert_(?:config|build)_info\{\w+=")[^"]*')


def masked(text):
    out = []
    for line in text.splitlines():
        line = LABELS_MASKED.sub(r'\1X', line)
        line = VOLATILE.sub(r'\1 N', line)
        # a window that is not over has no sample yet: only its family is sure
        if not re.match(r'avert_(psi|refault|reclaim|fill|mem_exhaustion)\w* N$', line):
            out.append(line)
    return '\n'.join(out) + '\n'


def check_kept(name, text, update):
    path = os.path.join(HERE, 'metrics.' + name)
    got = masked(text)
    if update:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(got)
    with open(path, encoding='utf-8') as file:
        kept = file.read()
    difference = '\n'.join(difflib.unified_diff(kept.splitlines(), got.splitlines(), 'kept', 'got', lineterm=''))
    say(not difference, '%s: as it is kept' % name, difference)


def run(*words, text=None):
    return subprocess.run(words, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=DEADLINE)


def check_promtool(text):
    tool = shutil.which('promtool')
    names = ['promtool check metrics finds nothing', 'promtool check rules', 'promtool test rules: each alert when it should']
    if not tool:
        for name in names:
            say(True, name, skip='there is no promtool (package prometheus)')
        return
    done = run(tool, 'check', 'metrics', text=text)
    say(done.returncode == 0 and not done.stdout, names[0], done.stdout)
    done = run(tool, 'check', 'metrics', text=text.replace('_bytes', '_megabytes'))
    say(done.returncode != 0, 'and it would find a wrong unit', done.stdout)
    for name, words in zip(names[1:], (['check', 'rules', RULES], ['test', 'rules', RULES_TEST])):
        done = run(tool, *words)
        say(done.returncode == 0, name, done.stdout)


def check_rules_name_metrics(text):
    with open(RULES, encoding='utf-8') as file:
        used = set(re.findall(r'\bavert_\w+', re.sub(r'description:.*', '', file.read())))
    there = set(re.findall(r'^(avert_\w+)', text, re.M))
    say(used and used <= there, 'rules name metrics that there are', sorted(used - there))


def check_openmetrics(text):
    name = 'the parser of OpenMetrics takes all of it'
    try:
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
    except ImportError:
        say(True, name, skip='there is no parser (package python3-prometheus-client)')
        return
    try:
        families = list(parse(text))
        say(len(families) > 50, name, len(families))
    except ValueError as error:
        say(False, name, error)


def check_page(text):
    """A reading has the name that it has in avert.yaml(5): the rule is in the page, not each name."""
    with open(PAGE, encoding='utf-8') as file:
        page = file.read()
    names = re.findall(r'^# HELP (avert_\w+)', text, re.M)
    reading = re.compile(r'avert_(mem|swap|zram|psi|refault|reclaim|fill|oom)_')
    missing = [n for n in names if not reading.match(n) and not re.search(r'\b%s\b' % n, page)]
    say(len(names) > 50 and not missing, 'every metric is explained in avert-metrics(7)', missing)
    told = set(re.findall(r'\bavert_[a-z_]+\b', page)) - set(names) - {'avert_'}
    say(not told, 'avert-metrics(7) explains none that there is not', sorted(told))


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(DEADLINE)
    s.connect(path)
    return s


def ask(path):
    with connect(path) as s:
        s.sendall(b'GET /metrics HTTP/1.0\r\n\r\n')
        answer = b''
        while True:
            more = s.recv(65536)
            if not more:
                return answer.decode()
            answer += more


def ticks(text):
    return int(re.search(r'^avert_ticks_total (\d+)$', text, re.M).group(1))


def check_crowd(bed, path):
    """As many as there are places, who say nothing or do not read. Whoever comes then is turned away at once, and as soon
    as one goes there is an answer again; the daemon ticks all the while."""
    before = ticks(ask(path))
    crowd = [connect(path) for _ in range(40)]
    for i, s in enumerate(crowd[:20]):
        s.sendall(b'GET /metrics HTTP/1.0\r\n\r\n' if i % 2 else b'GET /met')
    say(bed.ctl('status', '--json=short').returncode == 0, 'a crowd at the socket does not keep avertctl from its answer')
    for s in crowd:
        s.close()
    end = time.monotonic() + DEADLINE
    after = before
    while time.monotonic() < end and after <= before:
        try:
            after = ticks(ask(path))
        except (ConnectionError, AttributeError):
            pass  # they are not all forgotten yet
    say(after > before, 'when it has gone there is an answer, and there were ticks', '%d, %d' % (before, after))


def await_file(path):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            with open(path, encoding='utf-8') as file:
                return file.read()
        except FileNotFoundError:
            time.sleep(0.05)
    return ''


def main():
    update = '--update' in sys.argv
    avertd, avertctl = sys.argv[-2:]
    with tempfile.TemporaryDirectory() as directory:
        bed = Bed(avertd, avertctl, directory)
        path = os.path.join(directory, 'metrics')
        try:
            say(bed.settled(), 'the daemon has looked at everybody')
            text = bed.ctl('metrics').stdout
            openmetrics = bed.ctl('metrics', '--format', 'openmetrics').stdout
            check_kept('prometheus', text, update)
            check_kept('openmetrics', openmetrics, update)
            check_promtool(text)
            check_openmetrics(openmetrics)
            check_rules_name_metrics(text)
            check_page(text)
            say(masked(ask(path).split('\r\n\r\n', 1)[1]) == masked(text), 'avertctl prints what the socket says')
            file = await_file(os.path.join(directory, 'metrics.prom'))
            say(re.findall('^#.*', file, re.M) == re.findall('^#.*', text, re.M), 'the file has the same families', file[:500])
            mode = os.stat(os.path.join(directory, 'metrics.prom')).st_mode & 0o777
            say(mode == 0o644, 'all may read it', oct(mode))
            check_crowd(bed, path)
        finally:
            bed.done()
        say(not os.path.exists(path) and not os.path.exists(path + '.prom'), 'socket and file go with the daemon')
    finish()


main()
