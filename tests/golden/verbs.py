#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each verb of avertctl, in words and as JSON, against a daemon on a recorded machine: what it says is compared with what is
kept here in NAME.txt and NAME.json.

    verbs.py [--update] AVERTD AVERTCTL

What differs from run to run (times, counters, where the files lie) is masked on both sides. A verb that is in no row fails:
a new one is given its rows, --update writes what is to be kept, and its writer reads it."""

import difflib
import json
import os
import re
import subprocess
import sys
import tempfile

import bed
from bed import HERE, Bed, say

# Name of the files, the words, the exit code, whether there is JSON. ROOT, POLICY, BROKEN and TREES are paths.
ROWS = [
    ('status', ['status'], 0, True),
    ('top', ['top'], 0, True),
    ('policies', ['policies'], 0, True),
    ('explain', ['explain'], 0, True),
    ('explain-policy', ['explain', 'batch-limit'], 0, True),
    ('explain-pid', ['explain', '900'], 0, True),
    ('explain-unknown', ['explain', 'nonesuch'], 1, False),
    ('explain-recording', ['explain', '--root', 'TREES', '--config', 'POLICY', 'host-low'], 0, True),
    ('explain-recording-pid', ['explain', '--root', 'TREES', '--config', 'POLICY', '900'], 0, True),
    ('incidents', ['incidents', '--root', 'ROOT'], 0, True),
    ('incidents-show', ['incidents', 'show', '1', '--root', 'ROOT'], 0, True),
    ('incidents-none', ['incidents', 'show', '9', '--root', 'ROOT'], 1, False),
    ('explain-incident', ['explain', 'last', '--root', 'ROOT'], 0, True),
    ('explain-unit', ['explain', 'batch.service', '--root', 'ROOT'], 0, True),
    ('leases', ['leases'], 0, True),
    ('leases-release', ['leases', '--release-all'], 0, True),
    ('leases-dry-run', ['leases', '--release', '7', '--dry-run'], 1, False),
    ('check', ['check', 'POLICY'], 0, True),
    ('check-broken', ['check', 'BROKEN'], 78, True),
    ('replay', ['replay', 'TREES', '--config', 'POLICY'], 0, True),
    ('doctor', ['doctor', '--root', 'ROOT'], 4, True),
    ('metrics-misuse', ['metrics', '--format', 'xml'], 2, False),  # what it prints: metrics.py
    ('selftest-dry-run', ['selftest', '--dry-run'], 0, True),
    ('log-level', ['log-level'], 0, True),
    ('log-level-dry-run', ['log-level', 'debug', '--dry-run'], 0, True),
    ('log-level-set', ['log-level', 'debug'], 0, True),
    ('log-level-unknown', ['log-level', 'loud'], 2, False),
    ('pause', ['pause'], 0, True),
    ('resume', ['resume', '--dry-run'], 0, True),
    ('protect', ['protect', '900', '--for', '1h'], 0, True),
    ('protect-unit', ['protect', 'batch'], 0, False),
    ('protect-absent', ['protect', 'bathc'], 0, False),
    ('unprotect-absent', ['unprotect', 'bathc'], 0, False),
    ('protect-nobody', ['protect', '899'], 1, True),
    ('unprotect', ['unprotect', '900', '--dry-run'], 0, True),
    ('status-steered', ['status'], 0, True),
    ('explain-steered', ['explain', '900'], 0, False),
    ('reload-dry-run', ['reload', '--dry-run'], 0, True),
    ('reload', ['reload'], 0, True),
]

# They show command lines, of whomever.
FOR_ROOT = {'top', 'explain', 'explain-policy', 'explain-pid', 'explain-steered'}

# Of JSON: numbers that differ from run to run.
VOLATILE = re.compile(r'^(pid_of_daemon|.*_usec|.*usec_ago|reads|failures|suspects|ticks|wakes_\w+|serial|hits|gained_bytes|growth_\w+|passes|censuses|'
                      r'seen|opened|vanished|last_serial|refused|groups_seen|groups_watches|hash|inode|boot_id)$')
# Own windows need 10 s, and rates a second look.
YOUNG = re.compile(r'^(psi\..*|refault\..*|reclaim\..*|fill\.rate|mem\.exhaustion)$')

# What a selftest's process is known by; avertctl itself is known by its place.
MARK = re.compile(r'(cmdline: \\?"\* )[0-9a-f]{16}')


def mask_line(line):
    if re.match(r'  (psi|refault|reclaim|fill|mem\.exhaustion)', line) or line.startswith('pressure '):
        line = re.sub(r'^( *\S+).*', r'\1 ...', line)
    line = re.sub(r'\d{8}T\d{6}\.\d{6}-', 'WHEN-', line)
    line = re.sub(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d', 'TIME', line)
    line = re.sub(r'^  \+\d[\d.]* (us|ms|s) +', '  +T ', line)
    line = re.sub(r'(pid )\d+(, up)', r'\1N\2', line)
    line = re.sub(r'hash [0-9a-f]{16}', 'hash H', line)
    line = re.sub(r'(up|again in|open for|holding for|read|for another) [\d.]+ (us|ms|s|min|h)\b', r'\1 T', line)
    line = re.sub(r'^ *\d+\.\d{3}  ', 'T  ', line)
    return line.rstrip(' ')


def mask_count(line):
    return re.sub(r'\d[\d,.]*( (us|ms|s|min|h|d)\b)?', 'N', line)


def mask_text(text, paths):
    """Sections that count and measure lose their numbers and their line breaks, all other lines their times."""
    for path, name in paths:
        text = text.replace(path, name)
    text = MARK.sub(r'\1M', text)
    out = []
    counting = False
    for line in text.splitlines():
        if line and not line.startswith(' '):
            counting = line in ('Sources', 'Since start')
        if out and out[-1][1] == 'The readings before' and line:
            continue  # as many as there were ticks
        if counting and line.startswith(12 * ' '):
            out[-1] = (out[-1][0], out[-1][1] + ' ' + line.strip())
        else:
            out.append((mask_count if counting else mask_line, line))
    return '\n'.join(mask(line) for mask, line in out) + '\n'


def mask_json(thing, key=''):
    if isinstance(thing, dict):
        if YOUNG.match(str(thing.get('metric', ''))):
            thing = {'metric': thing['metric'], 'unit': thing.get('unit')}
        return {k: mask_json(v, k) for k, v in thing.items()}
    if isinstance(thing, list) and key in ('at_usec', 'values'):
        return 'masked'  # the readings before
    if isinstance(thing, list):
        return [mask_json(one) for one in thing]
    if VOLATILE.match(key):
        return 'masked'
    return thing


def compare(name, got, update):
    path = os.path.join(HERE, name)
    if update:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(got)
    try:
        with open(path, encoding='utf-8') as file:
            kept = file.read()
    except OSError as error:
        return str(error)
    return '\n'.join(difflib.unified_diff(kept.splitlines(), got.splitlines(), 'kept', 'got', lineterm=''))


def documents(text):
    """One a line."""
    return [json.loads(line) for line in text.splitlines()]


def check_json(b, name, words, code, update):
    done = b.ctl('--json=short', *words)
    try:
        found = documents(done.stdout)
    except ValueError as error:
        say(False, '%s: JSON, one document a line' % name, '%s\n%s' % (error, done.stdout))
        return
    well = done.returncode == code and found and all(d.get('schema_version') == 1 for d in found)
    say(well, '%s: every document has its schema' % name, 'ended with %d\n%s%s' % (done.returncode, done.stdout, done.stderr))
    for document in found:
        if words == ['status']:
            document['pid_of_daemon'] = document.pop('pid')
    text = json.dumps(mask_json(found), indent=1, ensure_ascii=False) + '\n'
    for path, place in b.paths:
        text = text.replace(path, place)
    text = re.sub(r'\d{8}T\d{6}\.\d{6}-', 'WHEN-', text)
    text = MARK.sub(r'\1M', text)
    difference = compare(name + '.json', text, update)
    say(not difference, '%s: as JSON' % name, difference)
    pretty = b.ctl('--json', *words)
    say(pretty.returncode == code and '\n  "schema_version"' in pretty.stdout, '%s: as JSON for reading' % name, pretty.stdout)


def check_row(b, row, update):
    name, words, code, has_json = row
    if name in FOR_ROOT and os.geteuid() != 0:
        say(True, name, skip='others than root see less')
        return
    done = b.ctl(*words)
    text = mask_text(done.stdout + done.stderr, b.paths)
    difference = compare(name + '.txt', text, update)
    if done.returncode != code:
        difference = 'ended with %d, not %d\n%s' % (done.returncode, code, difference)
    say(not difference, '%s: in words' % name, difference)
    off = b.ctl('--json=off', *words)
    say(mask_text(off.stdout + off.stderr, b.paths) == text or not has_json, '%s: --json=off means words' % name, off.stdout)
    if has_json:
        check_json(b, name, words, code, update)


def check_watch(b, update):
    """It may not have subscribed yet: reload until it has seen one."""
    for name, words in (('watch', []), ('watch-json', ['--json=short'])):
        watcher = subprocess.Popen([b.avertctl, 'watch', '-n', '1'] + words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   text=True, env=b.environment)
        seen = ''
        for _ in range(200):
            b.ctl('reload')
            try:
                seen = watcher.communicate(timeout=0.2)[0]
                break
            except subprocess.TimeoutExpired:
                continue
        if watcher.poll() is None:
            watcher.kill()
            watcher.wait()
        if words:
            text = json.dumps(mask_json(documents(seen)), indent=1) + '\n'
            difference = compare('watch.json', text, update)
        else:
            difference = compare('watch.txt', re.sub(r'\d\d:\d\d:\d\d', 'TIME', seen), update)
        say(not difference, '%s: an event' % name, difference)


def keys_of(thing):
    if isinstance(thing, dict):
        return {k: keys_of(v) for k, v in thing.items() if k != 'parts'}  # what a score has none of is left out
    return [keys_of(one) for one in thing] if isinstance(thing, list) else None


def check_recording_is_like_live(b):
    live = b.ctl('--json=short', 'explain', 'host-low')
    recorded = b.ctl('--json=short', 'explain', '--root', 'TREES', '--config', 'POLICY', 'host-low')
    say(live.stdout and keys_of(documents(live.stdout)) == keys_of(documents(recorded.stdout)),
        'a recording is explained with the keys of a live machine', recorded.stdout + recorded.stderr)


def check_keys_are_documented():
    with open(os.path.join(HERE, '..', '..', 'man', 'avertctl.1'), encoding='utf-8') as file:
        known = set(re.findall(r'^\.Ql ([a-z_]+)', file.read(), re.M)) | {'schema_version'}
    for name in ('explain.json', 'top.json', 'log-level.json', 'log-level-set.json'):
        with open(os.path.join(HERE, name), encoding='utf-8') as file:
            unknown = sorted(set(re.findall(r'"([a-z_]+)":', re.sub(r'"parts": {.*?}', '', file.read(), flags=re.S))) -
                             known)
        say(not unknown, 'the manual has every key of %s' % name, 'not in it: %s' % ', '.join(unknown))


def check_all_are_here(b):
    shown = b.ctl('--help').stdout
    verbs = re.findall(r'^  ([a-z-]+)\b', shown.partition('The verbs:')[2].partition('The options:')[0], re.M)
    elsewhere = {'watch'}
    missing = sorted(set(verbs) - {row[1][0] for row in ROWS} - elsewhere)
    say(verbs and not missing, 'every verb is in a row', 'missing: %s' % missing)


def main():
    update = sys.argv[1] == '--update'
    avertd, avertctl = sys.argv[1 + update:]
    with tempfile.TemporaryDirectory(prefix='avert-') as directory:
        b = Bed(avertd, avertctl, directory)
        try:
            well = b.settled()
            say(well, 'the daemon has seen the machine')
            for row in ROWS if well else []:
                check_row(b, row, update)
            if well:
                check_watch(b, update)
                check_recording_is_like_live(b)
                check_all_are_here(b)
                check_keys_are_documented()
        finally:
            b.done()
    bed.finish()


if __name__ == '__main__':
    main()
