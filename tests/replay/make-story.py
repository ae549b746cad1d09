#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Expands a story into the trees of /proc and /sys that avertd judges with --root.

    make-story.py STORY.toml DIR        writes DIR/000/proc/..., DIR/000/at, DIR/001/...
    make-story.py --pack DIR FILE       packs recorded trees into one text file, for a story's `recording`
    make-story.py --unpack FILE DIR     and back

A story (TOML) describes a machine and its processes over time; amounts are constants or curves, lists of
[time, value] between which they run straight (the same time twice is a jump). Times are "20s", "1min", "8h";
amounts "300M", "2G", "5%" (of memory). See README.md in this directory for all keys.
"""

import math
import os
import re
import sys
import tomllib

PAGE = 4096
KIB = 1024
TICKS = 100
BOOT = 1000.0  # seconds of uptime at which a story begins
UNITS = {'': 1, 'B': 1, 'K': 2**10, 'M': 2**20, 'G': 2**30, 'T': 2**40}
SECONDS = {'ms': 0.001, 's': 1, 'min': 60, 'h': 3600}

PF_KTHREAD, PF_EXITING, PF_DUMPCORE, PF_PLAIN = 0x200000, 0x4, 0x200, 0x400000

# Who is on every machine: nobody of these may ever be harmed by a story that does not say so.
CASTS = {
    'none': [],
    'server': [
        {'pid': 1, 'ppid': 0, 'comm': 'systemd', 'exe': '/usr/lib/systemd/systemd', 'cgroup': '/init.scope', 'anon': '4M',
         'file': '8M'},
        {'pid': 2, 'ppid': 0, 'comm': 'kthreadd', 'kthread': True},
        {'pid': 60, 'ppid': 2, 'comm': 'kswapd0', 'kthread': True},
        {'pid': 210, 'comm': 'systemd-journal', 'exe': '/usr/lib/systemd/systemd-journald',
         'cgroup': '/system.slice/systemd-journald.service', 'anon': '3M', 'file': '20M', 'adj': -250},
        {'pid': 300, 'comm': 'dbus-daemon', 'uid': 100, 'exe': '/usr/bin/dbus-daemon',
         'cgroup': '/system.slice/dbus.service', 'anon': '2M', 'file': '4M', 'adj': -900},
        {'pid': 400, 'comm': 'sshd', 'exe': '/usr/sbin/sshd', 'cgroup': '/system.slice/ssh.service', 'anon': '2M',
         'file': '6M', 'adj': -1000},
        {'pid': 410, 'comm': 'cron', 'exe': '/usr/sbin/cron', 'cgroup': '/system.slice/cron.service', 'anon': '1M',
         'file': '2M'},
    ],
}


def seconds(value):
    if isinstance(value, (int, float)):
        return float(value)
    match = re.fullmatch(r'(-?[\d.]+)(ms|s|min|h)', value)
    if not match:
        sys.exit(f'{value}: not a time')
    return float(match[1]) * SECONDS[match[2]]


class Machine:
    """The clock and the conversions that need the size of memory."""

    def __init__(self, story):
        machine = story.get('machine', {})
        self.total = self.amount(machine.get('total', '8G'), 0)
        self.story = story
        self.machine = machine

    def amount(self, value, total=None):
        if isinstance(value, (int, float)):
            return float(value)
        if value.endswith('%'):
            return float(value[:-1]) / 100 * (self.total if total is None else total)
        match = re.fullmatch(r'(-?[\d.]+)([BKMGT]?)', value)
        if not match:
            sys.exit(f'{value}: not an amount')
        return float(match[1]) * UNITS[match[2]]

    def at(self, curve, time):
        """The value of a curve at a time."""
        if not isinstance(curve, list):
            return self.amount(curve)
        points = [(seconds(t), self.amount(v)) for t, v in curve]
        if time < points[0][0]:
            return points[0][1]
        value = points[-1][1]
        for (t0, v0), (t1, v1) in zip(points, points[1:]):
            if t0 <= time < t1:
                return v0 + (v1 - v0) * (time - t0) / (t1 - t0)
        return value


def alive(thing, time):
    return seconds(thing.get('from', -1e9)) <= time < seconds(thing.get('until', 1e9))


def kib(value):
    return max(0, int(value)) // KIB


# ---- processes -----------------------------------------------------------------------------------------


class Process:
    def __init__(self, machine, spec, sessions):
        self.machine = machine
        self.spec = spec
        self.pid = spec['pid']
        self.ppid = spec.get('ppid', 1)
        self.uid = spec.get('uid', 0)
        self.kthread = spec.get('kthread', False)
        own = self.pid if self.ppid in (0, 1) else sessions.get(self.ppid, self.pid)
        self.session = spec.get('session', 0 if self.kthread else own)
        self.pgrp = spec.get('pgrp', self.session)
        sessions[self.pid] = self.session
        self.comm = spec['comm'].encode('utf-8', 'surrogateescape') if 'comm' in spec else bytes(spec['comm_bytes'])

    def amounts(self, time):
        """(anon, file, shmem, swap), page by page."""
        spec, at = self.spec, self.machine.at
        return tuple(int(at(spec.get(key, 0), time)) // PAGE * PAGE for key in ('anon', 'file', 'shmem', 'swap'))

    def state(self, time):
        for begin, state in reversed(self.spec.get('states', [])):
            if time >= seconds(begin):
                return state
        return self.spec.get('state', 'I' if self.kthread else 'S')

    def files(self, time):
        """Yields (name, bytes); a name that ends in '@' is a symbolic link."""
        spec = self.spec
        anon, file, shmem, swap = self.amounts(time)
        rss = anon + file + shmem
        tables = rss // 512 + 8 * PAGE
        state, threads = self.state(time), spec.get('threads', 1)
        started = BOOT + seconds(spec.get('start', spec.get('from', '-900s')))
        flags = PF_KTHREAD if self.kthread else PF_PLAIN
        flags |= (PF_EXITING if spec.get('exiting') else 0) | (PF_DUMPCORE if spec.get('dumping') else 0)
        dead = state in 'ZX'
        shown = 0 if dead or self.kthread else rss

        fields = [state, self.ppid, self.pgrp, self.session, spec.get('tty', 0), -1, flags, 0, 0, 0, 0, 10, 10, 0, 0, 20, 0,
                  threads, 0, int(started * TICKS), 0 if not shown else rss + 64 * 2**20, shown // PAGE] + [0] * 28
        yield 'stat', b'%d (%b) %b\n' % (self.pid, self.comm, ' '.join(map(str, fields)).encode())

        size = (rss + 64 * 2**20) // PAGE if shown else 0
        yield 'statm', b'%d %d %d %d 0 %d 0\n' % (size, shown // PAGE, (file + shmem) // PAGE if shown else 0, 1 if shown else 0,
                                                  anon // PAGE if shown else 0)
        yield 'status', self.status(state, threads, None if dead or self.kthread else (anon, file, shmem, swap, tables))

        adj = spec.get('adj', 0)
        points = rss + swap + tables + adj * (self.machine.total + 1) / 1000
        score = 0 if adj == -1000 or self.kthread else int((1000 + points * 1000 / self.machine.total) * 2 / 3)
        yield 'oom_score', b'%d\n' % max(0, score)
        yield 'oom_score_adj', b'%d\n' % adj
        yield 'cgroup', b'0::%b\n' % spec.get('cgroup', '/').encode()
        if not self.kthread:
            yield 'exe@', spec.get('exe', '/usr/bin/' + re.sub(r'[^\w.-]', '_', spec.get('comm', 'x'))).encode()
        cmdline = spec.get('cmdline', '' if self.kthread else spec.get('comm', 'x'))
        yield 'cmdline', b'' if dead or not cmdline else cmdline.encode().replace(b' ', b'\0') + b'\0'
        yield 'limits', (b'Limit                     Soft Limit           Hard Limit           Units     \n'
                         b'Max stack size            8388608              unlimited            bytes     \n'
                         b'Max locked memory         65536                65536                bytes     \n'
                         b'Max address space         unlimited            unlimited            bytes     \n')
        if dead and threads > 1:
            yield f'task/{self.pid + 1}/statm', b'%d %d %d 1 0 %d 0\n' % (rss // PAGE + 16384, rss // PAGE, (file + shmem) // PAGE,
                                                                         anon // PAGE)

    def status(self, state, threads, memory):
        name = self.comm.replace(b'\\', b'\\\\').replace(b'\n', b'\\n')
        words = {'R': 'running', 'S': 'sleeping', 'D': 'disk sleep', 'Z': 'zombie', 'I': 'idle', 'T': 'stopped'}
        lines = [b'Name:\t' + name, f'State:\t{state} ({words.get(state, "?")})'.encode(), b'Tgid:\t%d' % self.pid,
                 b'Pid:\t%d' % self.pid, b'PPid:\t%d' % self.ppid, b'Uid:\t' + b'\t'.join([b'%d' % self.uid] * 4),
                 b'Gid:\t' + b'\t'.join([b'%d' % self.spec.get('gid', self.uid)] * 4),
                 b'NSpid:\t%d' % self.pid + (b'\t1' if self.spec.get('ns_init') else b'')]
        if memory:
            anon, file, shmem, swap, tables = memory
            for key, value in (('VmHWM', anon + file + shmem), ('VmRSS', anon + file + shmem), ('RssAnon', anon),
                               ('RssFile', file), ('RssShmem', shmem), ('VmStk', 132 * KIB), ('VmPTE', tables),
                               ('VmSwap', swap), ('HugetlbPages', 0)):
                lines.append(f'{key}:\t{kib(value):8} kB'.encode())
            lines.append(b'CoreDumping:\t%d' % (1 if self.spec.get('dumping') else 0))
        lines += [b'Threads:\t%d' % threads, b'CapEff:\t0000000000000000']
        return b'\n'.join(lines) + b'\n'


# ---- the machine ---------------------------------------------------------------------------------------


class Memory:
    """meminfo, swaps and zram of one instant, worked out from what the processes hold."""

    def __init__(self, m, processes, time):
        machine = m.machine
        held = [p.amounts(time) for p in processes]
        self.m, self.time = m, time
        self.anon = sum(a for a, _, _, _ in held)
        self.swapped = sum(s for _, _, _, s in held) + m.at(machine.get('swap_used', 0), time)
        self.shmem = m.at(machine.get('shmem', 0), time)
        self.slab = m.at(machine.get('slab', '2%'), time)
        self.devices = [d for d in m.story.get('swap', []) if alive(d, time)]
        self.swap_total = sum(m.amount(d['size']) for d in self.devices)
        self.swapped = min(self.swapped, self.swap_total)
        self.arc = m.at(machine.get('arc', 0), time)
        self.tables = self.anon / 512
        self.fill_devices()
        rest = m.total - self.anon - self.shmem - self.slab - self.tables - self.arc - self.zram - 0.02 * m.total
        rest -= m.at(machine.get('drivers', 0), time)
        # The page cache gives way down to what is mapped; the kernel keeps its reserve free.
        cache = m.at(machine.get('cache', '10%'), time)
        least = 0.01 * m.total
        self.free = max(rest - cache, least)
        self.cache = max(rest - self.free, m.at(machine.get('cache_least', '0.5%'), time))
        self.available = min(max(self.free + self.cache - 0.012 * m.total, 0), m.total)
        if 'available' in machine:
            self.available = m.at(machine['available'], time)

    def fill_devices(self):
        left, self.zram = self.swapped, 0.0
        for device in self.devices:
            size = self.m.amount(device['size'])
            device['_used'] = min(left, size)
            left -= device['_used']
            if 'zram' in device['name']:
                device['_physical'] = device['_used'] * self.m.at(device.get('cost', 0.3), self.time)
                self.zram += device['_physical']

    def meminfo(self):
        m, time, machine = self.m, self.time, self.m.machine
        cached = self.cache + self.shmem
        rows = [('MemTotal', m.total), ('MemFree', self.free), ('MemAvailable', self.available), ('Buffers', 0), ('Cached', cached),
                ('SwapCached', 0), ('Active', self.anon / 2 + self.cache / 2), ('Inactive', self.anon / 2 + self.cache / 2),
                ('Active(anon)', self.anon / 2), ('Inactive(anon)', self.anon / 2 + self.shmem),
                ('Active(file)', self.cache / 2), ('Inactive(file)', self.cache / 2), ('Unevictable', 0), ('Mlocked', 0),
                ('SwapTotal', self.swap_total), ('SwapFree', self.swap_total - self.swapped),
                ('Dirty', m.at(machine.get('dirty', 0), time)), ('Writeback', 0), ('AnonPages', self.anon), ('Mapped', self.cache / 4),
                ('Shmem', self.shmem), ('KReclaimable', m.total * 0.005), ('Slab', self.slab + m.total * 0.005),
                ('SReclaimable', m.total * 0.005), ('SUnreclaim', self.slab), ('KernelStack', 8 * 2**20),
                ('PageTables', self.tables), ('Percpu', 2**20)]
        text = ''.join(f'{name + ":":15} {kib(value):>9} kB\n' for name, value in rows)
        return text.encode() + b'HugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\nHugetlb:               0 kB\n'

    def swaps(self):
        text = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'
        for d in self.devices:
            kind = 'partition' if d['name'].startswith('/dev/') else 'file'
            text += f'{d["name"]:<39} {kind}\t{kib(self.m.amount(d["size"]))}\t\t{kib(d["_used"])}\t\t{d.get("priority", -2)}\n'
        return text.encode()

    def zram_files(self):
        for d in self.devices:
            if 'zram' in d['name']:
                number = re.sub(r'\D', '', d['name'])
                used, physical = int(d['_used']), int(d['_physical'])
                yield f'sys/block/zram{number}/mm_stat', b'%d %d %d 0 %d 0 0 0 0\n' % (used, physical, physical, physical)


class Pressure:
    """Pressure files: totals are summed up from shares, averages follow them as the kernel's do."""

    def __init__(self, m):
        self.m = m
        self.spec = m.story.get('psi', {})
        self.last = None
        self.total = {}
        self.average = {}

    def advance(self, time):
        step = 0 if self.last is None else time - self.last
        for resource in ('memory', 'io', 'cpu'):
            for kind in ('some', 'full'):
                key = (resource, kind)
                share = self.m.at(self.spec.get(resource, {}).get(kind, 0), time)
                self.total[key] = self.total.get(key, 1e6) + share * step * 1e6
                averages = self.average.setdefault(key, [0.0, 0.0, 0.0])
                for i, window in enumerate((10, 60, 300)):
                    keep = math.exp(-step / window)
                    averages[i] = averages[i] * keep + share * 100 * (1 - keep)
        for resource, when, usec in self.spec.get('jumps', []):
            if self.last is not None and self.last < seconds(when) <= time:
                for kind in ('some', 'full'):
                    self.total[resource, kind] += usec
        self.last = time

    def files(self, time):
        if self.spec.get('absent'):
            return
        for resource in ('memory', 'io', 'cpu'):
            text = ''
            for kind in ('some', 'full'):
                a = self.average[resource, kind]
                text += (f'{kind} avg10={a[0]:.2f} avg60={a[1]:.2f} avg300={a[2]:.2f} '
                         f'total={max(0, int(self.total[resource, kind]))}\n')
            yield f'proc/pressure/{resource}', text.encode()


