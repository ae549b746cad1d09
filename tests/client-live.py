#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""avertctl against a running avertd: every live verb, in words and as JSON, and what happens when the daemon goes.

    client-live.py AVERTD AVERTCTL

The daemon runs dry, on a policy that matches nobody but processes of a name that nobody has."""

import json
import os
import subprocess
import sys
import tempfile
import time

POLICY = '''version: 1
protect:
  - { unit: nobody-has-this.service }
policies:
  - name: nobody
    watch: { process: { comm: nobody-has-this, uid: 0 } }
    when: proc.anon > 100G
    steps: [ { notify: notice }, terminate ]
  - name: host
    watch: system
    when:
      all: [ mem.available < 1%, swap.free < 1% ]
    for: 1s
    steps: [ notify, terminate ]
'''

results = []


def check(well, name, detail=''):
    results.append(well)
    print(f'{"ok" if well else "not ok"} {len(results)} - {name}')
    if not well:
        for line in str(detail).splitlines()[:40]:
            print(f'# {line}')


class Live:
    def __init__(self, avertd, avertctl, directory):
        self.avertctl = avertctl
        self.policy = os.path.join(directory, 'policy.yaml')
        self.bus = os.path.join(directory, 'bus')
        self.write(POLICY)
        self.daemon = subprocess.Popen([avertd, '--dry-run', '--config', self.policy, '--bus', self.bus],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def write(self, text):
        with open(self.policy, 'w', encoding='utf-8') as file:
            file.write(text)

    def ctl(self, *words, code=0):
        done = subprocess.run([self.avertctl, '--bus', self.bus, *words], stdin=subprocess.DEVNULL, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        self.last = f'ended with {done.returncode}\n{done.stdout}\n{done.stderr}'
        return done.stdout + done.stderr if done.returncode == code else ''

    def wait(self):
        """Until it answers; a loaded machine may take its time."""
        for _ in range(300):
            if self.ctl('status'):
                return True
            if self.daemon.poll() is not None:
                return False
            time.sleep(0.1)
        return False

    def says(self, name, words, *parts, code=0):
        text = self.ctl(*words, code=code)
        missing = [part for part in parts if part not in text]
        check(text and not missing, name, f'missing: {missing}\n{self.last}')

    def json(self, *words):
        try:
            return json.loads(self.ctl('--json=short', *words))
        except ValueError:
            return {}


def has(thing, *keys):
    return all(key in thing for key in keys)


def check_json(live):
    d = live.json('status')
    check(d.get('schema_version') == 1 and d.get('dry_run') is True and d.get('pid') == live.daemon.pid,
          'status as JSON names version, process and mode', live.last)
    check(has(d, 'config', 'sources', 'probe', 'readings', 'policies', 'incidents', 'sentinel', 'scout'),
          'status as JSON has all its parts', live.last)
    known = {r['metric']: r for r in d.get('readings', [])}
    check(known.get('mem.available', {}).get('value', 0) > 0, 'mem.available has a value', known)
    names = {p['name'] for p in d.get('policies', [])}
    check(names == {'nobody', 'host'}, 'both policies are there', names)

    p = live.json('policies')
    roles = {(m['role'], m['hits']) for policy in p.get('policies', []) for m in policy['matches']}
    check(('watch', 0) in roles and p['protect'][0]['now'] == 0, 'policies as JSON counts what was matched', live.last)
    e = live.json('explain', 'host')
    check([x['name'] for x in e.get('policies', [])] == ['host'], 'explain as JSON is about what was asked', live.last)


def check_text(live):
    live.says('status has every section', ['status'], 'Readings\n  mem.total', '\nPolicies\n', '\nIncidents\n  none',
              '\nSources\n  meminfo', '\nSince start\n', 'calm (dry run)')
    text = live.ctl('status')
    long = [line for line in text.splitlines() if len(line) > 80 and live.policy not in line]
    check(not long, 'status fits in 80 columns', '\n'.join(long))
    live.says('policies tells what never matched', ['policies'], 'never matched', 'comm: nobody-has-this', 'policy.yaml:6')
    live.says('explain shows readings', ['explain'], 'mem.available', 'host: false')
    # who is on this machine is not known: the first ten may all be large, or all too small
    text = live.ctl('explain')
    check('\n  candidates\n' in text or 'not to be taken' in text, 'explain shows a ranking', text)
    live.says('explain of a process tells why it is spared', ['explain', '1'], 'pid 1', 'init')
    live.says('explain of an unknown policy is refused', ['explain', 'nonesuch'], 'nonesuch', code=1)


def check_reload(live):
    watcher = subprocess.Popen([live.avertctl, '--bus', live.bus, 'watch', '--json=short', '-n', '1'], text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    # The watcher may not have subscribed yet: reload until it has seen one.
    seen = ''
    for _ in range(100):
        live.ctl('reload')
        try:
            seen = watcher.communicate(timeout=0.3)[0]
            break
        except subprocess.TimeoutExpired:
            continue
    watcher.kill()
    check('"kind":"reloaded"' in seen, 'watch sees the reload', seen)

    live.says('a reload can be tried: nothing is new', ['reload', '--dry-run'], 'would be reloaded, nothing is new: 2 policies')
    live.write(POLICY.replace('mem.available < 1%', 'mem.available < 2%'))
    live.says('a reload that is tried tells what it would come to', ['reload', '--dry-run'], 'would be reloaded: 2 policies')
    live.says('and changes nothing', ['status'], 'mem.available < 1%')
    live.write(POLICY.replace('mem.available', 'mem.availible'))
    live.says('a broken policy would be refused', ['reload', '--dry-run'], 'would be refused: ', 'policy.yaml:12:', code=78)
    live.says('a broken policy is refused with its place', ['reload'], 'policy.yaml:12:', 'mem.available', code=78)
    live.says('and the old one stays', ['status'], 'mem.available < 1%')
    live.write(POLICY)
    live.says('a mended one is accepted', ['reload'], '2 policies')


def main():
    avertd, avertctl = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix='avert-') as directory:
        live = Live(avertd, avertctl, directory)
        try:
            up = live.wait()
            check(up, 'avertd answers', live.last)
            if up:
                check_text(live)
                check_json(live)
                check_reload(live)
        finally:
            live.daemon.terminate()
            live.daemon.wait()
        live.says('a daemon that is gone is said to be', ['status'], 'systemctl start avertd', code=3)
    print(f'1..{len(results)}')
    sys.exit(0 if all(results) else 1)


if __name__ == '__main__':
    main()
