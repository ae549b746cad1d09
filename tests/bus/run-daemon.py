#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon as a whole: started, asked, reloaded, starved of everything it can do without, stopped. It looks at a made-up
machine (--root), so it acts on nothing; what needs the real one runs with --dry-run.

    run-daemon.py AVERTD

Speaks TAP. Every wait is for a thing that must come, with a deadline far beyond what it takes."""

import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

AVERTD = os.path.abspath(sys.argv[1])
DEADLINE = 30
NOBODY = 65534
KIB = 1024

GOOD = '''version: 1
policies:
  - name: %s
    watch: system
    when: mem.available < 5%%
    for: 1s
    steps: [ { notify: warning } ]
'''
BROKEN = '''version: 1
policies:
  - name: broken
    watch: system
    when: mem.avialable < 5%
    steps: [ { notify: warning } ]
'''

MEMINFO = '''MemTotal:        4000000 kB
MemFree:         3000000 kB
MemAvailable:    3500000 kB
Buffers:           10000 kB
Cached:           500000 kB
SwapCached:            0 kB
Active(anon):     100000 kB
Inactive(anon):   100000 kB
Active(file):     200000 kB
Inactive(file):   200000 kB
SwapTotal:             0 kB
SwapFree:              0 kB
Dirty:                 0 kB
Writeback:             0 kB
AnonPages:        200000 kB
Shmem:             10000 kB
Slab:              50000 kB
SReclaimable:      30000 kB
SUnreclaim:        20000 kB
PageTables:         5000 kB
HugePages_Total:       0
Hugepagesize:       2048 kB
Hugetlb:               0 kB
'''
PRESSURE = 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n'


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def make_machine(root, pressure=True):
    """A machine of one process."""
    proc = os.path.join(root, 'proc')
    write(proc + '/meminfo', MEMINFO)
    write(proc + '/vmstat', 'nr_free_pages 750000\noom_kill 0\npgscan_kswapd 0\n')
    write(proc + '/swaps', 'Filename\tType\tSize\tUsed\tPriority\n')
    write(proc + '/mounts', 'proc /proc proc rw 0 0\n')
    if pressure:
        for name in ('memory', 'io', 'cpu'):
            write('%s/pressure/%s' % (proc, name), PRESSURE)
    write(proc + '/1/stat', '1 (init) S 0 1 1 0 -1 4194560 0 0 0 0 1 1 0 0 20 0 1 0 5 10000000 500 18446744073709551615 ' +
          '0 ' * 26 + '\n')
    write(proc + '/1/statm', '2500 500 300 100 0 400 0\n')
    write(proc + '/1/status', 'Name:\tinit\nState:\tS (sleeping)\nPid:\t1\nPPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n'
          'RssAnon:\t800 kB\nRssFile:\t1200 kB\nRssShmem:\t0 kB\nVmSwap:\t0 kB\nVmPTE:\t40 kB\nThreads:\t1\n')
    write(proc + '/1/cgroup', '0::/init.scope\n')
    write(proc + '/1/oom_score', '0\n')
    write(proc + '/1/oom_score_adj', '0\n')
    write(proc + '/1/comm', 'init\n')


# ---- D-Bus, as much of it as is needed --------------------------------------------------------------------------------

def pad(data, n):
    return data + b'\0' * (-len(data) % n)


def string(text):
    raw = text.encode()
    return struct.pack('<I', len(raw)) + raw + b'\0'


def call_bytes(member, serial, signature='', body=b'', claimed=None):
    fields = b''
    for code, kind, value in ((1, 'o', '/org/avert1'), (2, 's', 'org.avert1.Manager'), (3, 's', member)):
        fields = pad(fields, 8) + struct.pack('<B', code) + b'\1' + kind.encode() + b'\0' + string(value)
    if signature:
        fields = pad(fields, 8) + b'\x08\x01g\0' + struct.pack('<B', len(signature)) + signature.encode() + b'\0'
    head = b'l\1\0\1' + struct.pack('<III', len(body) if claimed is None else claimed, serial, len(fields)) + fields
    return pad(head, 8) + body


class Peer:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(path)
        self.data = b''
        self.serial = 0
        self.socket.sendall(b'\0AUTH EXTERNAL %s\r\nBEGIN\r\n' % str(os.geteuid()).encode().hex().encode())
        while b'\r\n' not in self.data:
            self.more()
        line, self.data = self.data.split(b'\r\n', 1)
        assert line.startswith(b'OK'), line

    def more(self):
        got = self.socket.recv(65536)
        if not got:
            raise ConnectionResetError('the daemon closed the connection')
        self.data += got

    def message(self):
        """(type, serial it answers, body)"""
        while len(self.data) < 16:
            self.more()
        body_len, _, fields_len = struct.unpack_from('<III', self.data, 4)
        head_len = 16 + fields_len + (-fields_len % 8)
        while len(self.data) < head_len + body_len:
            self.more()
        head, body = self.data[:head_len], self.data[head_len:head_len + body_len]
        self.data = self.data[head_len + body_len:]
        at, answers = 16, None
        while at < 16 + fields_len:
            at += -at % 8
            code, kind = head[at], head[at + 2:at + 3]
            at += 4
            if kind == b'u':
                at += -at % 4
                value = struct.unpack_from('<I', head, at)[0]
                at += 4
                if code == 5:
                    answers = value
            elif kind == b'g':
                at += head[at] + 2
            else:
                at += -at % 4
                at += struct.unpack_from('<I', head, at)[0] + 5
        return head[1], answers, body

    def call(self, member):
        self.serial += 1
        self.socket.sendall(call_bytes(member, self.serial))
        while True:
            kind, answers, body = self.message()
            if answers == self.serial:
                return kind, body

    def text(self, member):
        kind, body = self.call(member)
        assert kind == 2, body
        return body[4:4 + struct.unpack_from('<I', body)[0]].decode()

    def describe(self):
        return json.loads(self.text('Describe'))

    def reload(self):
        """(accepted, message)"""
        kind, body = self.call('Reload')
        assert kind == 2, body
        return struct.unpack_from('<I', body)[0] == 1, body[8:8 + struct.unpack_from('<I', body, 4)[0]].decode()


# ---- the daemon ------------------------------------------------------------------------------------------------------

class Daemon:
    def __init__(self, bed, *args, stderr=None, notify=True, real=False, uid=None, env=None, leaks=True):
        self.path = os.path.join(bed.dir, 'bus')
        environment = {k: v for k, v in os.environ.items()
                       if k not in ('NOTIFY_SOCKET', 'JOURNAL_STREAM', 'INVOCATION_ID', 'RUNTIME_DIRECTORY',
                                    'STATE_DIRECTORY')}
        if notify:
            environment['NOTIFY_SOCKET'] = bed.notify_path
        if real:  # what it remembers is not this machine's
            environment['STATE_DIRECTORY'] = os.path.join(bed.dir, 'state')
        environment.update(env or {})
        # A sanitized build: what the daemon asks for in vain must come back as NULL there as well.
        options = [environment.get('ASAN_OPTIONS', ''), 'allocator_may_return_null=1'] + ([] if leaks else ['detect_leaks=0'])
        environment['ASAN_OPTIONS'] = ':'.join(o for o in options if o)
        self.log_path = os.path.join(bed.dir, 'stderr')
        # What was built may lie where another user cannot get to.
        program = AVERTD if uid is None else shutil.copy(AVERTD, bed.dir)
        command = [program, '--bus', self.path] + ([] if real else ['--root', bed.root]) + list(args)
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=stderr or log, env=environment, user=uid, group=uid)
        bed.daemons.append(self)

    def log(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as f:
            return f.read()

    def wait_log(self, words):
        wait_until(lambda: words in self.log(), lambda: '"%s" in: %s' % (words, self.log()))

    def wait_socket(self):
        wait_until(lambda: os.path.exists(self.path), lambda: 'socket; ' + self.log())

    def stop(self, limit=DEADLINE):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(limit)
        assert code == 0, 'exit code %d: %s' % (code, self.log())


def wait_until(holds, what):
    end = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < end, 'never: ' + what()
        select.select([], [], [], 0.01)


class Bed:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix='avert-test-')
        os.chmod(self.dir, 0o755)
        self.root = os.path.join(self.dir, 'machine')
        make_machine(self.root)
        self.policy = os.path.join(self.dir, 'policy.yaml')
        write(self.policy, GOOD % 'first')
        self.notify_path = os.path.join(self.dir, 'notify')
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.notify_path)
        os.chmod(self.notify_path, 0o777)
        self.notify.settimeout(DEADLINE)
        self.daemons = []

    def heard(self, words):
        """The next message with these words; those before it are skipped."""
        while True:
            text = self.notify.recv(4096).decode()
            if words in text:
                return text

    def done(self):
        for daemon in self.daemons:
            if daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait()
        self.notify.close()
        shutil.rmtree(self.dir)


# ---- tests -----------------------------------------------------------------------------------------------------------

def it_is_ready_answers_and_stops(bed):
    daemon = Daemon(bed, '--config', bed.policy)
    bed.heard('READY=1')
    state = Peer(daemon.path).describe()
    assert state['dry_run'] is True, 'a foreign root is dry'
    assert state['pid'] == daemon.process.pid
    assert [p['name'] for p in state['policies']] == ['first']
    assert [r['value'] for r in state['readings'] if r['metric'] == 'mem.total'] == [4000000 * KIB]
    daemon.process.send_signal(signal.SIGTERM)
    bed.heard('STOPPING=1')
    assert daemon.process.wait(DEADLINE) == 0
    assert not os.path.exists(daemon.path), 'the socket is left behind'
    assert 'stopping' in daemon.log()


def interrupt_ends_it_as_well(bed):
    daemon = Daemon(bed, '--config', bed.policy)
    bed.heard('READY=1')
    daemon.process.send_signal(signal.SIGINT)
    assert daemon.process.wait(DEADLINE) == 0


def a_good_reload_replaces_all(bed):
    daemon = Daemon(bed, '--config', bed.policy)
    bed.heard('READY=1')
    write(bed.policy, GOOD % 'second')
    daemon.process.send_signal(signal.SIGHUP)
    bed.heard('RELOADING=1')
    assert 'reloaded' in bed.heard('READY=1')
    daemon.wait_log('policies reloaded')
    peer = Peer(daemon.path)
    wait_until(lambda: [p['name'] for p in peer.describe()['policies']] == ['second'], daemon.log)
    daemon.stop()


def a_bad_reload_changes_nothing_and_says_why(bed):
    daemon = Daemon(bed, '--config', bed.policy)
    bed.heard('READY=1')
    write(bed.policy, BROKEN)
    daemon.process.send_signal(signal.SIGHUP)
    bed.heard('RELOADING=1')
    status = bed.heard('READY=1')
    assert 'refused' in status and 'policy.yaml:5' in status, status
    daemon.wait_log('policy.yaml:5')
    peer = Peer(daemon.path)
    assert [p['name'] for p in peer.describe()['policies']] == ['first']
    accepted, message = peer.reload()
    assert not accepted and 'mem.available' in message, message
    os.unlink(bed.policy)
    accepted, message = peer.reload()
    assert not accepted, message
    write(bed.policy, GOOD % 'third')
    accepted, message = peer.reload()
    assert accepted, message
    daemon.stop()


def a_broken_policy_at_start_means_the_builtin_one_and_an_alert(bed):
    write(bed.policy, BROKEN)
    daemon = Daemon(bed, '--config', bed.policy)
    assert 'built-in' in bed.heard('READY=1')
    daemon.wait_log('mem.avialable')
    daemon.wait_log('critical')
    state = Peer(daemon.path).describe()
    assert [s['path'] for s in state['config']['sources']] == ['built-in'], state['config']
    assert 'host-exhaustion' in [p['name'] for p in state['policies']]
    write(bed.policy, GOOD % 'mended')
    accepted, message = Peer(daemon.path).reload()
    assert accepted, message
    daemon.stop()


def no_policy_file_at_all_means_the_builtin_one(bed):
    daemon = Daemon(bed)
    bed.heard('READY=1')
    state = Peer(daemon.path).describe()
    assert [s['path'] for s in state['config']['sources']] == ['built-in'], state['config']
    daemon.stop()


def a_manager_that_reads_nothing_delays_nothing(bed):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stuffer:
        stuffer.setblocking(False)
        sent = 0
        try:
            while True:
                stuffer.sendto(b'STUFF=1', bed.notify_path)
                sent += 1
        except BlockingIOError:
            pass
        daemon = Daemon(bed, '--config', bed.policy, env={'WATCHDOG_USEC': '300000'})
        daemon.wait_socket()
        peer = Peer(daemon.path)
        before = peer.describe()['sentinel']['ticks']
        wait_until(lambda: peer.describe()['sentinel']['ticks'] > before, daemon.log)
        accepted, _ = peer.reload()  # READY and RELOADING go nowhere
        assert accepted
        assert peer.describe()['sentinel']['longest_late_usec'] < 10 * 1000000

        # Once it reads, it hears how things stand.
        for _ in range(sent):
            assert bed.notify.recv(4096) == b'STUFF=1'
        bed.heard('READY=1')
        daemon.stop()


def the_watchdog_is_fed(bed):
    daemon = Daemon(bed, '--config', bed.policy, env={'WATCHDOG_USEC': '600000'})
    bed.heard('READY=1')
    bed.heard('WATCHDOG=1')
    bed.heard('WATCHDOG=1')
    daemon.stop()


def a_reader_of_stderr_that_stops_delays_nothing(bed):
    read_end, write_end = os.pipe()
    try:
        os.set_blocking(write_end, False)
        try:
            while True:
                os.write(write_end, b'x' * 4096)
        except BlockingIOError:
            os.set_blocking(write_end, True)
        # What the hanging thread uses is left behind on purpose, and there is no reader for a report about it.
        daemon = Daemon(bed, '--config', bed.policy, '--log-level', 'debug', stderr=write_end, leaks=False)
        bed.heard('READY=1')
        peer = Peer(daemon.path)
        before = peer.describe()['sentinel']['ticks']
        wait_until(lambda: peer.describe()['sentinel']['ticks'] > before, lambda: 'ticks')
        write(bed.policy, BROKEN)
        for _ in range(100):
            assert not peer.reload()[0]
        daemon.stop()  # though the journal thread hangs
    finally:
        os.close(read_end)
        os.close(write_end)


def a_full_disk_is_no_reason_to_stop(bed):
    with open('/dev/full', 'wb') as full:
        daemon = Daemon(bed, '--config', bed.policy, stderr=full)
        bed.heard('READY=1')
        peer = Peer(daemon.path)
        assert peer.reload()[0]
        assert peer.describe()['level'] == 'calm'
        daemon.stop()


def without_a_place_for_the_socket_it_goes_on(bed):
    daemon = Daemon(bed, '--config', bed.policy, '--bus', os.path.join(bed.dir, 'no/such/place'))
    bed.heard('READY=1')
    daemon.wait_log('cannot make the socket')
    daemon.wait_log('everything else goes on')
    daemon.stop()


def two_daemons_do_not_share_a_socket(bed):
    first = Daemon(bed, '--config', bed.policy)
    bed.heard('READY=1')
    second = Daemon(bed, '--config', bed.policy)
    bed.heard('READY=1')
    second.wait_log('another daemon answers')
    second.stop()
    assert Peer(first.path).describe()['pid'] == first.process.pid, 'the first one keeps it'
    first.stop()


def who_waits_for_hints_finds_a_socket_beside_the_other_one(bed):
    daemon = Daemon(bed, '--config', bed.policy, real=True)  # of a policy that only notifies
    bed.heard('READY=1')
    path = os.path.join(bed.dir, 'pressure')
    assert os.stat(path).st_mode & 0o777 == 0o666
    with socket.socket(socket.AF_UNIX) as program:
        program.settimeout(DEADLINE)
        program.connect(path)
        program.sendall(b'some 200000 2000000\0')
        daemon.stop()
        try:
            assert program.recv(64) == b''
        except ConnectionResetError:
            pass  # it ended before it read what was written
    assert not os.path.exists(path)


def a_dry_run_has_no_hints_to_give(bed):
    daemon = Daemon(bed, '--config', bed.policy)
    bed.heard('READY=1')
    assert not os.path.exists(os.path.join(bed.dir, 'pressure'))
    daemon.stop()


def a_machine_without_pressure_files_is_watched_all_the_same(bed):
    shutil.rmtree(bed.root + '/proc/pressure')
    daemon = Daemon(bed, '--config', bed.policy)
    bed.heard('READY=1')
    daemon.wait_log('psi.memory')
    state = Peer(daemon.path).describe()
    probe = {p['name']: p for p in state['probe']}
    assert probe['psi.memory']['state'] == 'absent' and probe['psi.memory']['why'], probe
    assert [s['state'] for s in state['sources'] if s['name'] == 'psi.memory'] != ['present']
    assert [r['known'] for r in state['readings'] if r['metric'] == 'mem.available'] == [True]
    assert [r['known'] for r in state['readings'] if r['metric'] == 'psi.memory.full.avg10'] == [False]
    daemon.stop()


def a_cut_meminfo_degrades_and_comes_back(bed):
    daemon = Daemon(bed, '--config', bed.policy)
    bed.heard('READY=1')
    peer = Peer(daemon.path)

    def available():
        return [r['known'] for r in peer.describe()['readings'] if r['metric'] == 'mem.available'] == [True]

    assert available()
    meminfo = bed.root + '/proc/meminfo'
    write(meminfo, 'MemTotal:        4000000 kB\nMemF')
    wait_until(lambda: not available(), daemon.log)
    daemon.wait_log('source degraded')
    write(meminfo, MEMINFO)
    wait_until(available, daemon.log)
    daemon.stop()


def a_message_of_a_hundred_megabytes_ends_that_connection_only(bed):
    daemon = Daemon(bed, '--config', bed.policy)
    bed.heard('READY=1')
    peer, other = Peer(daemon.path), Peer(daemon.path)
    peer.socket.sendall(call_bytes('Describe', 1, claimed=120 * 1024 * 1024))
    try:
        while True:
            peer.message()
    except ConnectionResetError:
        pass
    assert other.describe()['level'] == 'calm'
    daemon.stop()


def a_thousand_idle_connections_and_one_that_never_reads_delay_no_tick(bed):
    write(bed.policy, GOOD % 'first' + 'tick: { max: 100ms }\n')
    daemon = Daemon(bed, '--config', bed.policy)
    bed.heard('READY=1')
    asking = Peer(daemon.path)
    deaf = Peer(daemon.path)
    idle = []
    before = asking.describe()['sentinel']
    for _ in range(1000):
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(daemon.path)
        idle.append(peer)
    deaf.socket.setblocking(False)
    try:
        for serial in range(1, 100000):  # far more answers than the sockets buffer
            deaf.socket.sendall(call_bytes('Describe', serial))
    except OSError:
        pass  # it takes no more, or has dropped us
    asked = 1
    while True:
        now = asking.describe()['sentinel']
        asked += 1
        if now['wakes_timer'] >= before['wakes_timer'] + 40:
            break
        select.select([], [], [], 1)
    ticks, timers, requests = (now[key] - before[key] for key in ('ticks', 'wakes_timer', 'wakes_request'))
    # Who is turned away wakes nobody: the peers that are in, our own questions, and what the deaf one may ask at a time.
    assert requests <= 32 + 2 * asked + 100, (requests, asked)
    assert ticks >= timers, 'the timer came and no tick with it'
    assert now['next_tick_usec'] <= 100000, now['next_tick_usec']
    for peer in idle:
        peer.close()
    deaf.socket.close()
    daemon.stop()


class SentinelTrace:
    """What the sentinel of a daemon asks of the kernel, from now on."""

    def __init__(self, bed, pid):
        self.pid = pid
        self.path = os.path.join(bed.dir, 'trace')
        threads = {open('/proc/%d/task/%s/comm' % (pid, t), encoding='utf-8').read().strip(): t
                   for t in os.listdir('/proc/%d/task' % pid)}
        self.strace = subprocess.Popen(['strace', '-o', self.path, '-p', threads['avert-sentinel']], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        # "attached", or why not
        self.works = 'attached' in self.strace.stderr.readline()

    def lines(self):
        with open(self.path, encoding='utf-8', errors='replace') as f:
            return f.read().splitlines()

    def stop(self):
        self.strace.send_signal(signal.SIGINT)
        self.strace.wait(DEADLINE)
        self.strace.stderr.close()
        return self.lines()


def no_peer_is_anything_to_the_sentinel(bed):
    """What may not wait for a peer cannot be late for one: its calls are those of ticks, on files that are no sockets,
    while a thousand connect, some stay, and one asks for more than it reads."""
    if not shutil.which('strace'):
        return 'there is no strace'
    write(bed.policy, GOOD % 'first' + 'tick: { max: 100ms }\n')
    daemon = Daemon(bed, '--config', bed.policy, leaks=False)
    bed.heard('READY=1')
    asking = Peer(daemon.path)
    asking.describe()
    trace = SentinelTrace(bed, daemon.process.pid)
    if not trace.works:
        daemon.stop()
        return 'strace may not look here'
    deaf = Peer(daemon.path)
    idle = []
    for _ in range(1000):
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(daemon.path)
        idle.append(peer)
    deaf.socket.setblocking(False)
    try:
        for serial in range(1, 100000):
            deaf.socket.sendall(call_bytes('Describe', serial))
    except OSError:
        pass
    before = asking.describe()['sentinel']['ticks']
    wait_until(lambda: asking.describe()['sentinel']['ticks'] >= before + 20, lambda: 'ticks')
    sockets = {int(fd) for fd in os.listdir('/proc/%d/fd' % daemon.process.pid)
               if os.readlink('/proc/%d/fd/%s' % (daemon.process.pid, fd)).startswith('socket:')}
    lines = trace.stop()
    for peer in idle + [deaf.socket]:
        peer.close()
    daemon.stop()

    calls = [found for found in (re.match(r'(\w+)\((.*)', line) for line in lines) if found]
    names = {found[1] for found in calls}
    assert len(calls) > 100 and 'ppoll' in names and 'pread64' in names, names
    assert len(sockets) > 16, sockets  # the peers are there
    more = names - {'ppoll', 'pread64', 'read', 'write', 'futex', 'clock_gettime', 'restart_syscall', 'gettid'}
    assert not more, 'it calls %s as well' % more
    waits = [found[0] for found in calls if found[1] == 'futex' and 'FUTEX_WAIT' in found[2]]
    assert not waits, 'it waits for another thread: %s' % waits[0]
    used = {int(n) for found in calls if found[1] in ('pread64', 'read', 'write') for n in re.findall(r'^(\d+),', found[2])}
    used |= {int(n) for found in calls if found[1] == 'ppoll' for n in re.findall(r'fd=(\d+)', found[2])}
    assert used and not used & sockets, 'it uses sockets: %s' % (used & sockets)


def an_ordinary_user_observes_and_learns_what_is_missing(bed):
    if os.geteuid() != 0:
        return 'there is no other user to be'
    home = os.path.join(bed.dir, 'home')
    os.mkdir(home)
    os.chown(home, NOBODY, NOBODY)
    daemon = Daemon(bed, '--config', bed.policy, '--dry-run', '--bus', home + '/bus', real=True, uid=NOBODY)
    bed.heard('READY=1')
    daemon.wait_log('cap.kill')
    state = Peer(home + '/bus').describe()
    assert state['dry_run'] is True
    assert [r['known'] for r in state['readings'] if r['metric'] == 'mem.available'] == [True]
    daemon.stop()
    return None


def without_a_manager_it_runs(bed):
    daemon = Daemon(bed, '--config', bed.policy, notify=False)
    daemon.wait_socket()
    assert Peer(daemon.path).describe()['level'] == 'calm'
    daemon.stop()


def run(*args):
    return subprocess.run([AVERTD] + list(args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding='utf-8', timeout=DEADLINE, check=False)


def checks_and_exit_codes_are_as_documented(bed):
    broken = os.path.join(bed.dir, 'broken.yaml')
    write(broken, BROKEN)
    done = run('--check-config', bed.policy)
    assert (done.returncode, done.stderr) == (0, ''), done
    done = run('--check-config', bed.policy, broken)
    assert done.returncode == 78, done
    assert 'broken.yaml:5:' in done.stderr and '^' in done.stderr and 'mem.available' in done.stderr, done.stderr
    assert run('--check-config', '--config', broken).returncode == 78
    assert run('--check-config', os.path.join(bed.dir, 'missing.yaml')).returncode == 78
    assert run('--check-config', '--root', bed.root).returncode == 0
    assert run('--once', '--config', broken, '--root', bed.root).returncode == 78
    assert run('--once', '--root', os.path.join(bed.dir, 'nowhere')).returncode != 0
    assert run('--nonsense').returncode == 2
    done = run('--version')
    assert done.returncode == 0 and done.stdout.startswith('avertd '), done
    done = run('--root', os.path.join(bed.dir, 'nowhere'), '--config', bed.policy)
    assert done.returncode == 1 and done.stderr, done


def once_judges_a_recording_and_explains(bed):
    write(bed.root + '/proc/meminfo', MEMINFO.replace('MemAvailable:    3500000', 'MemAvailable:      40000'))
    done = run('--once', '--root', bed.root, '--config', bed.policy)
    assert done.returncode == 0, done
    assert 'mem.available' in done.stdout and 'first: true' in done.stdout, done.stdout
    again = run('--once', '--root', bed.root, '--config', bed.policy)
    assert again.stdout == done.stdout, 'the same recording, another judgement'
    done = run('--once', '--json', '--root', bed.root, '--config', bed.policy)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]['policies'][0]['verdict'] == 'true', lines


def once_judges_this_machine(bed):
    done = run('--once', '--config', bed.policy)
    assert done.returncode == 0, done
    assert 'mem.available' in done.stdout, done.stdout


TESTS = [
    it_is_ready_answers_and_stops,
    interrupt_ends_it_as_well,
    a_good_reload_replaces_all,
    a_bad_reload_changes_nothing_and_says_why,
    a_broken_policy_at_start_means_the_builtin_one_and_an_alert,
    no_policy_file_at_all_means_the_builtin_one,
    a_manager_that_reads_nothing_delays_nothing,
    the_watchdog_is_fed,
    a_reader_of_stderr_that_stops_delays_nothing,
    a_full_disk_is_no_reason_to_stop,
    without_a_place_for_the_socket_it_goes_on,
    two_daemons_do_not_share_a_socket,
    who_waits_for_hints_finds_a_socket_beside_the_other_one,
    a_dry_run_has_no_hints_to_give,
    a_machine_without_pressure_files_is_watched_all_the_same,
    a_cut_meminfo_degrades_and_comes_back,
    a_message_of_a_hundred_megabytes_ends_that_connection_only,
    a_thousand_idle_connections_and_one_that_never_reads_delay_no_tick,
    no_peer_is_anything_to_the_sentinel,
    an_ordinary_user_observes_and_learns_what_is_missing,
    without_a_manager_it_runs,
    checks_and_exit_codes_are_as_documented,
    once_judges_a_recording_and_explains,
    once_judges_this_machine,
]


def main():
    only = sys.argv[2:]
    tests = [t for t in TESTS if not only or t.__name__ in only]
    print('1..%d' % len(tests))
    failed = 0
    for i, test in enumerate(tests, 1):
        bed = Bed()
        try:
            skipped = test(bed)
            print('ok %d - %s%s' % (i, test.__name__, ' # SKIP ' + skipped if skipped else ''))
        except (AssertionError, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            failed += 1
            print('not ok %d - %s' % (i, test.__name__))
            for line in ('%s: %s' % (type(error).__name__, error)).splitlines():
                print('# ' + line)
            for daemon in bed.daemons:
                for line in daemon.log().splitlines():
                    print('#   ' + line)
        finally:
            bed.done()
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


main()