class Counters:
    """vmstat: what only grows, from rates; oom_kill as it is."""

    def __init__(self, m):
        self.m = m
        self.spec = m.story.get('vmstat', {})
        self.value = {}
        self.last = None

    def advance(self, time):
        step = 0 if self.last is None else time - self.last
        for name in ('workingset_refault_anon', 'workingset_refault_file', 'workingset_restore_anon', 'workingset_restore_file',
                     'pgscan_kswapd', 'pgscan_direct', 'pgsteal_kswapd', 'pgsteal_direct', 'pswpin', 'pswpout', 'pgmajfault'):
            self.value[name] = self.value.get(name, 1000.0) + self.m.at(self.spec.get(name, 0), time) * step
        self.value['oom_kill'] = self.m.at(self.spec.get('oom_kill', 0), time)
        self.last = time

    def text(self):
        return ''.join(f'{name} {int(value)}\n' for name, value in self.value.items()).encode()


def zoneinfo(m):
    pages = int(m.total / PAGE)
    low = pages // 400
    return (f'Node 0, zone   Normal\n  pages free     {pages // 2}\n        min      {low * 4 // 5}\n        low      {low}\n'
            f'        high     {low * 6 // 5}\n        spanned  {pages}\n        present  {pages}\n        managed  {pages}\n'
            '        protection: (0, 0, 0, 0, 0)\n').encode()


