# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is laid over the shared image for one scenario: the daemon under test, the loads, the judge."""

import os
import shutil
import subprocess

from scenario import Load

PROGRAMS = '/usr/lib/avert-guest'
LOAD = PROGRAMS + '/guest-load'
POLICY = 'etc/avert/policy.d/50-scenario.yaml'
HEARTBEAT = Load('heartbeat')

# Of the one that asks to be started last. To systemd an end by SIGTERM is a clean one, and a service that ended
# cleanly is forgotten with its status: so it remains.
LOAD_UNIT = '''[Unit]
Description=guest load {name}
{order}

[Service]
Type=notify
RemainAfterExit={remain}
{properties}
ExecStart={command}
'''

JUDGE_UNIT = '''[Unit]
Description=guest judge
After=multi-user.target {after}

[Service]
Type=exec
OOMScoreAdjust=-1000
LimitMEMLOCK=infinity
ExecStart=/usr/lib/avert-guest/guest-judge {arguments}
StandardError=journal+console
'''

SWAP_UNIT = '''[Unit]
Description=guest swap
Before={before}
DefaultDependencies=no
After=local-fs.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c "{command}"
'''

DATA_UNIT = '''[Unit]
Description=guest data
Before={before}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c "mount LABEL=data /srv && chmod 1777 /srv"
'''


# Somebody else on the machine, root: what it may use, before the lines of a scenario.
MEDDLE_UNIT = '''[Unit]
Description=guest meddler

[Service]
Type=oneshot
OOMScoreAdjust=-1000
ExecStart=/usr/lib/avert-guest/meddle
StandardError=journal+console
'''

MEDDLE = '''#!/bin/sh -e
cd /sys/fs/cgroup/system.slice

# becomes FILE VALUE, leaves FILE VALUE [VALUE]: waits until it has that value, until it is there and has another
becomes() {
        until [ "$(cat "$1" 2>/dev/null)" = "$2" ]; do sleep 0.05; done
}
leaves() {
        until value=$(cat "$1" 2>/dev/null) && [ "$value" != "$2" ] && [ "$value" != "${3:-$2}" ]; do sleep 0.05; done
}
# told TIMES FIELD=VALUE...: waits until avertd or its standby has told such a thing so often
told() {
        times=$1
        shift
        until [ "$(journalctl -q -b -o cat -u avertd.service -u avert-standby.service "$@" | wc -l)" -ge "$times" ]; do
                sleep 0.2
        done
}
# back: waits until avertd itself acts
back() {
        until [ "$(systemctl show --value -p SubState avertd.service)" = running ]; do sleep 0.1; done
}
daemon_pid() {
        systemctl show --value -p MainPID avertd.service
}

'''


class Trouble(Exception):
    """Something outside the scenario went wrong: no verdict."""


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    os.chmod(path, mode)


