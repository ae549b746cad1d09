#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""avertctl selftest against a real avertd, which has no policy but the one of the selftest: in a mount namespace of its own,
whose /run is empty. The only process that can be ended is the one that the selftest starts.

    selftest.py AVERTD AVERTCTL

Skipped where no mount namespace can be made."""

import contextlib
import glob
import json
import os
import signal
import subprocess
import sys
import time

DEADLINE = 120
POLICIES = '/run/avert/policy.d'
PLACED = POLICIES + '/99-avert-selftest.yaml'
BUS = '/run/avert/bus'

results = []


def own_cgroups():
    """Those of selftests, where the test makes them itself: without systemd, right below the mount."""
    with open('/proc/self/mounts', encoding='utf-8') as mounts:
        places = [line.split()[1] for line in mounts if line.split()[2] == 'cgroup2']
    return {path for place in places for path in glob.glob(place + '/avert-selftest-*')}


def say(well, name, detail=''):
    results.append(well)
    print('%s %d - %s' % ('ok' if well else 'not ok', len(results), name))
    if not well:
        for line in str(detail).splitlines()[:40]:
            print('# ' + line)
    sys.stdout.flush()


def run(words, **more):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=DEADLINE, check=False, **more)


def set_adj(value):
    """What is inherited, as in a service; False where that is not granted."""
    try:
        with open('/proc/self/oom_score_adj', 'w', encoding='utf-8') as file:
            file.write(str(value))
        return True
    except PermissionError:
        return False


def shown(done):
    return 'ended with %d\n%s%s' % (done.returncode, done.stdout, done.stderr)


def until(holds):
    end = time.monotonic() + DEADLINE
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def victims(avertctl):
    """Processes of this program that a selftest has started."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/cmdline' % pid, 'rb') as file:
                words = file.read().split(b'\0')
        except OSError:
            continue
        if len(words) > 1 and words[0] == avertctl.encode() and words[1] == b'selftest-victim':
            found.append(int(pid))
    return found


