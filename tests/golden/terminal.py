#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""avertctl on a terminal: top in tmux, driven by keys and looked at as tmux shows it; colour where it is wanted.

    terminal.py AVERTD AVERTCTL

What is waited for is waited for with a deadline. Without tmux its part is skipped."""

import os
import pty
import shutil
import subprocess
import sys
import tempfile
import time

import bed
from bed import Bed, say

DEADLINE = 30


class Tmux:
    def __init__(self, directory, environment):
        self.base = ['tmux', '-f', '/dev/null', '-S', os.path.join(directory, 'tmux')]
        self.environment = dict(environment, TERM='xterm-256color')
        self.environment.pop('TMUX', None)
        self.environment.pop('COLUMNS', None)

    def run(self, *words):
        return subprocess.run(self.base + list(words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, env=self.environment, timeout=DEADLINE, check=False).stdout

    def start(self, command):
        self.run('new-session', '-d', '-x', '100', '-y', '24', command)
        self.run('set-option', '-g', 'remain-on-exit', 'on')

    def screen(self):
        return self.run('capture-pane', '-p')

    def until(self, *parts, without=()):
        """The screen as soon as all of that is on it, or the last one seen."""
        end = time.monotonic() + DEADLINE
        while True:
            text = self.screen()
            if all(part in text for part in parts) and not any(part in text for part in without):
                return True, text
            if time.monotonic() > end:
                return False, text
            time.sleep(0.05)

    def keys(self, *keys):
        self.run('send-keys', *keys)

    def stop(self):
        self.run('kill-server')


# Keys, what is on the screen then, what is not.
STEPS = [
    ('at first units are shown, the largest first', [], ['avertd 0.1.0: holding (dry run)', '81.4%, 3.2 GiB of 4.0 GiB',
                                                         'host-warn open', 'UNIT, 7', 'session-3.scope', 'q end'], []),
    ('p shows processes', ['p'], ['PROCESS, ', 'hog 900', 'worker 700', 'batch.service'], ['UNIT, 7']),
    ('e explains the chosen one', ['e'], ['pid 900 is number 1 of the candidates', 'preferred: x4', 'Esc: back'],
     ['PROCESS, ']),
    ('Escape leads back', ['Escape'], ['PROCESS, '], ['number 1 of the candidates']),
    ('x protects it', ['x'], ['spared ', 'pid 900'], []),
    ('X takes that back', ['X'], ['PROCESS, '], ['spared ']),
    ('another one is chosen and explained', ['End', 'e'], ['would not be taken'], ['PROCESS, ']),
    ('q leaves the explanation first', ['q'], ['PROCESS, '], ['would not be taken']),
    ('Tab leads to the other table', ['Tab'], ['UNIT, 7'], ['PROCESS, ']),
    ('g sorts by what was gained', ['g'], ['GAINEDv'], ['FREEABLEv']),
    ('help is there', ['h'], ['sort by what they gained'], ['UNIT, 7']),
    ('and goes', ['h'], ['UNIT, 7'], ['sort by what they gained']),
]


def check_top(b, directory):
    if not shutil.which('tmux'):
        say(False, 'top in tmux', skip='tmux is not installed')
        return
    tmux = Tmux(directory, b.environment)
    try:
        tmux.start("'%s' top; echo ended with $?; sleep 1000" % b.avertctl)
        for name, keys, parts, without in STEPS:
            if keys:
                tmux.keys(*keys)
            well, text = tmux.until(*parts, without=without)
            say(well, name, text)
        tmux.run('resize-window', '-x', '60', '-y', '12')
        well, text = tmux.until('UNIT, 7', 'q end')
        say(well and len(text.rstrip('\n').splitlines()) <= 12, 'a smaller window is filled', text)
        b.daemon.terminate()
        b.daemon.wait()
        well, text = tmux.until('trying again', 'UNIT, 7')
        say(well, 'a daemon that is gone is said to be, what it said stays', text)
        tmux.keys('q')
        well, text = tmux.until('ended with 0', without=['UNIT, 7'])
        say(well, 'q ends it and gives the terminal back', text)
    finally:
        tmux.stop()


def on_terminal(b, words, more):
    """What a program writes to a terminal."""
    master, slave = pty.openpty()
    environment = {**b.environment, 'TERM': 'xterm', 'AVERT_PAGER': '', **more}
    try:
        process = subprocess.Popen([b.avertctl] + words, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        text = b''
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            text += part
        process.wait(DEADLINE)
        return text
    finally:
        os.close(master)


def check_colour(b):
    rows = [
        ('a terminal has colour', {}, True),
        ('NO_COLOR keeps it free', {'NO_COLOR': '1'}, False),
        ('an empty NO_COLOR does not', {'NO_COLOR': ''}, True),
        ('a dumb terminal has none', {'TERM': 'dumb'}, False),
    ]
    for name, more, wanted in rows:
        text = on_terminal(b, ['status'], more)
        say(b'holding' in text and (b'\033[' in text) == wanted, name, repr(text[:300]))
    text = b.ctl('status').stdout
    say('holding' in text and '\033' not in text, 'what is no terminal has none', text[:300])
    text = on_terminal(b, ['top'], {})
    say(b'UNIT, 7' in text and b'\033[?1049h' not in text, 'top without a keyboard prints lines', repr(text[:300]))


def main():
    with tempfile.TemporaryDirectory(prefix='avert-') as directory:
        b = Bed(sys.argv[1], sys.argv[2], directory)
        try:
            well = b.settled()
            say(well, 'the daemon has seen the machine')
            if well:
                check_colour(b)
                check_top(b, directory)
        finally:
            b.done()
    bed.finish()


if __name__ == '__main__':
    main()