def install_avert(layer, build):
    """avert as it would be installed."""
    if not os.path.exists(os.path.join(build, 'daemon', 'avertd')):
        raise Trouble('no avertd in ' + build)
    done = subprocess.run(['meson', 'install', '-C', build, '--no-rebuild', '--destdir', layer, '--quiet'],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Trouble('meson install: ' + done.stdout.strip()[-500:])
    # In the guest /lib is a link to /usr/lib; a directory of that name cannot be laid over it.
    if os.path.isdir(os.path.join(layer, 'lib')):
        shutil.copytree(os.path.join(layer, 'lib'), os.path.join(layer, 'usr/lib'), symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(os.path.join(layer, 'lib'))
    for top, _, names in os.walk(layer):
        for name in names:
            path = os.path.join(top, name)
            if name.endswith('.a'):
                os.remove(path)
            elif not os.path.islink(path) and os.access(path, os.X_OK):
                subprocess.run(['strip', '--strip-debug', path], stderr=subprocess.DEVNULL, check=False)


def strip_configuration(layer):
    """As if nobody had installed more than the program, its unit, and what lets it on the system bus."""
    for path in ('etc/avert', 'usr/lib/avert'):
        shutil.rmtree(os.path.join(layer, path), ignore_errors=True)
    for name in os.listdir(os.path.join(layer, 'usr/share')):
        if name != 'dbus-1':
            shutil.rmtree(os.path.join(layer, 'usr/share', name), ignore_errors=True)


def swap_command(scenario):
    if scenario.zram_mib:
        return ('modprobe zram && echo %dM >/sys/block/zram0/disksize && mkswap -q /dev/zram0 && '
                'swapon -p 100 /dev/zram0' % scenario.zram_mib)
    if scenario.swap_mib:
        return 'mkswap -q /dev/vdc && swapon /dev/vdc'
    return None


def later(scenario):
    """Those that start with the trial."""
    return {**scenario.guilty, **scenario.newcomers, **scenario.restrained}


def loads(scenario):
    """Every load by its name, the heartbeat among them."""
    return {'heartbeat': HEARTBEAT, **scenario.innocents, **scenario.associates, **later(scenario)}


def command(scenario, name, is_child=False):
    """The words that start a load and, behind them, those of its child."""
    everybody = loads(scenario)
    load = everybody[name]
    words = []
    if load.scope:
        words += ['/usr/bin/systemd-run', '--scope', '--quiet', '--unit=' + load.scope, '--slice=' + load.slice]
        if load.user:
            words.append('--uid=' + load.user)
    if words or load.program or not is_child:
        words.append(load.program or LOAD)
    words += [name, load.what]
    for child, other in everybody.items():
        if other.child_of == name:
            words += ['--', command(scenario, child, True)]
    return ' '.join(words)


def unit(scenario, name, daemon_unit, of_trial):
    load = loads(scenario)[name]
    properties = list(load.properties)
    if load.user and not load.scope:
        properties.append('User=' + load.user)
    return LOAD_UNIT.format(name=name, command=command(scenario, name), properties='\n'.join(properties),
                            remain='yes' if of_trial else 'no',
                            order='' if of_trial or not daemon_unit else 'Before=' + daemon_unit)


def judge_arguments(scenario, daemon_unit):
    words = ['limit=%d' % scenario.limit_msec, 'linger=%d' % scenario.linger_msec,
             'start=/usr/lib/avert-guest/trial']
    if daemon_unit:
        words.append('daemon=' + daemon_unit)
    for name, load in scenario.guilty.items():
        words.append('guilty=%s:%s%s' % (name, load.stop, ':' + load.child_of if load.child_of else ''))
    words += ['newcomer=' + name for name in scenario.newcomers]
    words += ['restrained=' + name for name in scenario.restrained]
    words += ['associate=' + name for name in scenario.associates]
    words += ['innocent=' + name for name in scenario.innocents]
    if scenario.kill_daemon_when_asked and daemon_unit:
        words.append('kill-daemon-when-asked=' + scenario.kill_daemon_when_asked)
    if scenario.daemon_may_end and daemon_unit:
        words.append('daemon-may-end')
    if scenario.meddle and not scenario.guilty:
        words.append('ends-when-meddled')
    if scenario.still_below_percent:
        words.append('still-below=%d' % scenario.still_below_percent)
    return ' '.join(words)


def trial(scenario):
    """What the judge runs when the trial begins."""
    lines = ['#!/bin/sh']
    units = [name + '.service' for name, load in later(scenario).items() if not load.child_of]
    if scenario.meddle:
        units.append('meddle.service')
    if units:
        lines.append('systemctl start --no-block ' + ' '.join(units))
    # whoever waits for its sign: also where the leaker is the child of a child
    lines += ['touch /run/guest/%s.go' % name for name, load in loads(scenario).items() if ' wait' in load.what]
    return '\n'.join(lines) + '\n'


def install_scenario(layer, build, scenario, daemon_unit, setup):
    """The programs and units of a scenario; `setup` are lines for the shell that runs before the boot."""
    units = os.path.join(layer, 'etc/systemd/system')
    os.makedirs(layer + PROGRAMS, exist_ok=True)
    for name in ('guest-load', 'guest-judge'):
        shutil.copy(os.path.join(build, 'tests/guest', name), layer + PROGRAMS)
    for load in loads(scenario).values():
        if load.program:
            os.makedirs(os.path.dirname(layer + load.program), exist_ok=True)
            shutil.copy(os.path.join(build, 'tests/guest/guest-load'), layer + load.program)
    write(layer + PROGRAMS + '/trial', trial(scenario), 0o755)
    write(os.path.join(layer, 'usr/lib/tmpfiles.d/avert-guest.conf'), 'd /run/guest 1777 - - -\n')

    if scenario.policy:
        write(os.path.join(layer, POLICY), scenario.policy)
    for path, text in scenario.commands.items():
        write(layer + path, text, 0o755)
    for path, text in scenario.files.items():
        write(layer + path, text)
    if scenario.meddle:
        write(os.path.join(units, 'meddle.service'), MEDDLE_UNIT)
        write(layer + PROGRAMS + '/meddle', MEDDLE + scenario.meddle + '\ntouch /run/guest/meddled\n', 0o755)

    started_later = later(scenario)
    before = [name for name, load in loads(scenario).items() if not load.child_of and name not in started_later]
    for name, load in loads(scenario).items():
        if not load.child_of:
            write(os.path.join(units, name + '.service'), unit(scenario, name, daemon_unit, name not in before))
    wanted = [name + '.service' for name in before]
    after = ' '.join(wanted + [daemon_unit or ''])
    write(os.path.join(units, 'judge.service'),
          JUDGE_UNIT.format(after=after, arguments=judge_arguments(scenario, daemon_unit)))
    if swap_command(scenario):
        write(os.path.join(units, 'guest-swap.service'), SWAP_UNIT.format(before=after, command=swap_command(scenario)))
        wanted.append('guest-swap.service')
    if scenario.data_iops:
        write(os.path.join(units, 'guest-data.service'), DATA_UNIT.format(before=after))
        wanted.append('guest-data.service')

    wants = os.path.join(units, 'multi-user.target.wants')
    os.makedirs(wants, exist_ok=True)
    for name in wanted:
        os.symlink('../' + name, os.path.join(wants, name))
    # the judge comes when the boot is over, and so cannot be a part of multi-user.target, which it waits for
    write(os.path.join(units, 'guest.target'), '[Unit]\nRequires=multi-user.target\nWants=judge.service\n')
    os.symlink('guest.target', os.path.join(units, 'default.target'))
    write(os.path.join(layer, 'layer-setup'),
          'PATH=/usr/sbin:/usr/bin\nsystemd-sysusers\nldconfig\n' + setup, 0o755)