class Groups:
    """The cgroups that processes live in and all above them, with what is said of them in [[cgroup]]."""

    EVENTS = ('low', 'high', 'max', 'oom', 'oom_kill')

    def __init__(self, m):
        self.machine = m
        self.specs = {spec['path']: spec for spec in m.story.get('cgroup', [])}
        self.stalled = {}
        self.before = None

    def advance(self, time):
        for path, spec in self.specs.items():
            for resource, shares in spec.get('psi', {}).items():
                for kind in ('some', 'full'):
                    share = self.machine.at(shares.get(kind, 0), time)
                    key = path, resource, kind
                    passed = time - self.before if self.before is not None else 0
                    self.stalled[key] = self.stalled.get(key, 0) + share * passed * 1e6
        self.before = time

    @staticmethod
    def with_all_above(path):
        while path:
            yield path
            path = path.rpartition('/')[0]

    def members(self, processes):
        """Every cgroup, with all processes in it and below it."""
        members = {}
        for p in processes:
            path = p.spec.get('cgroup', '/')
            for above in self.with_all_above('' if p.kthread or path == '/' else path):
                members.setdefault(above, []).append(p)
        for path in self.specs:
            for above in self.with_all_above(path):
                members.setdefault(above, [])
        return members

    def extra(self, path, key, time):
        """What is charged beyond the processes' own: to itself and all below it."""
        return sum(int(self.machine.at(spec.get(key, 0), time)) // PAGE * PAGE for below, spec in self.specs.items()
                   if below == path or below.startswith(path + '/'))

    def events(self, path, time, below):
        """Counters as they are at that time: lists of [when, how many so far]."""
        counts = dict.fromkeys(self.EVENTS, 0)
        for other, spec in self.specs.items():
            if other == path or (below and other.startswith(path + '/')):
                for name, steps in spec.get('events', {}).items():
                    counts[name] += max([n for when, n in steps if seconds(when) <= time], default=0)
        return ''.join(f'{name} {count}\n' for name, count in counts.items()).encode()

    def limit(self, value):
        return b'max\n' if value is None else b'%d\n' % self.machine.amount(value)

    def named(self, path, spec, time):
        yield 'memory.max', self.limit(spec.get('max'))
        yield 'memory.high', self.limit(spec.get('high'))
        yield 'memory.oom.group', b'%d\n' % spec.get('oom_group', False)
        yield 'memory.events', self.events(path, time, True)
        yield 'memory.events.local', self.events(path, time, False)
        for resource in spec.get('psi', {}):
            yield f'{resource}.pressure', ''.join(
                f'{kind} avg10=0.00 avg60=0.00 avg300=0.00 total={int(self.stalled.get((path, resource, kind), 0))}\n'
                for kind in ('some', 'full')).encode()

    def files(self, processes, time):
        yield 'sys/fs/cgroup/cgroup.controllers', b'cpu io memory pids\n'
        for path, members in sorted(self.members(processes).items()):
            spec = self.specs.get(path, {})
            if spec and not alive(spec, time):
                continue
            anon, file, shmem, swap = (sum(column) for column in zip((0, 0, 0, 0), *(p.amounts(time) for p in members)))
            file += self.extra(path, 'cache', time)
            slab = self.extra(path, 'slab', time)
            own = sorted(p.pid for p in members if p.spec.get('cgroup') == path)
            files = {
                'cgroup.procs': b''.join(b'%d\n' % pid for pid in own),
                'cgroup.events': b'populated %d\nfrozen 0\n' % bool(members),
                'memory.current': b'%d\n' % (anon + file + shmem + slab),
                'memory.swap.current': b'%d\n' % swap,
                'memory.stat': b'anon %d\nfile %d\nkernel %d\nshmem %d\nfile_dirty 0\nfile_writeback 0\ninactive_file %d\n'
                               b'active_file 0\nslab_reclaimable %d\n' % (anon, file + shmem, slab, shmem, file, slab),
            }
            if spec:
                files.update(self.named(path, spec, time))
            for name, data in files.items():
                yield f'sys/fs/cgroup{path}/{name}', data


