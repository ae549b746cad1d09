#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""avertd, killed at every system call of the threads that take and return a lease: a cgroup that it froze is free again
when it is started anew, or when avertctl gives back in its place, as ExecStopPost= does.
test-lease-killed.py AVERTD AVERTCTL KILLER MEMBER

The policy can match nothing but MEMBER in a cgroup that only this test makes."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE = 60 # never used up by what passes, however busy the machine is
CALLS_MAX = 200

POLICY = '''version: 1
tick: {{ process: 100ms }}
policies:
  - name: brake
    watch: {{ process: {{ exe: "{exe}", cgroup: "{group}" }} }}
    when: proc.anon > 30M
    targets: {{ kind: cgroup, match: {{ cgroup: "{group}" }}, at_least: 16M }}
    steps: [ freeze: {{ lease: 200ms }} ]
    cooldown: 1h
'''
NOBODY = '''version: 1
policies:
  - name: nobody
    watch: { process: { exe: /nowhere } }
    when: proc.anon > 30M
    steps: [ notify ]
'''


def skip(why):
    print(f'1..0 # SKIP {why}')
    sys.exit(0)


def mount_of_cgroup2():
    with open('/proc/self/mounts', encoding='utf-8') as f:
        for line in f:
            if line.split()[2] == 'cgroup2':
                return line.split()[1]
    return None


def value(path):
    with open(path, encoding='ascii') as f:
        return f.read().strip()


def until(what, patience=PATIENCE):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.01)
    return False


class Bed:
    """A cgroup with a process that is large enough, and the directory of a daemon."""

    def __init__(self, programs, tmp):
        self.avertd, self.avertctl, self.killer, member = map(os.path.abspath, programs)  # exe is matched whole
        mount = mount_of_cgroup2()
        if not mount:
            skip('no cgroup2 is mounted')
        self.name = f'/avert-killed-{os.getpid()}'
        self.group = mount + self.name
        try:
            os.mkdir(self.group)
        except OSError as e:
            skip(f'a cgroup cannot be made: {e.strerror}')
        self.freeze = self.group + '/cgroup.freeze'
        self.member = subprocess.Popen([member, '40'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.member.stdout.readline()
        with open(self.group + '/cgroup.procs', 'w', encoding='ascii') as f:
            f.write(str(self.member.pid))
        self.bus = os.path.join(tmp, 'bus')
        self.log = os.path.join(tmp, 'log')
        self.policy = self.write(tmp, 'brake.yaml', POLICY.format(exe=member, group=self.name))
        self.nobody = self.write(tmp, 'nobody.yaml', NOBODY)

    @staticmethod
    def write(tmp, name, text):
        path = os.path.join(tmp, name)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        return path

    def close(self):
        with open(self.freeze, 'w', encoding='ascii') as f:
            f.write('0')
        self.member.kill()
        self.member.wait()
        if not until(lambda: 'populated 0' in value(self.group + '/cgroup.events')):
            print('# the cgroup does not become empty')
        os.rmdir(self.group)

    def daemon(self, policy):
        return [self.avertd, '--config', policy, '--bus', self.bus]

    def kill_at(self, n):
        """What the killer says, and whether the cgroup was seen frozen: until the n-th call, or the lease is over."""
        frozen = False
        with open(self.log, 'w', encoding='utf-8') as log:
            run = subprocess.Popen([self.killer, str(n), 'avert-reaper', *self.daemon(self.policy)], text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        end = time.monotonic() + PATIENCE
        while run.poll() is None and time.monotonic() < end:
            now = value(self.freeze) == '1'
            if frozen and not now:
                time.sleep(0.1)  # until the record is dropped
                break
            frozen = frozen or now
            time.sleep(0.005)
        run.send_signal(signal.SIGTERM)
        said, _ = run.communicate(timeout=PATIENCE)
        return run.returncode, said.strip(), frozen or value(self.freeze) == '1'

    def give_back_by_client(self):
        done = subprocess.run([self.avertctl, '--bus', self.bus, 'leases', '--release-all'], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=PATIENCE, check=False)
        return value(self.freeze) == '0', done.stdout

    def give_back_by_daemon(self):
        with open(self.log, 'w', encoding='utf-8') as log:
            run = subprocess.Popen(self.daemon(self.nobody), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=log)
        good = until(lambda: value(self.freeze) == '0' and not self.is_owed())
        run.terminate()
        run.wait(PATIENCE)
        with open(self.log, encoding='utf-8') as f:
            return good, f.read()

    def is_owed(self):
        done = subprocess.run([self.avertctl, '--bus', self.bus, 'leases'], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
        return self.name in done.stdout


def run_all(bed):
    """One line of TAP per call. Ends with the first number that is more than the calls of a whole lease."""
    seen_frozen = left_frozen = good = 0
    for n in range(1, CALLS_MAX):
        code, said, frozen = bed.kill_at(n)
        if code == 77:
            skip('nothing may be traced here')
        seen_frozen += frozen
        left_frozen += value(bed.freeze) == '1'
        back, text = bed.give_back_by_client() if n % 2 else bed.give_back_by_daemon()
        free = back and not bed.is_owed()
        good += free
        print(f'{"" if free else "not "}ok {n} - {said}, and nothing is owed', flush=True)
        if not free:
            print('# ' + text.strip().replace('\n', '\n# '))
            with open(bed.freeze, 'w', encoding='ascii') as f:
                f.write('0')
        if not said.startswith('killed'):
            break
    proved = re.match(r'ended after \d+ calls', said) and seen_frozen > 2 and left_frozen > 2
    print(f'{"" if proved else "not "}ok {n + 1} - it was killed at every call of a lease '
          f'(frozen in {seen_frozen} runs, left so in {left_frozen})')
    print(f'1..{n + 1}')
    return 0 if proved and good == n else 1


def main():
    with tempfile.TemporaryDirectory() as tmp:
        bed = Bed(sys.argv[1:], tmp)
        try:
            return run_all(bed)
        finally:
            bed.close()


sys.exit(main())
