# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one scenario in one guest, under one daemon."""

import os
import shutil
import subprocess
from dataclasses import dataclass

import layer
import machine
import verdict
from layer import Trouble

HERE = os.path.dirname(os.path.abspath(__file__))


@dataclass(frozen=True)
class Daemon:
    name: str
    unit: str = ''        # empty: no daemon at all
    archive: str = ''     # what is laid over the image for it, beside the scenario
    setup: str = ''       # shell, before the boot


AVERT = Daemon('avert', 'avertd.service', setup='systemctl enable avertd.service\n')
NONE = Daemon('none')


def image():
    """The directory of the shared image; None where it cannot be built."""
    built = subprocess.run([os.path.join(HERE, 'build')], stdout=subprocess.PIPE, text=True, check=False)
    if built.returncode == 77:
        return None
    if built.returncode != 0:
        raise Trouble('the image was not built')
    return built.stdout.strip()


def archive(name):
    """The path of what a package of Debian's adds to the image."""
    made = subprocess.run([os.path.join(HERE, 'archive'), name], stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode != 0:
        raise Trouble(name + ' cannot be had')
    return made.stdout.strip()


def run(scenario, daemon, base, build, work):
    """Boots the guest in the empty directory `work`; returns (complaints, facts), where the facts are all that was
    measured, without 'seconds' when the guest came to no end."""
    tree = os.path.join(work, 'layer')
    os.makedirs(tree)
    if daemon is AVERT:
        layer.install_avert(tree, build)
        if scenario.bare:
            layer.strip_configuration(tree)
    layer.install_scenario(tree, build, scenario, daemon.unit, daemon.setup)
    archives = [daemon.archive] if daemon.archive else []
    initrd = machine.make_initrd(base, work, archives + [archive(name) for name in scenario.packages])
    shutil.rmtree(tree)

    seconds = machine.deadline_seconds(scenario)
    took = machine.boot(machine.command(base, work, initrd, scenario), work, seconds, scenario.still_seconds)
    os.remove(initrd)
    result = machine.unpack(work)
    facts = {'scenario': scenario.name, 'under': daemon.name, **{k: v for k, v in result.items() if k != 'cgroups'}}
    if took is None:
        return ['the guest did not end within %d s' % seconds], facts
    if not result:
        return [machine.panic(work) or 'the guest left no result'], facts
    facts['seconds'] = round(took, 1)
    bad = verdict.outcome(scenario, result) + verdict.changed_files(scenario, result['cgroups'])
    if daemon in (AVERT, NONE):
        bad += verdict.expected(scenario, machine.records(work))
    if daemon is AVERT:
        facts['sentinel_longest_pass_usec'] = machine.sentinel_stall(work)
        records = machine.records(work)
        facts['steps'] = [r.get('MESSAGE') for r in records if r.get('AVERT_EVENT') == 'step-taken']
        bad += verdict.steps(scenario, result, records)
        bad += verdict.evidence(scenario, result, machine.captures(work))
        if facts['sentinel_longest_pass_usec'] is None:
            bad.append('avertd did not tell its longest sentinel pass')
        if result['daemon']['state'] != 'active':
            bad.append('avertd was %s at the end' % result['daemon']['state'])
    return bad, facts