# ---- writing -------------------------------------------------------------------------------------------


class Writer:
    """Writes trees; what has not changed since the tree before is a link to it."""

    def __init__(self, directory):
        self.directory = directory
        self.before = {}

    def tree(self, number, files):
        base = os.path.join(self.directory, f'{number:03}')
        now, made = {}, set()
        for name, data in files:
            path = os.path.join(base, name.removesuffix('@'))
            parent = os.path.dirname(path)
            if parent not in made:
                os.makedirs(parent, exist_ok=True)
                made.add(parent)
            old = self.before.get(name)
            if name.endswith('@'):
                os.symlink(data, path)
            elif old and old[1] == data:
                os.link(old[0], path)
            else:
                with open(path, 'wb') as file:
                    file.write(data)
            now[name] = (path, data)
        self.before = now


def damaged(story, time, files):
    """What a story breaks: a file is absent, cut, replaced or edited for a while."""
    damages = [d for d in story.get('damage', []) if alive(d, time)]
    for name, data in files:
        for d in damages:
            if not re.fullmatch(d['path'], name.removesuffix('@')):
                continue
            if d.get('absent'):
                data = None
                break
            if 'text' in d:
                data = d['text'].encode()
            if 'cut' in d:
                data = data[:d['cut']]
            for pattern, replacement in d.get('replace', []):
                data = re.sub(pattern.encode(), replacement.encode(), data)
        if data is not None:
            yield name, data


