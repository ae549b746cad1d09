#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""avertd in dry run under a load of short processes: its memory and descriptors must not grow.

soak.py AVERTD AVERTCTL POLICY [SECONDS [PER_SECOND]]     (a few seconds as a test; by hand 1800 for the long form)

Half of the time load, a pause, measure; the other half, a pause, measure. Only what is left after the second half and
was not there after the first is growth: the first touches everything once. As root it runs in a PID namespace of its
own: memory is made ready for as many processes as there ever were, and what else this machine starts is not counted."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

RSS_GROWTH_MAX = 256 * 1024
FDS_PER_KEPT = 3 # a kept process: statm, two pidfds
FDS_PER_DETAILED = 2 # and of the first: status, oom_score
DETAILED_MAX = 64
FD_GROWTH_MAX = 20 # beyond those of the kept: a few are just coming or going
LOOKS = 6
CENSUS = 2
PAUSE = 12 # the sentinel looks every five seconds when all is calm; descriptors close when it has and a census followed
PATIENCE = 30


def tree(pid):
    """The daemon and the processes that belong to it."""
    pids = [pid]
    for p in pids:
        try:
            with open(f'/proc/{p}/task/{p}/children', encoding='ascii') as f:
                pids += map(int, f.read().split())
        except OSError:
            pass
    return pids


def measure(pid):
    rss = fds = 0
    for p in tree(pid):
        try:
            with open(f'/proc/{p}/statm', encoding='ascii') as f:
                rss += int(f.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
            fds += len(os.listdir(f'/proc/{p}/fd'))
        except OSError:
            pass
    return rss, fds


class Load:
    """Starts this many processes a second, most of which end at once; some live for a moment, and a few long enough to
    be kept open."""

    def __init__(self, per_second):
        self.started = 0
        self.going = True
        self.per_second = per_second
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        begin = time.monotonic()
        while self.going:
            due = int((time.monotonic() - begin) * self.per_second)
            if self.started >= due:
                time.sleep(0.005)
            else:
                self.started += 1
                command = ['/bin/true']
                if self.started % 8 == 0:
                    command = ['/bin/sleep', '6' if self.started % 40 == 0 else '0.3']
                os.posix_spawn(command[0], command, {})
            self._reap()
        while self._reap():
            time.sleep(0.05)

    @staticmethod
    def _reap():
        """True while some are left that have not ended. Only these are children that may end: the daemon is reaped by
        its Popen object, so it is waited for by number elsewhere."""
        try:
            while True:
                info = os.waitid(os.P_PGID, os.getpgid(0), os.WEXITED | os.WNOHANG)
                if info is None:
                    return True
        except ChildProcessError:
            return False

    def stop(self):
        self.going = False
        self.thread.join()
        return self.started


def status(avertctl, bus):
    run = subprocess.run([avertctl, '--bus', bus, '--json=short', 'status'], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True)
    return json.loads(run.stdout) if run.returncode == 0 else None


def await_status(avertctl, bus, process):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        s = status(avertctl, bus)
        if s:
            return s
        time.sleep(0.1)
    return None


def run(avertd, avertctl, policy, seconds, per_second, tmp):
    results = []
    bus = os.path.join(tmp, 'bus')
    pace = os.path.join(tmp, 'pace.yaml')
    with open(pace, 'w', encoding='utf-8') as f:
        f.write(f'version: 1\ntick: {{ census: {CENSUS}s }}\n')
    with open(os.path.join(tmp, 'stderr'), 'w+', encoding='utf-8') as text:
        # In a session of its own: its end is waited for by number, that of the load by process group.
        daemon = subprocess.Popen([avertd, '--dry-run', '--config', policy, '--config', pace, '--bus', bus],
                                  stdin=subprocess.DEVNULL, stdout=text, stderr=text, start_new_session=True)
        results.append((await_status(avertctl, bus, daemon) is not None, 'avertd runs and answers', ''))
        marks = []
        started = 0
        for _ in range(2):
            load = Load(per_second)
            time.sleep(seconds / 2)
            started += load.stop()
            time.sleep(PAUSE)
            looks = []
            for _ in range(LOOKS):
                final = status(avertctl, bus)
                rss, fds = measure(daemon.pid)
                kept = final['scout']['kept'] if final else 0
                own = fds - FDS_PER_KEPT * kept - FDS_PER_DETAILED * min(kept, DETAILED_MAX)
                looks.append((own, rss, fds, kept))
                time.sleep(1)
            marks.append(min(looks)) # what is always there
        daemon.send_signal(signal.SIGTERM)
        code = daemon.wait(PATIENCE)
        text.seek(0)
        log = text.read()

    # Processes of others come and go as well, and the larger ones are kept open: that is no growth.
    (own, rss, fds, kept), (own_end, rss_end, fds_end, kept_end) = marks
    print(f'# {started} processes in {seconds} s; resident {rss // 1024} -> {rss_end // 1024} KiB, '
          f'descriptors {fds} -> {fds_end} with {kept} -> {kept_end} processes kept')
    if final:
        keep = ('ticks', 'longest_pass_usec', 'longest_late_usec', 'events_dropped', 'reapers_lost')
        print('# sentinel:', {k: final['sentinel'].get(k) for k in keep})
        print('# scout:', final['scout'])
    errors = [line for line in log.splitlines() if ' error ' in line or 'hang' in line]
    results += [
        (started > seconds * per_second / 4, 'the load was a load', started),
        (rss_end - rss < RSS_GROWTH_MAX, 'resident memory does not grow', f'{rss} -> {rss_end}'),
        (own_end - own <= FD_GROWTH_MAX, 'descriptors do not grow', f'{own} -> {own_end}'),
        (final is not None and final['sentinel']['events_dropped'] == 0, 'it answers to the end and has lost no record', final),
        (not errors, 'there is no error in its log', '\n'.join(errors)),
        (code == 0, 'it ends cleanly', code),
    ]
    return results


def go_apart():
    """Starts over in a PID namespace, where that is possible."""
    words = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
    if os.geteuid() != 0 or 'AVERT_SOAK_APART' in os.environ or not shutil.which('unshare'):
        return
    if subprocess.run(words + ['true'], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        os.execvpe(words[0], words + [sys.executable] + sys.argv, dict(os.environ, AVERT_SOAK_APART='1'))


def main():
    go_apart()
    avertd, avertctl, policy = sys.argv[1:4]
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 10
    per_second = int(sys.argv[5]) if len(sys.argv) > 5 else 100
    if os.getpgid(0) != os.getpid():
        os.setpgid(0, 0)
    failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        results = run(avertd, avertctl, policy, seconds, per_second, tmp)
    for n, (good, what, note) in enumerate(results, 1):
        failed += not good
        print(f'{"" if good else "not "}ok {n} - {what}')
        if not good:
            print('# ' + str(note).replace('\n', '\n# '))
    print(f'1..{len(results)}')
    return 1 if failed else 0


sys.exit(main())
