# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest scenarios: who is guilty, who is innocent, and what must be true afterwards.

Innocents run before avertd starts, as a user's programs do that were there before the trouble. The guilty process is
started later, by the judge. All are services of the system manager, under the user `user`."""

from dataclasses import dataclass, field

SIGKILL, SIGTERM = 9, 15


@dataclass
class Scenario:
    name: str
    what: str
    guilty: str                        # settings of guest-load
    innocents: dict = field(default_factory=dict)
    memory: str = '512M'
    swap_mib: int = 0                  # a disk for swap
    iops: int = 0                      # what all disks share
    zram_mib: int = 0
    ends_by: tuple = (SIGTERM, SIGKILL)
    limit_msec: int = 25000            # for the guilty one to be stopped
    worst_gap_msec: int = 1500         # of the heartbeat; emulation alone makes some hundreds


SCENARIOS = [
    Scenario('fast-leak', 'a process takes 120 MiB a second, without swap',
             guilty='leak rate=120M fill=same'),
    Scenario('slow-leak', 'a process takes 12 MiB a second, with a slow disk for swap',
             guilty='leak rate=12M fill=half',
             innocents={'desk': 'hold size=120M period=5000'},
             swap_mib=96, iops=4000, limit_msec=40000),
    Scenario('steady-innocent', 'a small leaker beside an innocent process that is larger and was there before',
             guilty='leak rate=15M fill=same',
             innocents={'steady': 'hold size=230M period=5000'}),
    Scenario('term-ignorer', 'a leaker that goes on when it is asked to end',
             guilty='leak rate=15M fill=same ignore-term',
             innocents={'desk': 'hold size=120M period=5000'},
             ends_by=(SIGKILL,)),
    Scenario('zram-leak', 'a leaker whose pages zram cannot compress',
             guilty='leak rate=25M fill=random',
             innocents={'desk': 'hold size=100M period=5000 fill=half'},
             zram_mib=256),
]