def instants(story):
    clock = story.get('time', {})
    step, end = seconds(clock.get('step', '1s')), seconds(clock.get('end', '60s'))
    gaps = [(seconds(a), seconds(b)) for a, b in clock.get('gaps', [])]
    spans = [(seconds(a), seconds(b), seconds(s)) for a, b, s in clock.get('spans', [['0s', end, step]])]
    for begin, finish, pace in spans:
        for i in range(int(round((finish - begin) / pace))):
            time = begin + i * pace
            if not any(a < time < b for a, b in gaps):
                yield time


def cast_of(story):
    """The processes: the usual ones, the story's, and those that come by the dozen."""
    specs = list(CASTS[story.get('machine', {}).get('cast', 'server')])
    for spec in story.get('process', []):
        count = spec.get('count', 1)
        for i in range(count):
            one = dict(spec, pid=spec['pid'] + i * spec.get('pid_step', 1))
            if 'from' in spec and 'every' in spec:
                one['from'] = seconds(spec['from']) + i * seconds(spec['every'])
            if 'every' in spec and 'anon' in spec and isinstance(spec['anon'], list):
                one['anon'] = [[seconds(t) + i * seconds(spec['every']), v] for t, v in spec['anon']]
            specs.append(one)
    return specs


def snapshot(m, cast, pressure, counters, groups, time):
    processes = [p for p in cast if alive(p.spec, time)]
    memory = Memory(m, [p for p in processes if not p.spec.get('double')], time)
    yield 'proc/meminfo', memory.meminfo()
    yield 'proc/swaps', memory.swaps()
    yield 'proc/vmstat', counters.text()
    yield 'proc/zoneinfo', zoneinfo(m)
    yield 'proc/loadavg', b'0.50 0.40 0.30 1/%d 9999\n' % len(processes)
    yield from pressure.files(time)
    yield from memory.zram_files()
    if memory.arc:
        yield 'proc/spl/kstat/zfs/arcstats', (b'13 1 0x01 147 39984 1 2\nname                            type data\n'
                                              b'size                            4    %d\nc_min                           4    %d\n'
                                              % (memory.arc, m.amount(m.machine.get('arc_min', '64M'))))
    for p in processes:
        for name, data in p.files(time):
            yield f'proc/{p.pid}/{name}', data
    yield from groups.files(processes, time)


