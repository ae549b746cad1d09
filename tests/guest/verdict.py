# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is wrong with the outcome of a scenario: nothing when all is well."""

from scenario import SIGTERM

SIGNALS = {9: 'SIGKILL', 15: 'SIGTERM'}
DESTRUCTIVE = ('restart', 'stop', 'terminate', 'kill')
REVERSIBLE = ('reclaim', 'throttle', 'freeze', 'limit')
# A cgroup that was made during the trial, and the lines of a unit that change it.
UNLIMITED = {'memory.high': 'max', 'memory.max': 'max', 'memory.swap.max': 'max', 'cgroup.freeze': '0'}
PROPERTIES = {'MemoryHigh': 'memory.high', 'MemoryMax': 'memory.max', 'MemorySwapMax': 'memory.swap.max'}
UNITS = {'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30}
CALM_GAP_USEC = 60000  # a heartbeat's gap is not shorter than its period; less than this is luck


def worst_gap_usec(scenario, result):
    """The longest that the heartbeat may stop: in terms of what this guest does when nothing is wrong."""
    return scenario.gap_factor * max(result['calm_gap_usec'], CALM_GAP_USEC)


def guilty_complaints(scenario, guilty):
    """`guilty`: one of them, as the judge saw it."""
    name, load = guilty['name'], scenario.guilty[guilty['name']]
    if not guilty['ended']:
        return ['%s was not stopped within %d s' % (name, scenario.limit_msec // 1000)]
    if load.stop == 'unit':
        return []  # its first process may end by itself when the others are gone
    # systemd calls it an oom-kill as well when its own systemd-oomd was it, and the kernel was not
    by_signal = guilty['result'] in ('signal', 'success') or (guilty['result'] == 'oom-kill' and not guilty['oom_kills'])
    if not by_signal or not guilty['signalled']:
        return ['%s ended by "%s", not by a signal of ours' % (name, guilty['result'])]
    if guilty['status'] not in scenario.ends_by:
        return ['%s ended by signal %d, expected %s' % (name, guilty['status'], ' or '.join(
            SIGNALS[s] for s in scenario.ends_by))]
    return []


def written(value):
    """The value of a line of a unit, as the kernel shows it."""
    return str(int(value[:-1]) * UNITS[value[-1]]) if value[-1:] in UNITS else value


def files_of_new_cgroup(scenario, path):
    """What its files have to be: what its unit says, nothing else."""
    files = dict(UNLIMITED)
    everybody = {**scenario.guilty, **scenario.newcomers, **scenario.restrained}
    for name, load in everybody.items():
        if path.rsplit('/', 1)[-1] != (load.scope or name + '.service'):
            continue
        for line in load.properties:
            key, _, value = line.partition('=')
            if key in PROPERTIES:
                files[PROPERTIES[key]] = written(value)
    return files


def changed_files(scenario, cgroups):
    """Every file of a cgroup that is not what it was, or was to become by somebody else's hand."""
    bad = []
    for path, files in cgroups['after'].items():
        # UNLIMITED: a controller may come to one that was there without
        before = {**UNLIMITED, **cgroups['before'].get(path, files_of_new_cgroup(scenario, path))}
        wanted = {**before, **scenario.theirs.get(path, {})}
        bad += ['%s of %s is %s, not %s' % (file, path, value, wanted.get(file))
                for file, value in files.items() if value != wanted.get(file)]
    return bad


def outcome(scenario, result):
    """Complaints about what happened to the machine, whoever did it."""
    bad = []
    if not result['started']:
        return ['not everybody started']
    if result['calm_gap_usec'] > 10 ** 9:
        return ['there was no heartbeat']
    for guilty in result['guilty']:
        bad += guilty_complaints(scenario, guilty)
    if result['died']:
        bad.append('innocents died: ' + ', '.join(result['died']))
    bad += ['%s ended, and is innocent' % n['name'] for n in result['newcomers'] if not n['alive']]
    bad += ['%s ended, and was only to be held back' % n['name'] for n in result['restrained'] if not n['alive']]
    bad += ['%s was started %d times, not anew once' % (n['name'], n['starts'])
            for n in result['newcomers'] if n['name'] in scenario.restarted and n['starts'] != 2]
    bad += ['%s heard %d hints and gave back %d bytes' % (s['name'], s['hints'], s['shed_bytes'])
            for s in result['newcomers'] + result['innocents']
            if s['name'] in scenario.hinted and not (s['hints'] and s['shed_bytes'])]
    if result['oom_kills'] != scenario.oom_kills:
        who = [s['name'] for role in ('guilty', 'associates', 'newcomers', 'restrained', 'innocents')
               for s in result[role] if s['oom_kills']]
        bad.append('the kernel killed %d times (oom_kill moved), not %d, in: %s' %
                   (result['oom_kills'], scenario.oom_kills, ', '.join(who) or 'none of the loads'))
    if scenario.gap_factor and result['worst_gap_usec'] > worst_gap_usec(scenario, result):
        bad.append('the heartbeat stopped for %d ms, allowed are %d times its calm gap, %d ms' % (
            result['worst_gap_usec'] // 1000, scenario.gap_factor, worst_gap_usec(scenario, result) // 1000))
    if scenario.still_seconds and result['stood_usec'] < scenario.still_seconds * 900000:
        bad.append('the guest did not stand still')
    if scenario.kill_daemon_when_asked and not result.get('daemon', {}).get('killed'):
        bad.append('the daemon was not killed in mid-incident: %s was never asked to end' %
                   scenario.kill_daemon_when_asked)
    if scenario.meddle and not result['meddled']:
        bad.append('what root was to do meanwhile did not come to its end')
    return bad


def is_aimed_at(record, suspect, may_be_group):
    """Whether a step was taken against this one: its process, or a group in which nobody else lives."""
    if 'AVERT_TARGET_PID' in record:
        return int(record['AVERT_TARGET_PID']) in suspect['pids']
    group = record.get('AVERT_CGROUP', '')
    return may_be_group and suspect['cgroup'] != '' and group == suspect['cgroup']


def has_innocent_neighbour(scenario, suspect, result):
    return any(i['cgroup'] == suspect['cgroup'] for i in result['innocents'])


def told_usec(record):
    """When it was sent: a journal that is late says nothing of the daemon."""
    return int(record['_SOURCE_REALTIME_TIMESTAMP'])


def is_told(told, record, before_usec):
    return (record.get('AVERT_EVENT') == told.event and told.step in ('', record.get('AVERT_STEP')) and
            told.word in str(record.get('MESSAGE')) and
            (not told.within_msec or told_usec(record) <= before_usec + told.within_msec * 1000))


def expected(scenario, records):
    """The first of the records that are to appear in their order, and is not there."""
    at, before_usec = iter(records), 0
    for told in scenario.expect:
        found = next((r for r in at if is_told(told, r, before_usec)), None)
        if found is None:
            return ['avertd did not tell, in this order: ' + ' '.join(filter(None, map(str, told)))]
        before_usec = told_usec(found)
    return []


def restraints(result, records):
    """Complaints about who was held back, and who was not."""
    taken = [r for r in records if r.get('AVERT_EVENT') == 'step-taken' and r.get('AVERT_STEP') in REVERSIBLE]
    may_be = {s['cgroup'] for role in ('guilty', 'associates', 'restrained') for s in result[role]}
    bad = ['avertd held somebody else back: ' + str(r.get('MESSAGE')) for r in taken
           if r.get('AVERT_CGROUP') not in may_be]
    return bad + ['avertd has no record of holding %s back' % s['name'] for s in result['restrained']
                  if not any(r.get('AVERT_CGROUP') == s['cgroup'] for r in taken)]


def steps(scenario, result, records):
    """Complaints about what avertd says it did."""
    bad = restraints(result, records)
    taken = [r for r in records if r.get('AVERT_EVENT') == 'step-taken' and r.get('AVERT_STEP') in DESTRUCTIVE]
    wanted = {s['name']: [r for r in taken if is_aimed_at(r, s, not has_innocent_neighbour(scenario, s, result))]
              for s in result['guilty'] + result['associates']}
    anew = {s['name']: [r for r in taken if r.get('AVERT_STEP') == 'restart' and is_aimed_at(r, s, True)]
            for s in result['newcomers'] if s['name'] in scenario.restarted}
    bad += ['avertd has no record of restarting ' + name for name, aimed in anew.items() if not aimed]
    for record in taken:
        if record.get('AVERT_POLICY') == scenario.own_policy:
            continue
        if not any(record in aimed for aimed in (*wanted.values(), *anew.values())):
            bad.append('avertd aimed at somebody else: ' + str(record.get('MESSAGE')))
    for name in scenario.guilty:
        aimed = wanted[name] or [r for a in scenario.associates for r in wanted[a]]
        if not aimed:
            bad.append('avertd has no record of a step against ' + name)
        elif SIGTERM in scenario.ends_by and aimed[0].get('AVERT_SIGNAL') not in (None, str(SIGTERM)) and \
                aimed[0].get('AVERT_CRITICAL') != '1':
            bad.append('%s was not asked to end before it was killed, and nothing was critical' % name)
    if scenario.named and not any(scenario.named in str(value) for r in records for value in r.values()):
        bad.append('no record of avertd names ' + scenario.named)
    return bad


def evidence(scenario, result, captures):
    """What is wrong with what was kept of the one that had to be captured: for root alone, whole, and before its end."""
    if not scenario.captured:
        return []
    pids = next(s['pids'] for role in ('guilty', 'associates', 'newcomers') for s in result[role]
                if s['name'] == scenario.captured)
    kept = [c for c in captures if any(p['pid'] in pids for p in c.get('processes', ()))]
    if not kept:
        return ['no capture has a process of ' + scenario.captured]
    bad = ['a capture has the mode %o' % c['mode'] for c in captures if c['mode'] != 0o600]
    if not any('Rss:' in p['files'].get('smaps_rollup', '') for p in kept[0]['processes']):
        bad.append('the capture has no smaps_rollup')
    if len(kept[0]['samples']['at_usec']) < 2:
        bad.append('the capture has no samples')
    return bad
