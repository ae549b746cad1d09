# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scenarios of the ladder: who is held back, for how long, and that all is as before afterwards. Each has a policy
of its own whose thresholds are far from where the built-in one begins."""

from scenario import Load, Scenario, Told

POLICY = '''version: 1
policies:
  - name: %s
    watch: { unit: %s.service }
    when: %s
    clear: %s
    steps: %s
'''


def policy(name, unit, when, clear, steps):
    return POLICY % (name, unit, when, clear, steps)


LADDER = [
    Scenario('throttle-recovers', 'a build that overruns is throttled, and let go once it has recovered', quick=True,
             restrained={'build': Load('leak rate=40M max=160M recover=3000', properties=('MemoryHigh=300M',))},
             swap_mib=256, limit_msec=15000,
             policy=policy('build', 'build', '{ all: [ mem.available < 350M, cgroup.current > 120M ] }',
                           'cgroup.current < 60M',
                           '[ notify: notice, throttle: { high: 80%, lease: 1min } ]'),
             expect=(Told('incident-opened', word='build'), Told('step-taken', 'throttle', 'memory.high'),
                     Told('step-done', 'throttle'), Told('incident-closed'),
                     Told('lease-returned', 'throttle', 'the trouble is over', 1000))),
]
