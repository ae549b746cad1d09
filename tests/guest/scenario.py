# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest scenario is made of."""

from dataclasses import dataclass, field
from typing import NamedTuple

SIGKILL, SIGTERM = 9, 15


@dataclass(frozen=True)
class Load:
    what: str                          # mode and settings of guest-load
    stop: str = 'process'              # of a guilty one: 'unit' when all of its unit has to be gone
    child_of: str = ''                 # started by that load, not by a unit of its own
    scope: str = ''                    # runs in this scope
    slice: str = 'system.slice'        # of the scope
    program: str = ''                  # the path under which it is started
    user: str = 'user'
    properties: tuple = ()             # more lines for [Service]


class Told(NamedTuple):
    """A record of the daemon's. It has a field AVERT_EVENT, and what else is said here."""
    event: str
    step: str = ''
    word: str = ''                     # of its message
    within_msec: int = 0               # of the record that is expected before it; 0: some time


@dataclass(frozen=True)
class Scenario:
    name: str
    what: str
    guilty: dict = field(default_factory=dict)
    innocents: dict = field(default_factory=dict)
    associates: dict = field(default_factory=dict)  # with the guilty: they may end or not
    newcomers: dict = field(default_factory=dict)
    restrained: dict = field(default_factory=dict)  # starts with the trial: is to be held back, and not to end
    quick: bool = False
    memory_mib: int = 512
    swap_mib: int = 0                  # a disk for swap
    zram_mib: int = 0
    iops: int = 0                      # what all disks share; 0: as fast as they are
    data_iops: int = 0                 # a disk of its own speed, on /srv; 0: there is none
    ends_by: tuple = (SIGTERM, SIGKILL)
    limit_msec: int = 40000            # for the guilty to be stopped; without any, for root to be done, or to the end
    linger_msec: int = 2000            # how long the guilty have to stay away
    gap_factor: int = 20               # the heartbeat's longest gap, in calm ones; 0: not asked
    named: str = ''                    # a record of the daemon's has to name this
    restarted: tuple = ()              # newcomers that are started anew, once, and live on
    hinted: tuple = ()                 # whoever has to hear a hint and to give memory back
    captured: str = ''                 # of this load there is evidence
    oom_kills: int = 0                 # by the kernel: so many there have to be
    packages: tuple = ()               # of Debian's, beside what the image has; see archive
    commands: dict = field(default_factory=dict)  # programs of the administrator's: {path: text}
    files: dict = field(default_factory=dict)     # other files of his: {path: text}
    policy: str = ''                   # YAML, beside the daemon's built-in one
    meddle: str = ''                   # shell: what root does meanwhile, see MEDDLE in layer.py
    expect: tuple = ()                 # Told, in this order, with anything between them
    theirs: dict = field(default_factory=dict)  # values of others that stay: {cgroup: {file: value}}
    own_policy: str = ''               # of root's, who answers for whom it ends
    daemon_may_end: bool = False       # what root does ends it
    kill_daemon_when_asked: str = ''   # it is killed when this load was asked to end
    still_below_percent: int = 0       # the guest stands still when so much is available ...
    still_seconds: int = 0             # ... for so long
    bare: bool = False                 # nothing of the daemon's configuration is installed
