#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job on this machine: avertd ends a real hog of 300 MiB, by SIGTERM, and by SIGKILL at the deadline when it is
deaf; another program of the same size lives; the record says why. test-main-job.py AVERTD AVERTCTL HOG BYSTANDER

The policy can match nothing but HOG, which only this test starts."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

MIB = 1024 * 1024
SIZE = 300 * MIB
GRACE = 1.0
PATIENCE = 60 # never used up by what passes, however busy the machine is
ATTEMPTS = 4

POLICY = '''version: 1
policies:
  - name: hog-limit
    watch: {{ process: {{ exe: "{hog}" }} }}
    when: proc.anon > 200M
    for: 2s
    targets: {{ at_least: 64M }}
    steps:
      - notify: warning
      - terminate: {{ grace: 1s }}
    settle: 300ms
    cooldown: 1s
'''


class Tap:
    def __init__(self):
        self.n = 0
        self.failed = 0

    def say(self, good, what, note=''):
        self.n += 1
        self.failed += not good
        print(f'{"" if good else "not "}ok {self.n} - {what}', flush=True)
        if note and not good:
            print('# ' + str(note).replace('\n', '\n# '), flush=True)
        return good


class Holder:
    """A process that holds memory on a leash: it ends when we do."""

    def __init__(self, program, *args):
        self.process = subprocess.Popen([program, '300', *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ready(self):
        return self.process.stdout.readline() == b'ready\n'

    def ended_by(self):
        try:
            return -self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return None

    def lives(self):
        return self.process.poll() is None

    def release(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class Daemon:
    """avertd with our policy, and a watcher of its events."""

    def __init__(self, avertd, avertctl, hog, tmp):
        self.avertctl = avertctl
        self.bus = os.path.join(tmp, 'bus')
        policy = os.path.join(tmp, 'policy.yaml')
        with open(policy, 'w', encoding='utf-8') as f:
            f.write(POLICY.format(hog=hog))
        self.text = open(os.path.join(tmp, 'stderr'), 'w+', encoding='utf-8')
        self.root = tmp
        state = os.path.join(tmp, 'var/lib/avert')
        os.makedirs(state)
        self.process = subprocess.Popen([avertd, '--config', policy, '--bus', self.bus], stdin=subprocess.DEVNULL,
                                        stdout=self.text, stderr=self.text,
                                        env=dict(os.environ, STATE_DIRECTORY=state))
        self.events = []
        self.watcher = None

    def await_ready(self):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            if subprocess.run([self.avertctl, '--bus', self.bus, 'status'], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0:
                return True
            time.sleep(0.1)
        return False

    def watch(self):
        self.watcher = subprocess.Popen([self.avertctl, '--bus', self.bus, '--json=short', 'watch'],
                                        stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._collect, daemon=True).start()
        time.sleep(0.3)

    def _collect(self):
        for line in self.watcher.stdout:
            if line.strip():
                self.events.append(json.loads(line))

    def await_event(self, pid, *kinds):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for e in list(self.events):
                if e['kind'] in kinds and (e.get('target') or {}).get('pid') == pid:
                    return e
            time.sleep(0.05)
        return None

    def remembers(self, *words):
        done = subprocess.run([self.avertctl, '--root', self.root, *words], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.stdout

    def stop(self):
        if self.watcher:
            self.watcher.terminate()
            self.watcher.wait(PATIENCE)
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = None
        self.text.flush()
        self.text.seek(0)
        return code, self.text.read()


class Disturbed(Exception):
    """What comes back is measured on the whole machine: another program took as much at that very moment."""


def await_end(daemon, pid):
    done = daemon.await_event(pid, 'step-done', 'step-failed')
    if done and (done['kind'] == 'step-failed' or done['freed_bytes'] <= SIZE // 4):
        raise Disturbed
    return done


def check_record(tap, taken, done, pid, other):
    """The record names policy, readings, ranking, promised and freed bytes."""
    if not tap.say(taken is not None and done is not None, 'the step and its end are recorded'):
        return
    tap.say(taken['policy'] == 'hog-limit', 'the record names the policy', taken)
    tap.say('proc.anon' in taken['reason'] and '200 MiB' in taken['reason'], 'and the reading against its threshold',
            taken['reason'])
    ranking = [(c['pid'], c.get('refusal')) for c in taken['candidates']]
    tap.say(bool(ranking) and ranking[0][0] == pid, 'and the ranking, with the hog first', ranking)
    tap.say(any(p == other and why for p, why in ranking), 'and the other of that size, with the reason against it',
            ranking)
    promised = taken['promised_bytes']
    tap.say(200 * MIB < promised < SIZE + SIZE // 4, 'and what it promised', promised)
    tap.say(done['promised_bytes'] == promised and done['freed_bytes'] > SIZE // 4, 'and what was freed', done)


def run_case(tap, args, deaf):
    avertd, avertctl, hog_path, other_path = args
    name = 'a deaf hog' if deaf else 'a hog'
    with tempfile.TemporaryDirectory() as tmp:
        other = Holder(other_path)
        daemon = Daemon(avertd, avertctl, hog_path, tmp)
        try:
            if not tap.say(other.ready() and daemon.await_ready(), f'{name}: avertd runs and answers'):
                return
            daemon.watch()
            begin = time.monotonic()
            hog = Holder(hog_path, *(['deaf'] if deaf else []))
            pid = hog.process.pid
            ended = hog.ended_by()
            took = time.monotonic() - begin
            want = signal.SIGKILL if deaf else signal.SIGTERM
            tap.say(ended == want, f'{name} of 300 MiB is ended by {want.name}', ended)
            if deaf:
                tap.say(took > GRACE, 'but not before its grace is over', took)
            print(f'# {name} lived for {took:.2f} s', flush=True)
            hog.release()
            taken = daemon.await_event(pid, 'step-taken')
            done = await_end(daemon, pid)
            tap.say(other.lives(), 'another of the same size lives')
            check_record(tap, taken, done, pid, other.process.pid)
            if deaf:
                tap.say(daemon.await_event(pid, 'step-escalated') is not None, 'the escalation is recorded')
        finally:
            code, text = daemon.stop()
            other.release()
            listed = daemon.remembers('incidents')
            shown = daemon.remembers('explain', 'last')
        tap.say(code == 0, 'avertd ends cleanly', code)
        tap.say('hog-limit' in listed and f'pid {pid}' in listed, 'and left in a file what happened', listed)
        tap.say(f'(pid {pid}' in shown and 'effect' in shown and f'(pid {other.process.pid}' in shown,
                'with who was considered, and what was freed', shown)
        tap.say(f'pid {pid}' in text and 'hog-limit' in text, 'and has said all this in plain words', text)
        for line in text.splitlines():
            if f'pid {pid}' in line:
                print(f'# {line}')


def available():
    with open('/proc/meminfo', encoding='ascii') as f:
        return {line.split(':')[0]: int(line.split()[1]) * 1024 for line in f}['MemAvailable']


def main():
    tap = Tap()
    if available() < 4 * SIZE:
        print('1..0 # SKIP not enough memory to be safe')
        return 0
    for deaf in (False, True):
        for attempt in range(ATTEMPTS):
            try:
                run_case(tap, [os.path.realpath(a) for a in sys.argv[1:5]], deaf)
                break
            except Disturbed:
                print('# this machine is too busy to measure what came back', flush=True)
        else:
            tap.say(False, 'what came back could be measured')
    print(f'1..{tap.n}')
    return 1 if tap.failed else 0


sys.exit(main())
