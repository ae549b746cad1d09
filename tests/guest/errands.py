# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scenarios of what others do for the ladder: the service manager, programs that give memory back, commands of the
administrator's, and who keeps evidence. Each has a policy whose thresholds are far from where the built-in one begins."""

from scenario import SIGKILL, Load, Scenario, Told

POLICY = '''version: 1
policies:
  - name: errand
    watch: %s
    when: %s
    for: 200ms
    steps:
%s
'''
HOOKS = '/usr/local/libexec/'
DESK = Load('hold size=80M period=5000')


def policy(watch, when, *steps, more=''):
    return POLICY % (watch, when, '\n'.join('      - ' + step for step in steps)) + more


def of_unit(*steps, unit='service', more=''):
    return policy('{ unit: %s.service }' % unit, 'cgroup.usage > 25%', *steps, more=more)


def run(name, settings):
    return 'run: { command: [ %s ], %s }' % (HOOKS + name, settings)


# What it starts leaves its session and has no parent any more.
ORPHANS = '''(setsid sh -c 'trap "" TERM HUP; sleep 86399 & sleep 86398' &)
'''
COMMANDS = {
    HOOKS + 'hook-hang': '#!/bin/sh\n' + ORPHANS + 'trap "" TERM HUP\nwhile :; do sleep 86397; done\n',
    HOOKS + 'hook-flood': '#!/bin/sh\nexec yes flood\n',
    HOOKS + 'hook-forks': '#!/bin/sh\n' + ORPHANS + 'sleep 1\n',
}
# It believes only what it should be told.
ANSWERS = {
    HOOKS + 'hook-freed': '#!/bin/sh\necho "looking"\necho "freed 1048576"\n',
    HOOKS + 'hook-skip': '#!/bin/sh -e\n[ "$(id -u)" = 65534 ]\n[ "$AVERT_UNIT" = service.service ]\n'
                         'grep -q \'"errand"\'\necho skip\n',
}

# Only this policy is in force, its time is too long, and nothing is done even when that is over. The index of catalogs is what a package makes.
MISS = '''
touch /etc/avert/policy.d/10-default.yaml
systemctl reload avertd
avertctl pause --for 10min
journalctl --update-catalog
systemd-run -q --unit=db.service -p MemoryMax=60M -p MemorySwapMax=0 tail /dev/zero
told 1 AVERT_EVENT=kernel-oom
until avertctl incidents | grep -q "in db.service"; do sleep 0.2; done
avertctl incidents | grep -q "^[-0-9]* [:0-9]*  our miss errand "
avertctl explain db.service | grep -q "our miss"
avertctl incidents show last | grep -q "cgroup.usage > 50%"
journalctl -q -b -x -u avertd.service AVERT_EVENT=kernel-oom | grep -q "This is what avertd is there to prevent"
'''

# It says what it saw, and nothing of it stays.
SELFTEST = '''
avertctl selftest --dry-run | grep -q "would write"
avertctl selftest | grep -q "in a scope of its own"
avertctl selftest --json=short | grep -q '"ok":true'
test ! -e /run/avert/policy.d/99-avert-selftest.yaml
if systemctl list-units --all --plain | grep avert-selftest; then exit 1; fi
if avertctl policies | grep avert-selftest; then exit 1; fi
'''

