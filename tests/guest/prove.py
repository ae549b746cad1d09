# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proves, without a guest, that the verdict sees what is wrong: outcomes that are well get no complaint, and each way
in which one can be spoilt gets the one that is meant. And that the scenarios are what they say. TAP."""

import copy
import os
import sys
from itertools import combinations

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import layer  # noqa: E402
import verdict  # noqa: E402
from scenario import Load, Scenario, Told  # noqa: E402
from scenarios import AXES, NAMED, QUICK, SCENARIOS, pairwise  # noqa: E402

ANEW = Scenario('anew', '', newcomers={'writer': Load('leak once')}, restarted=('writer',))
HINTED = Scenario('hinted', '', newcomers={'writer': Load('leak')}, innocents={'desk': Load('shed')}, hinted=('desk',))
CAPTURED = Scenario('captured', '', guilty={'guilty': Load('leak')}, captured='guilty')
ALONE = Scenario('alone', '', guilty={'guilty': Load('leak')}, innocents={'desk': Load('hold')})
UNIT = Scenario('unit', '', guilty={'guilty': Load('swarm', stop='unit')})
IGNORER = Scenario('ignorer', '', guilty={'guilty': Load('leak ignore-term')}, ends_by=(9,))
SHARED = Scenario('shared', '', guilty={'guilty': Load('leak', child_of='shell')},
                  innocents={'shell': Load('parent wait')})
NOBODY = Scenario('nobody', '', newcomers={'writer': Load('files')}, named='/dev/shm')
STILL = Scenario('still', '', guilty={'guilty': Load('leak')}, still_seconds=10)
KILLED = Scenario('killed', '', guilty={'guilty': Load('leak')}, kill_daemon_when_asked='guilty')
HELD = Scenario('held', '', restrained={'build': Load('leak', properties=('MemoryHigh=200M', 'MemoryMax=1G'))},
                expect=(Told('step-taken', 'throttle'), Told('lease-returned', 'throttle', 'is over', 900)))
MISSED = Scenario('missed', '', newcomers={'writer': Load('leak')}, oom_kills=1)
MEDDLED = Scenario('meddled', '', guilty={'guilty': Load('leak')}, meddle='true',
                   theirs={'/system.slice/desk.service': {'memory.high': '4096'}})

GUILTY = {'name': 'guilty', 'pid': 70, 'pids': [70, 71], 'cgroup': '/system.slice/guilty.service', 'oom_kills': 0,
          'alive': False, 'ended': True, 'result': 'success', 'signalled': True, 'status': 15}
INNOCENT = {'name': 'desk', 'pid': 50, 'pids': [50], 'cgroup': '/system.slice/desk.service', 'oom_kills': 0,
            'alive': True}
WRITER = {'name': 'writer', 'pid': 60, 'pids': [60], 'cgroup': '/system.slice/writer.service', 'oom_kills': 0,
          'alive': True}
ASKED = {'AVERT_EVENT': 'step-taken', 'AVERT_STEP': 'terminate', 'AVERT_SIGNAL': '15', 'AVERT_CRITICAL': '0',
         'AVERT_TARGET_PID': '70', 'MESSAGE': 'asked'}
GROUP = {'AVERT_EVENT': 'step-taken', 'AVERT_STEP': 'terminate', 'AVERT_CGROUP': GUILTY['cgroup']}
NAMES = {'AVERT_EVENT': 'no-useful-victim', 'AVERT_TEXT': 'files in /dev/shm'}
BUILD = {'name': 'build', 'pid': 80, 'pids': [80], 'cgroup': '/system.slice/build.service', 'oom_kills': 0,
         'alive': True}
THROTTLED = {'AVERT_EVENT': 'step-taken', 'AVERT_STEP': 'throttle', 'AVERT_CGROUP': BUILD['cgroup'],
             'MESSAGE': 'throttling', '_SOURCE_REALTIME_TIMESTAMP': '5000000'}
RETURNED = {'AVERT_EVENT': 'lease-returned', 'AVERT_STEP': 'throttle', 'AVERT_CGROUP': BUILD['cgroup'],
            'MESSAGE': 'gave back: it is over', '_SOURCE_REALTIME_TIMESTAMP': '5800000'}
RESTARTED = {'AVERT_EVENT': 'step-taken', 'AVERT_STEP': 'restart', 'AVERT_CGROUP': WRITER['cgroup'],
             'AVERT_TARGET_PID': '60', 'MESSAGE': 'restarting'}
KEPT = {'mode': 0o600, 'processes': [{'pid': 70, 'files': {'smaps_rollup': 'Rss: 4 kB'}}], 'samples': {'at_usec': [1, 2]}}
FREE = {'memory.high': 'max', 'memory.max': 'max', 'memory.swap.max': 'max', 'cgroup.freeze': '0'}
OWN = {**FREE, 'memory.high': '209715200', 'memory.max': '1073741824'}


def cgroups(desk=None, build=None):
    """With what these cgroups have in the end."""
    return {'before': {INNOCENT['cgroup']: FREE},
            'after': {INNOCENT['cgroup']: {**FREE, **(desk or {})}, BUILD['cgroup']: {**OWN, **(build or {})}}}


def held(**changes):
    return result([], **{'restrained': [BUILD], 'cgroups': cgroups(), **changes})


def result(guilty=(GUILTY,), newcomers=(), innocents=(INNOCENT,), **changes):
    return {'started': True, 'meddled': False, 'died': [], 'oom_kills': 0, 'calm_gap_usec': 70000,
            'worst_gap_usec': 300000, 'stood_usec': 0, 'cgroups': {'before': {}, 'after': {}}, 'associates': [],
            'guilty': copy.deepcopy(list(guilty)), 'newcomers': list(newcomers), 'restrained': [],
            'innocents': list(innocents), **changes}


def spoilt(**changes):
    return result(guilty=[{**GUILTY, **changes}])


# what is the case, scenario, result, records, the complaint (None: none at all)
CASES = [
    ('asked and ended', ALONE, result(), [ASKED], None),
    ('a group of its own is a target', ALONE, result(), [GROUP], None),
    ('a group is ended whole', UNIT, spoilt(signalled=False, result='exit-code'), [GROUP], None),
    ('a member of the group is a target', UNIT, result(), [{**ASKED, 'AVERT_TARGET_PID': '71'}], None),
    ('a critical kill needs no question', ALONE, spoilt(status=9),
     [{**ASKED, 'AVERT_STEP': 'kill', 'AVERT_SIGNAL': '9', 'AVERT_CRITICAL': '1'}], None),
    ('a unit is started anew', ANEW, result([], [{**WRITER, 'starts': 2}]), [RESTARTED], None),
    ('a hint is heard', HINTED, result([], [WRITER], [{**INNOCENT, 'hints': 1, 'shed_bytes': 9}]), [], None),
    ('nobody is touched and the mount is named', NOBODY, result([], [WRITER]), [NAMES], None),
    ('it is held back and let go', HELD, held(), [THROTTLED, RETURNED], None),
    ('what others wrote stays', MEDDLED, result(meddled=True, cgroups=cgroups({'memory.high': '4096'}, FREE)),
     [ASKED], None),
    ('systemd-oomd ends it', ALONE, spoilt(result='oom-kill', status=9), [ASKED], None),
    ('the kernel kills as it is to', MISSED, result([], [WRITER], oom_kills=1), [], None),
    ('the guest stood still', STILL, result(stood_usec=9900000), [ASKED], None),

    ('a unit is started anew too often', ANEW, result([], [{**WRITER, 'starts': 3}]), [RESTARTED], 'started 3 times'),
    ('a unit starts anew and nobody did it', ANEW, result([], [{**WRITER, 'starts': 2}]), [], 'no record of restarting'),
    ('a unit is killed and starts anew', ANEW, result([], [{**WRITER, 'starts': 2}]),
     [RESTARTED, {**RESTARTED, 'AVERT_STEP': 'kill'}], 'somebody else'),
    ('no hint is heard', HINTED, result([], [WRITER], [{**INNOCENT, 'hints': 0, 'shed_bytes': 0}]), [],
     'desk heard 0 hints'),
    ('a hint does nothing', HINTED, result([], [WRITER], [{**INNOCENT, 'hints': 2, 'shed_bytes': 0}]), [],
     'gave back 0 bytes'),
    ('not everybody started', ALONE, result(started=False), [ASKED], 'not everybody started'),
    ('no heartbeat', ALONE, result(calm_gap_usec=2 ** 64 - 1), [ASKED], 'no heartbeat'),
    ('the guilty one lives', ALONE, spoilt(ended=False), [ASKED], 'was not stopped'),
    ('the guilty one ends by itself', ALONE, spoilt(signalled=False, result='exit-code'), [ASKED], 'not by a signal'),
    ('the kernel ends it', ALONE, spoilt(result='oom-kill', status=9, oom_kills=1), [ASKED], 'not by a signal of ours'),
    ('the wrong signal', IGNORER, result(), [ASKED], 'ended by signal 15'),
    ('an innocent died', ALONE, result(died=['desk[50]']), [ASKED], 'innocents died: desk[50]'),
    ('a newcomer died', NOBODY, result([], [{**WRITER, 'alive': False}]), [NAMES], 'writer ended'),
    ('oom_kill moved', ALONE, result(oom_kills=1), [ASKED], 'the kernel killed 1 times'),
    ('the kernel kills nobody where it is to', MISSED, result([], [WRITER]), [], 'the kernel killed 0 times'),
    ('a long gap', ALONE, result(worst_gap_usec=1500000), [ASKED], 'the heartbeat stopped'),
    ('it did not stand still', STILL, result(), [ASKED], 'did not stand still'),
    ('the daemon was never killed', KILLED, result(), [ASKED], 'not killed in mid-incident'),
    ('no record of a step', ALONE, result(), [], 'no record of a step against guilty'),
    ('a step against an innocent', ALONE, result(), [ASKED, {**ASKED, 'AVERT_TARGET_PID': '50'}], 'somebody else'),
    ('a step against the innocent group around it', SHARED,
     result(innocents=[{**INNOCENT, 'cgroup': GUILTY['cgroup']}]), [GROUP], 'somebody else'),
    ('killed without a question', ALONE, spoilt(status=9), [{**ASKED, 'AVERT_STEP': 'kill', 'AVERT_SIGNAL': '9'}],
     'not asked to end'),
    ('a step where nobody is guilty', NOBODY, result([], [WRITER]), [NAMES, ASKED], 'somebody else'),
    ('who was to be held back ended', HELD, held(restrained=[{**BUILD, 'alive': False}]), [THROTTLED, RETURNED],
     'only to be held back'),
    ('nobody was held back', HELD, held(), [], 'no record of holding build back'),
    ('somebody else was held back', HELD, held(),
     [THROTTLED, {**THROTTLED, 'AVERT_CGROUP': INNOCENT['cgroup']}, RETURNED], 'held somebody else back'),
    ('a record is missing', HELD, held(), [THROTTLED], 'lease-returned throttle is over 900'),
    ('the order is another', HELD, held(), [RETURNED, THROTTLED], 'did not tell, in this order'),
    ('the step is another', HELD, held(), [THROTTLED, {**RETURNED, 'AVERT_STEP': 'freeze'}], 'lease-returned'),
    ('the word is another', HELD, held(), [THROTTLED, {**RETURNED, 'MESSAGE': 'its time is up'}], 'lease-returned'),
    ('it took too long', HELD, held(), [THROTTLED, {**RETURNED, '_SOURCE_REALTIME_TIMESTAMP': '6000000'}],
     'lease-returned'),
    ('a limit of an innocent is another', HELD, held(cgroups=cgroups({'memory.max': '4096'})), [THROTTLED, RETURNED],
     'memory.max of /system.slice/desk.service is 4096, not max'),
    ('a limit of its own is gone', HELD, held(cgroups=cgroups(build={'memory.high': 'max'})), [THROTTLED, RETURNED],
     'memory.high of /system.slice/build.service is max, not 209715200'),
    ('it is left frozen', HELD, held(cgroups=cgroups(build={'cgroup.freeze': '1'})), [THROTTLED, RETURNED],
     'cgroup.freeze of /system.slice/build.service is 1, not 0'),
    ('what others wrote is undone', MEDDLED, result(meddled=True, cgroups=cgroups(build=FREE)), [ASKED],
     'memory.high of /system.slice/desk.service is max, not 4096'),
    ('the meddler did not finish', MEDDLED, result(cgroups=cgroups({'memory.high': '4096'}, FREE)), [ASKED],
     'did not come to its end'),
    ('nothing names the mount', NOBODY, result([], [WRITER]), [], 'names /dev/shm'),
]


def verdict_holds(scenario, outcome, records, complaint):
    bad = (verdict.outcome(scenario, outcome) + verdict.changed_files(scenario, outcome['cgroups']) +
           verdict.expected(scenario, records) + verdict.steps(scenario, outcome, records))
    return not bad if complaint is None else any(complaint in line for line in bad)


# what is asked, what was kept, the complaint
EVIDENCE = [
    ('nobody has to be captured', ALONE, [], None),
    ('evidence is whole', CAPTURED, [KEPT], None),
    ('nothing was kept', CAPTURED, [], 'no capture'),
    ('it is about somebody else', CAPTURED, [{**KEPT, 'processes': [{'pid': 1, 'files': {}}]}], 'no capture'),
    ('it is no JSON', CAPTURED, [{'mode': 0o600}], 'no capture'),
    ('others can read it', CAPTURED, [{**KEPT, 'mode': 0o640}], 'mode 640'),
    ('it came too late for the process', CAPTURED, [{**KEPT, 'processes': [{'pid': 70, 'files': {}}]}], 'no smaps_rollup'),
    ('it has no samples', CAPTURED, [{**KEPT, 'samples': {'at_usec': []}}], 'no samples'),
]


def evidence_holds(scenario, captures, complaint):
    bad = verdict.evidence(scenario, result(), captures)
    return not bad if complaint is None else any(complaint in line for line in bad)


def every_pair_is_there():
    rows = pairwise(AXES)
    return all(any(row[a] == x and row[b] == y for row in rows)
               for a, b in combinations(AXES, 2) for x in AXES[a] for y in AXES[b])


def relations_hold():
    """Children have parents, who pass them on; who may be guilty in a crowd is not innocent as well."""
    for scenario in SCENARIOS:
        everybody = layer.loads(scenario)
        roles = [scenario.guilty, scenario.innocents, scenario.associates, scenario.newcomers,
                 scenario.restrained]
        if sum(map(len, roles)) + 1 != len(everybody):
            return False
        for load in everybody.values():
            if load.child_of and ' parent' not in ' ' + everybody[load.child_of].what:
                return False
        if not scenario.guilty and not scenario.newcomers and not scenario.restrained:
            return False
    return len({s.name for s in SCENARIOS}) == len(SCENARIOS)


def main():
    checks = [(name, verdict_holds(*case)) for name, *case in CASES]
    checks += [(name, evidence_holds(*case)) for name, *case in EVIDENCE]
    checks += [('each pair of values is in a variation', every_pair_is_there()),
               ('loads and their relations are sound', relations_hold()),
               ('the quick set is quick', 10 <= len(QUICK) <= 16 and len(QUICK) < len(NAMED))]
    print('1..%d' % len(checks))
    for number, (name, holds) in enumerate(checks, 1):
        print('%s %d - %s' % ('ok' if holds else 'not ok', number, name))
    return 0 if all(holds for _, holds in checks) else 1


if __name__ == '__main__':
    sys.exit(main())
