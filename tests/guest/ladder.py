# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scenarios of the ladder: who is held back, for how long, and that all is as before afterwards. Each has policies
of its own whose thresholds are far from where the built-in one begins."""

from scenario import Load, Scenario, Told

POLICY = '''  - name: {unit}
    watch: {{ unit: {unit}.service }}
    when: {{ all: [ mem.available < {below}, cgroup.current > 120M ] }}
    clear: cgroup.current < {clear}
    steps: [ {steps} ]
    settle: 2s
'''

LIMIT = '''  - name: {unit}
    watch: {{ unit: {unit}.service }}
    steps: [ limit: {{ max: 200M, swap_max: 64M }} ]
'''


def policies(*texts):
    return 'version: 1\npolicies:\n' + ''.join(texts)


def ladder(unit, steps, below='350M', clear='60M'):
    return POLICY.format(unit=unit, steps=steps, below=below, clear=clear)


THROTTLE = 'throttle: { high: 80%, lease: 1min }'
ASK = 'terminate: { grace: 2s }'
OVERRUN = 'leak rate=40M max=160M'

# What root does. Before the daemon's memory.high there are that of a new cgroup and that of its unit.
THROTTLED = 'leaves build.service/memory.high max 314572800\n'

# Nobody gives back behind avertd when it was killed. (Taken out of its unit, with a reload of systemd's, all limits
# would be written anew as well, by systemd.)
ALONE = 'mv /usr/bin/avertctl /run/guest/avertctl\n'
NO_MORE = 'mv /run/guest/avertctl /usr/bin/avertctl\n'

# Killed while it holds a throttle, a freezer and a limit. Of its policies only that with the limit is left then, so
# that what is given back stays so.
KILLED = THROTTLED + '''becomes batch.service/cgroup.freeze 1
becomes store.service/memory.max 209715200
becomes store.service/memory.swap.max 67108864
told 1 AVERT_EVENT=step-taken AVERT_STEP=limit
cat >/etc/avert/policy.d/50-scenario.yaml <<END
''' + policies(LIMIT.format(unit='store')) + '''END
kill -9 "$(daemon_pid)"
told 2 AVERT_EVENT=step-taken AVERT_STEP=limit
back
becomes build.service/memory.high 314572800
becomes batch.service/cgroup.freeze 0
becomes store.service/memory.max 209715200
rm /etc/avert/policy.d/50-scenario.yaml
'''

# A package is installed; then somebody wishes for something else.
SET_BACK = '''becomes store.service/memory.max 209715200
told 1 AVERT_EVENT=step-done AVERT_STEP=limit
systemctl daemon-reload
told 1 AVERT_EVENT=lease-renewed
becomes store.service/memory.max 209715200
becomes store.service/memory.swap.max 67108864
systemctl set-property --runtime store.service MemoryMax=300M
told 1 AVERT_EVENT=lease-foreign
rm /etc/avert/policy.d/50-scenario.yaml
systemctl reload avertd.service
becomes store.service/memory.swap.max max
'''

# The build ends and starts again, with other settings, while the daemon stands still.
REPLACED = THROTTLED + '''sleep 1
kill -STOP "$(daemon_pid)"
echo 'WHAT="hold size=20M"' >/run/guest/build.env
systemctl stop build.service
systemctl start build.service
systemctl set-property --runtime build.service MemoryHigh=250M
becomes build.service/memory.high 262144000
'''
OTHER_BUILD = {'/system.slice/build.service': {'memory.high': '262144000'}}

BUILD = {'build': Load('$WHAT', properties=('MemoryHigh=300M', 'Environment="WHAT=%s"' % OVERRUN,
                                           'EnvironmentFile=-/run/guest/build.env'))}
KILLED_LOADS = {**BUILD, 'batch': Load(OVERRUN), 'store': Load('hold size=60M')}
KILLED_POLICY = policies(ladder('build', THROTTLE, '600M'), ladder('batch', 'freeze: { lease: 1min }', '600M'),
                         LIMIT.format(unit='store'))

LADDER = [
    Scenario('throttle-recovers', 'a build that overruns is throttled, and let go once it has recovered', quick=True,
             restrained={'build': Load(OVERRUN + ' recover=3000', properties=('MemoryHigh=300M',))},
             swap_mib=256, limit_msec=30000, policy=policies(ladder('build', THROTTLE)),
             meddle=THROTTLED + 'becomes build.service/memory.high 314572800\n',
             expect=(Told('incident-opened', word='build'), Told('step-taken', 'throttle', 'memory.high'),
                     Told('step-done', 'throttle'), Told('incident-closed'),
                     Told('lease-returned', 'throttle', 'the trouble is over', 1000))),
    Scenario('throttle-refused', 'a hog that has nothing to give back is not throttled but asked to end', quick=True,
             guilty={'hog': Load(OVERRUN)}, limit_msec=20000,
             policy=policies(ladder('hog', THROTTLE + ', ' + ASK)),
             expect=(Told('step-skipped', 'throttle', 'has only'), Told('step-taken', 'terminate'),
                     Told('step-done', 'terminate'))),
    Scenario('throttle-livelock', 'processes that only wait at their memory.high are let go at once, and asked to end',
             guilty={'hogs': Load('swarm count=20 rate=40M max=400M lock', stop='unit',
                                  properties=('LimitMEMLOCK=infinity',))},
             swap_mib=256, limit_msec=30000,
             policy=policies(ladder('hogs', THROTTLE + ', ' + ASK)),
             expect=(Told('step-taken', 'throttle'), Told('livelock', 'throttle', within_msec=3000),
                     Told('step-taken', 'terminate', within_msec=1000),
                     Told('lease-returned', 'throttle', 'it helped nobody', 1000))),
    Scenario('freeze-thaw', 'a hog is frozen, looked at again, thawed and asked to end',
             guilty={'hog': Load(OVERRUN)}, limit_msec=25000,
             policy=policies(ladder('hog', 'freeze: { lease: 20s }, ' + ASK)),
             meddle='becomes hog.service/cgroup.freeze 1\n',
             expect=(Told('step-taken', 'freeze'), Told('step-done', 'freeze'),
                     Told('lease-returned', 'freeze', 'its cgroup is ended instead'), Told('step-done', 'terminate'))),
    Scenario('reclaim-suffices', 'what a program does not use goes to swap, and that was all',
             restrained={'idle': Load('leak rate=40M max=125M fill=half')}, swap_mib=256, limit_msec=30000,
             policy=policies(ladder('idle', 2 * 'reclaim: { amount: 30%, timeout: 2s }, ' + ASK, clear='100M')),
             meddle='told 1 AVERT_EVENT=incident-closed\n',
             expect=(Told('step-taken', 'reclaim'), Told('step-done', 'reclaim', 'freed'))),
    Scenario('foreign-high', 'somebody else sets the memory.high of a build while it is throttled',
             restrained={'build': Load(OVERRUN + ' recover=6000', properties=('MemoryHigh=300M',))}, swap_mib=256,
             limit_msec=30000, policy=policies(ladder('build', THROTTLE)),
             meddle=THROTTLED + 'sleep 1\necho 200M >build.service/memory.high\n'
                    'told 1 AVERT_EVENT=lease-foreign\n',
             theirs={'/system.slice/build.service': {'memory.high': '209715200'}},
             expect=(Told('step-taken', 'throttle'), Told('lease-foreign', 'throttle', 'theirs stays'))),
    Scenario('killed-leases', 'the daemon is killed while it throttles, freezes and limits', memory_mib=768,
             restrained=KILLED_LOADS, swap_mib=256, limit_msec=50000, gap_factor=0,
             daemon_may_end=True, policy=KILLED_POLICY,
             meddle=KILLED + 'systemctl reload avertd.service\nbecomes store.service/memory.max max\n',
             expect=(Told('step-taken', 'limit'), Told('started'), Told('step-taken', 'limit'), Told('reloaded'),
                     Told('lease-returned', 'limit', 'its policy is gone after a reload'))),
    Scenario('killed-alone', 'the same where only the daemon itself can give back, and ends later', memory_mib=768,
             restrained=KILLED_LOADS, swap_mib=256, limit_msec=50000, gap_factor=0,
             daemon_may_end=True, policy=KILLED_POLICY,
             meddle=ALONE + KILLED + 'systemctl stop avertd.service\nbecomes store.service/memory.max max\n'
                    'systemctl start avertd.service\n' + NO_MORE,
             expect=(Told('step-taken', 'limit'), Told('lease-returned', 'freeze', 'an earlier avertd left it'),
                     Told('step-taken', 'limit'), Told('stopping'), Told('started'))),
    Scenario('limit-reloaded', 'systemd writes its own values over a limit, then an administrator another one',
             memory_mib=768,
             restrained={'store': Load('hold size=60M')}, limit_msec=60000, policy=policies(LIMIT.format(unit='store')),
             meddle=SET_BACK, theirs={'/system.slice/store.service': {'memory.max': '314572800'}},
             expect=(Told('step-taken', 'limit'), Told('lease-renewed', 'limit', 'set again'),
                     Told('lease-foreign', 'limit', 'theirs stays'), Told('reloaded'),
                     Told('lease-returned', 'limit', 'its policy is gone after a reload'))),
    Scenario('replaced-cgroup', 'a throttled unit ends, and is there again before the daemon looks',
             restrained=BUILD, swap_mib=256, limit_msec=40000, daemon_may_end=True,
             policy=policies(ladder('build', THROTTLE)), theirs=OTHER_BUILD,
             meddle=REPLACED + 'kill -CONT "$(daemon_pid)"\ntold 1 AVERT_EVENT=lease-dropped\n',
             expect=(Told('step-taken', 'throttle'), Told('lease-dropped', 'throttle', 'the cgroup is gone'))),
    Scenario('replaced-and-killed', 'the same, and the daemon that has the lease is killed',
             restrained=BUILD, swap_mib=256, limit_msec=40000, daemon_may_end=True,
             policy=policies(ladder('build', THROTTLE)), theirs=OTHER_BUILD,
             meddle=ALONE + REPLACED + 'kill -9 "$(daemon_pid)"\ntold 2 AVERT_EVENT=started\nback\nsleep 1\n'
                    + NO_MORE,
             expect=(Told('step-taken', 'throttle'),
                     Told('lease-dropped', 'throttle', 'the cgroup is gone'))),
]