def expand(path, directory):
    with open(path, 'rb') as file:
        story = tomllib.load(file)
    if 'recording' in story:
        unpack(os.path.join(os.path.dirname(path), story['recording']), directory)
        return

    m = Machine(story)
    sessions = {}
    cast = [Process(m, spec, sessions) for spec in cast_of(story)]
    pressure, counters, groups, writer = Pressure(m), Counters(m), Groups(m), Writer(directory)
    suspends = [(seconds(t), seconds(d)) for t, d in story.get('time', {}).get('suspends', [])]
    for number, time in enumerate(instants(story)):
        pressure.advance(time)
        counters.advance(time)
        groups.advance(time)
        asleep = sum(d for t, d in suspends if time >= t)
        at = b'%d %d\n' % (round((BOOT + time) * 1e6), round((BOOT + time + asleep) * 1e6))
        files = damaged(story, time, snapshot(m, cast, pressure, counters, groups, time))
        writer.tree(number, [('at', at), *files])


# ---- recordings ----------------------------------------------------------------------------------------
#
# One text file: "=== NAME BYTES" and the bytes for each file, "=@= NAME" and the target for a link, "=== NAME ="
# for a file that is the same as in the tree before.


def pack(directory, path):
    before = {}
    with open(path, 'wb') as out:
        for tree in sorted(os.listdir(directory)):
            now = {}
            base = os.path.join(directory, tree)
            for parent, folders, files in os.walk(base):
                folders.sort()
                for name in sorted(files):
                    full = os.path.join(parent, name)
                    rel = os.path.relpath(full, base)
                    if os.path.islink(full):
                        out.write(b'=@= %b\n%b\n' % (f'{tree}/{rel}'.encode(), os.readlink(full).encode()))
                        continue
                    with open(full, 'rb') as file:
                        now[rel] = file.read()
                    if before.get(rel) == now[rel]:
                        out.write(f'=== {tree}/{rel} =\n'.encode())
                    else:
                        out.write(f'=== {tree}/{rel} {len(now[rel])}\n'.encode() + now[rel] + b'\n')
            before = now


def unpack(path, directory):
    before = {}
    with open(path, 'rb') as file:
        while line := file.readline():
            mark, name, *length = line.decode().split()
            tree, rel = name.split('/', 1)
            full = os.path.join(directory, name)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            if mark == '=@=':
                os.symlink(file.readline().rstrip(b'\n'), full)
                continue
            if length == ['=']:
                data = before[rel]
            else:
                data = file.read(int(length[0]))
                file.read(1)
            before[rel] = data
            with open(full, 'wb') as out:
                out.write(data)


def main():
    if len(sys.argv) == 4 and sys.argv[1] == '--pack':
        pack(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 4 and sys.argv[1] == '--unpack':
        unpack(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 3:
        expand(sys.argv[1], sys.argv[2])
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main()
