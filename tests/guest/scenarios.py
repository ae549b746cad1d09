# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest scenarios: who is guilty, who is innocent, and what must be true afterwards.

Innocents, and associates of the guilty, run before the daemon under test starts, as a user's programs do that were
there before the trouble. Guilty ones and newcomers, who look suspicious and are not, start with the trial. What is
said here is for avert to meet: no number of the daemon's may come from here."""

from itertools import combinations, product

from callers import CALLERS
from errands import ERRANDS
from ladder import LADDER
from real import REAL
from scenario import SIGKILL, SIGTERM, Load, Scenario

CONTAINER = 'docker-' + '4d1c0f2e7a95b3688e21f0cd' * 2 + '0123456789abcdef.scope'
SESSION = 'session-7.scope'
DESK = Load('hold size=120M period=5000')
PROGRAMS = {name: Load('cache size=%dM period=5000 dir=/srv map scattered' % mib)
            for name, mib in (('office', 80), ('browser', 40))}
SHM = ('ExecStartPre=+/bin/mount -o remount,size=100%% /dev/shm',)

NAMED = [
    # -- one process that takes it all --
    Scenario('fast-leak', 'a process takes 120 MiB a second, without swap', quick=True,
             guilty={'guilty': Load('leak rate=120M fill=same')}),
    Scenario('slow-leak', 'a process takes 12 MiB a second, with a slow disk for swap', quick=True,
             guilty={'guilty': Load('leak rate=12M fill=half')},
             innocents={'desk': DESK}, swap_mib=96, iops=4000),
    Scenario('steady-innocent', 'a small leaker beside an innocent process that is larger and was there before',
             quick=True,
             guilty={'guilty': Load('leak rate=15M fill=same')},
             innocents={'steady': Load('hold size=230M period=5000')}),
    Scenario('term-ignorer', 'a leaker that goes on when it is asked to end', quick=True,
             guilty={'guilty': Load('leak rate=15M fill=same ignore-term')},
             innocents={'desk': DESK}, ends_by=(SIGKILL,)),
    Scenario('zram-leak', 'a leaker whose pages zram cannot compress', quick=True,
             guilty={'guilty': Load('leak rate=25M fill=random')},
             innocents={'desk': Load('hold size=100M period=5000 fill=half')}, zram_mib=256),
    Scenario('zram-compressible', 'a leaker whose pages zram compresses well, until memory is gone all the same',
             guilty={'guilty': Load('leak rate=60M fill=half max=4G')},
             innocents={'desk': DESK}, zram_mib=512, limit_msec=60000),
    Scenario('memfd-hog', 'a process writes into a memfd, which counts for no process',
             guilty={'guilty': Load('memfd rate=40M')},
             innocents={'desk': DESK}),
    Scenario('zombie-leader', 'a leaker whose first thread has ended',
             guilty={'guilty': Load('leak rate=30M leaderless')},
             innocents={'desk': DESK}),
    Scenario('locked-leak', 'a leaker that locks what it takes, with swap that does not help',
             guilty={'guilty': Load('leak rate=30M lock', properties=('LimitMEMLOCK=infinity',))},
             innocents={'desk': DESK}, swap_mib=128),
    Scenario('nasty-name', 'a leaker whose name is hard to parse, beside a larger innocent process',
             guilty={'guilty': Load('leak rate=30M nasty')},
             innocents={'steady': Load('hold size=200M period=5000')}),
    Scenario('cache-thrash', 'a process leaves too little room for the text of programs on a slow disk, and grows no more',
             memory_mib=384,
             guilty={'guilty': Load('leak rate=8M leave=20M')}, innocents=PROGRAMS, data_iops=40,
             limit_msec=100000, gap_factor=0),
    Scenario('cache-thrash-deep', 'the same with next to no room', memory_mib=384,
             guilty={'guilty': Load('leak rate=8M leave=12M')}, innocents=PROGRAMS, data_iops=40,
             limit_msec=100000, gap_factor=0),

    # -- more than one process is guilty --
    Scenario('swarm', 'thirty small leakers in one unit, none of them large', quick=True,
             guilty={'guilty': Load('swarm count=30 rate=60M', stop='unit')},
             innocents={'desk': DESK}),
    Scenario('respawner', 'a supervisor that starts its leaking child again and again', quick=True,
             guilty={'guilty': Load('parent respawn=200', stop='unit')},
             associates={'leaker': Load('leak rate=120M', child_of='guilty')},
             innocents={'desk': DESK}, limit_msec=70000),
    Scenario('two-offenders', 'two leakers at once, in units of their own', quick=True,
             guilty={'guilty': Load('leak rate=30M'), 'other': Load('leak rate=25M')},
             innocents={'desk': DESK}),
    Scenario('vm-sharers', 'a leaker with a second process that has the same memory, beside an innocent such pair',
             guilty={'guilty': Load('leak rate=25M sharer', stop='unit')},
             innocents={'pair': Load('hold size=150M sharer')}),

    # -- where it runs --
    Scenario('memory-max', 'a child leaks in a unit that has a MemoryMax, with memory left on the machine', quick=True,
             guilty={'leaker': Load('leak rate=15M', child_of='boxed')},
             innocents={'boxed': Load('parent own=40M wait', properties=('MemoryMax=160M', 'OOMPolicy=continue')),
                        'desk': DESK}),
    Scenario('session-hog', 'a hog in a session with 500 innocent processes', quick=True, memory_mib=640,
             guilty={'hog': Load('leak rate=40M', child_of='shell')},
             innocents={'shell': Load('parent sleepers=500 wait', scope=SESSION, slice='user-1000.slice')}),
    Scenario('adj-inherited', 'a hog in a scope that has inherited an oom_score_adj of -1000',
             guilty={'guilty': Load('leak rate=30M', scope='run-42.scope',
                                    properties=('OOMScoreAdjust=-1000',))},
             innocents={'desk': DESK}),
    Scenario('container', 'a worker leaks in a container, whose shim must not be harmed', quick=True,
             guilty={'worker': Load('leak rate=30M', child_of='app')},
             associates={'app': Load('parent wait newpid', child_of='shim', scope=CONTAINER, user='')},
             innocents={'shim': Load('parent', program='/usr/bin/containerd-shim-runc-v2', user=''),
                        'desk': DESK},
             ends_by=(SIGKILL,)),      # the first process of a PID namespace does not hear a SIGTERM
    Scenario('bare', 'nothing is configured at all, on a machine of 384 MiB', memory_mib=384, bare=True,
             guilty={'guilty': Load('leak rate=25M')},
             innocents={'desk': Load('hold size=80M')}),
    Scenario('shared-innocents', 'a leaker beside a dozen processes that map the same memory',
             guilty={'guilty': Load('leak rate=25M')},
             innocents={'pool': Load('shared count=12 size=150M')}),

    # -- nobody may be touched --
    Scenario('tmpfs-files', 'files fill /dev/shm: nobody can usefully be killed, the mount has to be named', quick=True,
             newcomers={'writer': Load('files rate=40M leave=16M', properties=SHM)},
             innocents={'desk': DESK}, limit_msec=20000, gap_factor=0, named='/dev/shm'),
    Scenario('io-pressure', 'more files than fit are read, mapped and written on a slow disk, memory is plenty', quick=True,
             memory_mib=384,
             newcomers={'writer': Load('cache size=16M period=1 dir=/srv dirty'),
                        'reader': Load('cache size=120M period=1 dir=/srv'),
                        'mapper': Load('cache size=120M period=1 dir=/srv map scattered')},
             innocents={'desk': Load('hold size=120M')}, data_iops=100, limit_msec=40000, gap_factor=0),
    Scenario('full-swap', 'a small swap that is full, memory is plenty',
             newcomers={'swapped': Load('hold size=40M pageout')},
             innocents={'desk': DESK}, swap_mib=16, limit_msec=15000),
    Scenario('stood-still', 'the guest stands still for ten seconds, memory is plenty',
             newcomers={'grown': Load('leak rate=30M max=100M')},
             innocents={'desk': DESK}, still_below_percent=45, still_seconds=10, limit_msec=15000),

    # -- the daemon has trouble of its own --
    Scenario('resumed-leak', 'the guest stands still for ten seconds while a process leaks',
             guilty={'guilty': Load('leak rate=20M')},
             innocents={'desk': DESK}, still_below_percent=30, still_seconds=10, limit_msec=30000),
    Scenario('daemon-killed', 'the daemon is killed after it has asked the leaker, which goes on, to end',
             guilty={'guilty': Load('leak rate=8M fill=same ignore-term')},
             innocents={'desk': DESK}, ends_by=(SIGKILL,), kill_daemon_when_asked='guilty', limit_msec=60000),
]