class Daemon:
    def __init__(self, avertd, *words):
        self.process = subprocess.Popen([avertd, '--bus', BUS] + list(words), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.answers = until(lambda: os.path.exists(BUS) or self.process.poll() is not None)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()


def nothing_stays(avertctl):
    kept = run([avertctl, 'policies', '--json=short'])
    return not os.path.exists(PLACED) and 'avert-selftest' not in kept.stdout and not victims(avertctl)


def check_real(avertd, avertctl):
    daemon = Daemon(avertd)
    try:
        done = run([avertctl, 'selftest'])
        parts = ['started  pid', 'seen     after', 'warned   after', 'ended    after', 'avertd works']
        say(done.returncode == 0 and all(part in done.stdout for part in parts),
            'it is seen, warned and ended', shown(done))
        say(nothing_stays(avertctl), 'and nothing of it stays')

        spared = set_adj(-1000)
        done = run([avertctl, 'selftest', '--json=short'])
        set_adj(0)
        found = json.loads(done.stdout or '{}')
        say(done.returncode == 0 and found['schema_version'] == 1 and found['ok'] and not found['dry_run'] and
            [s['name'] for s in found['stages'] if s['ok']] == ['seen', 'warned', 'ended'], 'the same as JSON%s' % (', of a service that must not be ended' if spared else ''), shown(done))

        done = run([avertctl, 'selftest', '--dry-run'])
        say(done.returncode == 0 and 'would write' in done.stdout and 'proc.anon > 32M' in done.stdout and
            not os.path.exists(PLACED), 'a dry run tells what it would do', shown(done))

        # Stopped, the daemon does nothing: the test hangs in the middle until it is killed.
        before = own_cgroups()
        killed = subprocess.Popen([avertctl, 'selftest'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True)
        for line in killed.stdout:
            if line.startswith('started'):
                break
        daemon.process.send_signal(signal.SIGSTOP)
        second = run([avertctl, 'selftest', '--dry-run'])
        killed.kill()
        killed.communicate()
        say(second.returncode == 0, 'a dry run needs no daemon that answers', shown(second))
        say(until(lambda: not victims(avertctl)), 'the process of a selftest that was killed ends with it')
        for path in own_cgroups() - before:
            with contextlib.suppress(OSError):
                os.rmdir(path)  # who was killed could not
        daemon.process.send_signal(signal.SIGCONT)
        done = run([avertctl, 'selftest'])
        say(done.returncode == 0, 'what a killed selftest has left does not hinder the next', shown(done))
        say(nothing_stays(avertctl), 'and is gone after it')

        run([avertctl, 'pause'])
        done = run([avertctl, 'selftest'])
        run([avertctl, 'resume'])
        say(done.returncode == 77 and 'is paused' in done.stderr and nothing_stays(avertctl),
            'a daemon that is paused is not taken for one that does not work', shown(done))

        with open(POLICIES + '/50-broken.yaml', 'w', encoding='utf-8') as file:
            file.write('version: 1\npolicies: [ { name: x } ]\n')
        done = run([avertctl, 'selftest'])
        say(done.returncode == 78 and '50-broken.yaml' in done.stderr and not victims(avertctl),
            'a policy that is broken already is said to be', shown(done))
        os.unlink(POLICIES + '/50-broken.yaml')
    finally:
        daemon.stop()


def check_others(avertd, avertctl):
    daemon = Daemon(avertd, '--dry-run')
    try:
        done = run([avertctl, 'selftest'])
        say(done.returncode == 0 and 'acts on nothing (dry run)' in done.stdout and nothing_stays(avertctl),
            'a daemon that acts on nothing shows what it would do', shown(done))
        done = run([avertctl, 'selftest'], user=65534, group=65534)
        say(done.returncode == 5 and 'as root' in done.stderr, 'who is not root is told to be', shown(done))
    finally:
        daemon.stop()

    policy = '/run/avert/own.yaml'
    with open(policy, 'w', encoding='utf-8') as file:
        file.write('version: 1\npolicies:\n  - { name: x, watch: system, when: mem.available < 1%, steps: [ notify ] }\n')
    daemon = Daemon(avertd, '--config', policy)
    try:
        done = run([avertctl, 'selftest'])
        say(done.returncode == 77 and '--config' in done.stderr and not os.path.exists(PLACED) and not victims(avertctl),
            'a daemon that reads no directories is told apart', shown(done))
    finally:
        daemon.stop()
    done = run([avertctl, 'selftest'])
    say(done.returncode == 3 and not os.path.exists(PLACED), 'without a daemon there is nothing to test', shown(done))


def inside(avertd, avertctl):
    for place in ('/run', '/etc/avert', '/usr/lib/avert'):
        if os.path.isdir(place):
            subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', place], check=True)
    os.makedirs(POLICIES)
    os.chmod('/run/avert', 0o755)
    with open(POLICIES + '/10-default.yaml', 'w', encoding='utf-8'):
        pass  # an empty file disables the built-in one
    check_real(avertd, avertctl)
    check_others(avertd, avertctl)
    print('1..%d' % len(results))
    sys.exit(0 if all(results) else 1)


def main():
    avertd, avertctl = [os.path.realpath(path) for path in sys.argv[1:3]]
    if len(sys.argv) > 3:
        inside(avertd, avertctl)
    unshare = ['unshare', '--mount', '--propagation', 'private', '--']
    if os.geteuid() != 0 or run(unshare + ['mount', '-t', 'tmpfs', 'tmpfs', '/run']).returncode != 0:
        print('1..0 # SKIP a mount namespace wants root')
        return
    os.execvp(unshare[0], unshare + [sys.executable, os.path.abspath(__file__), avertd, avertctl, 'inside'])


if __name__ == '__main__':
    main()
