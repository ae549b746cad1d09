#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""avertd and its standby, by their programs: the standby acts from the moment the daemon is killed until it is back, and
at no other time. test-standby.py AVERTD AVERTCTL HOG

The policy can match nothing but HOG, which only this test starts."""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = 60

POLICY = '''version: 1
tick: {{ process: 100ms }}
policies:
  - name: hog-limit
    watch: {{ process: {{ exe: "{hog}" }} }}
    when: proc.anon > 60M
    targets: {{ at_least: 16M }}
    steps: [ terminate: {{ grace: 5s }} ]
    cooldown: 1s
'''


def until(what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(0.02)
    return None


class Bed:
    def __init__(self, programs, tmp):
        self.avertd, self.avertctl, self.hog = map(os.path.abspath, programs)  # exe is matched whole
        self.tmp = tmp
        self.bus = os.path.join(tmp, 'bus')
        self.policy = os.path.join(tmp, 'policy.yaml')
        with open(self.policy, 'w', encoding='utf-8') as f:
            f.write(POLICY.format(hog=self.hog))
        self.running = []

    def start(self, name, *options, service=False):
        """One whose words go to the file NAME, and what it tells the service manager to a socket of that name."""
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.bind(os.path.join(self.tmp, name + '.notify'))
        manager.settimeout(PATIENCE)
        with open(os.path.join(self.tmp, name), 'w', encoding='utf-8') as log:
            run = subprocess.Popen([self.avertd, '--config', self.policy, '--bus', self.bus, '--system-bus', '', *options],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                                   env=dict(os.environ, NOTIFY_SOCKET=os.path.join(self.tmp, name + '.notify'),
                                            RUNTIME_DIRECTORY=self.tmp if service else ''))
        run.name, run.manager = name, manager
        self.running.append(run)
        return run

    def hears(self, run, text):
        """Whether it tells its service manager that."""
        try:
            while text not in run.manager.recv(4096).decode():
                pass
        except TimeoutError:
            return False
        return True

    def said(self, run):
        with open(os.path.join(self.tmp, run.name), encoding='utf-8') as f:
            return f.read()

    def daemon(self, name):
        run = self.start(name)
        self.hears(run, 'READY=1')
        return run

    def standby(self, name):
        run = self.start(name, '--standby')
        self.hears(run, 'ready, should the daemon be killed')
        return run

    def who_acts(self):
        done = subprocess.run([self.avertctl, '--bus', self.bus, 'status'], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
        found = re.match(r'avertd \S+, pid (\d+),', done.stdout)
        return int(found.group(1)) if found else 0

    def acts(self, run):
        return until(lambda: self.who_acts() == run.pid)

    def ends_hog(self):
        """Whether somebody ends the hog by SIGTERM."""
        hog = subprocess.Popen([self.hog, '80'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        try:
            return hog.wait(PATIENCE) == -signal.SIGTERM
        except subprocess.TimeoutExpired:
            hog.kill()
            hog.wait()
            return False
        finally:
            hog.stdin.close()

    def close(self):
        for run in self.running:
            if run.poll() is None:
                run.kill()
                run.wait()
            run.manager.close()


def ended(run):
    try:
        return run.wait(PATIENCE) == 0
    except subprocess.TimeoutExpired:
        return False


def checks(bed):
    daemon = bed.daemon('daemon-1')
    standby = bed.standby('standby-1')
    yield 'while the daemon lives, it acts', bed.who_acts() == daemon.pid and bed.ends_hog()
    yield 'and its standby says nothing', 'started' not in bed.said(standby)

    daemon.kill()
    daemon.wait()
    yield 'when it was killed, the standby acts in its place', bed.acts(standby) and bed.ends_hog()
    yield 'and says why', 'avertd was killed; its standby acts in its place' in bed.said(standby)

    daemon = bed.daemon('daemon-2')
    yield 'when the daemon is back, the standby has ended', ended(standby)
    yield 'and the daemon acts, with everything', bed.who_acts() == daemon.pid and bed.ends_hog() and \
        'another daemon' not in bed.said(daemon)

    standby = bed.standby('standby-2')
    daemon.send_signal(signal.SIGHUP)
    yield 'when the daemon loads its policies again, the standby begins anew', ended(standby)

    standby = bed.standby('standby-3')
    daemon.terminate()
    yield 'when the daemon is stopped, the standby ends as well', ended(daemon) and ended(standby)
    yield 'and has not acted', 'started' not in bed.said(standby)

    standby = bed.start('standby-4', '--standby')
    bed.hears(standby, 'waiting for a daemon')
    standby.terminate()
    yield 'without a daemon it waits, and ends when it is told to', ended(standby)

    daemon = bed.daemon('daemon-3')
    standby = bed.standby('standby-5')
    daemon.kill()
    daemon.wait()
    yield 'a daemon that is killed again is stood in for again', bed.acts(standby)
    looker = bed.start('dry-by-hand', '--dry-run')
    bed.hears(looker, 'READY=1')
    yield 'and who looks on by hand changes nothing', bed.who_acts() == standby.pid
    service = bed.start('dry-service', '--dry-run', service=True)
    bed.hears(service, 'READY=1')
    yield 'but when the service comes back as a dry run, the standby has ended', ended(standby)
    yield 'and the service looks on', bed.who_acts() == service.pid


def main():
    n = failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        bed = Bed(sys.argv[1:], tmp)
        try:
            for what, good in checks(bed):
                n += 1
                failed += not good
                print(f'{"" if good else "not "}ok {n} - {what}', flush=True)
            for run in bed.running if failed else []:
                print(f'# {run.name}: ' + bed.said(run).strip().replace('\n', '\n# '))
        finally:
            bed.close()
    print(f'1..{n}')
    return 1 if failed else 0


sys.exit(main())