# -- variations: each pair of these is in some scenario --

AXES = {
    'memory': (384, 512, 768),
    'swap': ('none', 'disk', 'zram-well', 'zram-badly'),
    'pace': (6, 20, 70),               # MiB/s for each 256 MiB of memory
    'kind': ('leak', 'memfd', 'swarm', 'locked'),
    'beside': ('nobody', 'desk', 'larger', 'files'),
    'manners': ('asked', 'ignores'),
}


def pairwise(axes):
    """Rows that hold each pair of values of two axes at least once; the same rows each time."""
    names = list(axes)
    missing = {((a, x), (b, y)) for a, b in combinations(names, 2) for x in axes[a] for y in axes[b]}
    rows = []
    every = [dict(zip(names, values)) for values in product(*axes.values())]
    while missing:
        def gain(row):
            return sum(pair in missing for pair in combinations(row.items(), 2))
        best = max(every, key=gain)
        missing -= set(combinations(best.items(), 2))
        rows.append(best)
    return rows


def variation(row):
    memory = row['memory']
    rate = row['pace'] * memory // 256
    fill = 'random' if row['swap'] == 'zram-badly' else 'half'
    ignores = row['manners'] == 'ignores'
    settings = 'rate=%dM fill=%s%s' % (rate, fill, ' ignore-term' if ignores else '')
    stop, properties = 'process', ()
    if row['kind'] == 'swarm':
        settings, stop = 'swarm count=24 ' + settings, 'unit'
    elif row['kind'] == 'locked':
        settings, properties = 'leak lock ' + settings, ('LimitMEMLOCK=infinity',)
    else:
        settings = row['kind'] + ' ' + settings
    innocents = {
        'nobody': {},
        'desk': {'desk': Load('hold size=%dM period=5000' % (memory // 5))},
        'larger': {'steady': Load('hold size=%dM period=5000' % (memory * 2 // 5))},
        'files': {'reader': Load('cache size=%dM period=3000 dir=/var/tmp' % (memory // 8))},
    }[row['beside']]
    swap = memory // 4 if row['swap'] == 'disk' else 0
    zram = memory // 2 if row['swap'].startswith('zram') else 0
    name = 'vary-%d-%s-%d-%s-%s-%s' % (memory, row['swap'], row['pace'], row['kind'], row['beside'], row['manners'])
    return Scenario(name, 'varied: %d MiB, swap %s, %d MiB/s %s beside %s, %s' %
                    (memory, row['swap'], rate, row['kind'], row['beside'], row['manners']),
                    guilty={'guilty': Load(settings, stop=stop, properties=properties)}, innocents=innocents,
                    memory_mib=memory, swap_mib=swap, zram_mib=zram, iops=4000 if swap else 0,
                    ends_by=(SIGKILL,) if ignores else (SIGTERM, SIGKILL),
                    limit_msec=15000 + 1500 * (memory + swap + zram) // rate)


VARIED = [variation(row) for row in pairwise(AXES)]
SCENARIOS = NAMED + REAL + LADDER + ERRANDS + CALLERS + VARIED
QUICK = [s for s in NAMED + LADDER + ERRANDS + CALLERS if s.quick]