ERRANDS = [
    Scenario('unit-restarted', 'a service that leaks is restarted through systemd', quick=True,
             newcomers={'service': Load('leak rate=40M max=200M once')}, restarted=('service',),
             innocents={'desk': DESK}, limit_msec=15000,
             policy=of_unit('notify: warning', 'restart: { timeout: 20s }'),
             expect=(Told('incident-opened'), Told('step-taken', 'restart'), Told('step-done', 'restart'),
                     Told('incident-closed'))),
    Scenario('unit-stopped', 'a service that is always started again is stopped through systemd, and stays away',
             guilty={'service': Load('leak rate=40M max=200M', stop='unit',
                                     properties=('Restart=always', 'RestartSec=200ms'))},
             innocents={'desk': DESK}, linger_msec=5000,
             policy=of_unit('stop: { timeout: 20s }'),
             expect=(Told('incident-opened'), Told('step-taken', 'stop'), Told('step-done', 'stop'))),
    Scenario('unit-widened', 'what is started again and again costs its starter, then the unit, which at last is stopped',
             guilty={'service': Load('parent respawn=200', stop='unit',
                                     properties=('Restart=always', 'RestartSec=200ms', 'StartLimitInterval=0'))},
             associates={'leaker': Load('leak rate=40M', child_of='service')},
             innocents={'desk': DESK}, ends_by=(SIGKILL,), limit_msec=90000, linger_msec=6000,
             policy=policy('system', 'mem.available < 45%', 'kill', more='''    targets:
      kind: process
      match: { unit: service.service }
    budget: 1 per 10min
    on_budget: widen
'''),
             expect=(Told('step-taken', 'kill', 'guest-load (pid'), Told('budget-spent'),
                     Told('step-taken', 'kill', 'guest-load and 1 more'),
                     Told('step-taken', 'kill', 'service.service (2 processes'),
                     Told('step-taken', 'stop'), Told('step-done', 'stop'))),
    Scenario('hinted', 'a program is asked to give back what it can do without, and nobody has to end',
             newcomers={'growing': Load('leak rate=20M max=160M')},
             innocents={'shedding': Load('shed size=220M portion=96M')}, hinted=('shedding',), limit_msec=25000,
             policy=policy('system', 'mem.available < 30%', 'hint: medium'),
             expect=(Told('incident-opened'), Told('hint', 'hint'), Told('incident-closed'))),
    Scenario('hooks-misbehave', 'one command hangs, one floods, one leaves others behind, and the ladder goes on in time',
             guilty={'service': Load('leak rate=40M max=180M')}, innocents={'desk': DESK}, linger_msec=8000,
             commands=COMMANDS,
             policy=of_unit(run('hook-hang', 'timeout: 4s'), run('hook-flood', 'timeout: 3s, output: 4K'),
                            run('hook-forks', 'timeout: 4s'), 'terminate: { grace: 3s }'),
             meddle='''
until pgrep -f "sleep 8639[89]" >/dev/null; do sleep 0.1; done
told 1 AVERT_EVENT=step-done AVERT_STEP=terminate
if pgrep -f "sleep 8639|yes flood"; then exit 1; fi
''',
             expect=(Told('step-taken', 'run'), Told('step-taken', 'run', '', 1000), Told('step-taken', 'run', '', 1000),
                     Told('step-taken', 'terminate', '', 5000), Told('step-done', 'terminate'))),
    Scenario('hook-answers', 'one command has freed something, another asks to leave out the step behind it',
             newcomers={'service': Load('leak rate=40M max=180M recover=2000')}, innocents={'desk': DESK},
             limit_msec=15000,
             commands=ANSWERS,
             policy=of_unit(run('hook-freed', 'timeout: 20s'), run('hook-skip', 'timeout: 20s'),
                            'terminate: { grace: 3s }'),
             expect=(Told('command-answered', 'run'), Told('command-answered', 'run', 'leave out the next step'),
                     Told('step-skipped', 'terminate'))),
    Scenario('selftest', 'the running daemon sees, warns of and ends the process of its selftest, and nobody else',
             newcomers={'desk': DESK}, limit_msec=120000, meddle=SELFTEST, own_policy='avert-selftest',
             expect=(Told('notify', '', 'avert-selftest'), Told('step-done', 'terminate', 'avert-selftest'))),
    Scenario('missed', 'what the kernel killed is remembered, with its unit and the rule that should have come first',
             newcomers={'desk': DESK}, oom_kills=1, limit_msec=60000,
             policy=policy('{ unit: db.service }', 'cgroup.usage > 50%', 'terminate').replace('200ms', '1h'),
             meddle=MISS, expect=(Told('kernel-oom', '', 'db.service'),)),
    Scenario('captured', 'evidence of a victim is kept before it is killed, which is not late for that',
             guilty={'service': Load('leak rate=40M max=180M')}, innocents={'desk': DESK}, captured='service',
             ends_by=(SIGKILL,),
             policy=of_unit('capture: { timeout: 800ms }', 'kill'),
             expect=(Told('step-taken', 'capture'), Told('step-taken', 'kill', '', 1300), Told('step-done', 'kill'))),
]
