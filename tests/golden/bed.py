# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon that looks at the recorded machine of machine.toml, and avertctl beside it."""

import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DEADLINE = 60

results = []


def say(well, name, detail='', skip=''):
    """One result, as TAP."""
    results.append(bool(well or skip))
    print('%s %d - %s%s' % ('ok' if well or skip else 'not ok', len(results), name, ' # SKIP ' + skip if skip else ''))
    if not well and not skip:
        for line in str(detail).splitlines()[:60]:
            print('# ' + line)


def finish():
    print('1..%d' % len(results))
    sys.exit(0 if all(results) else 1)


class Bed:
    def __init__(self, avertd, avertctl, directory):
        self.avertctl = os.path.abspath(avertctl)
        trees = os.path.join(directory, 'trees')
        make = os.path.join(HERE, '..', 'replay', 'make-story.py')
        subprocess.run([sys.executable, make, os.path.join(HERE, 'machine.toml'), trees], check=True, timeout=DEADLINE)
        policy = os.path.join(HERE, 'policy.yaml')
        broken = os.path.join(directory, 'broken.yaml')
        with open(policy, encoding='utf-8') as file:
            text = file.read()
        with open(broken, 'w', encoding='utf-8') as file:
            file.write(text.replace('mem.available < 30%', 'mem.availible < 30%'))
        self.places = {'ROOT': os.path.join(trees, '000'), 'TREES': trees, 'POLICY': policy, 'BROKEN': broken}
        self.paths = [(broken, 'BROKEN'), (policy, 'POLICY'), (trees, 'TREES'), (directory, 'DIR'),
                      (os.path.realpath(avertctl), 'AVERTCTL')]
        bus = os.path.join(directory, 'bus')
        state = os.path.join(self.places['ROOT'], 'var/lib/avert')
        os.makedirs(state)
        self.incidents = os.path.join(state, 'incidents')
        self.environment = dict(os.environ, AVERT_BUS=bus, LC_ALL='C.UTF-8', COLUMNS='80')
        self.daemon = subprocess.Popen([os.path.abspath(avertd), '--root', self.places['ROOT'], '--config', policy, '--bus', bus],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env=dict(self.environment, STATE_DIRECTORY=state))

    def ctl(self, *words):
        return subprocess.run([self.avertctl] + [self.places.get(word, word) for word in words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment, timeout=DEADLINE,
                              check=False)

    def settled(self):
        """The policy that warns has done so, and everybody has been looked at."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            done = self.ctl('status', '--json=short')
            if done.returncode == 0:
                state = json.loads(done.stdout)
                if ([i['steps_taken'] for i in state['incidents']] == [1, 0] and state['cgroups']['watched'] and
                        self.has_remembered()):
                    return True
            if self.daemon.poll() is not None:
                return False
            time.sleep(0.05)
        return False

    def has_remembered(self):
        """The files of both are complete, with the readings before."""
        try:
            names = [name for name in os.listdir(self.incidents) if name.endswith('.json')]
        except OSError:
            return False
        texts = [open(os.path.join(self.incidents, name), encoding='utf-8').read() for name in names]
        return len(texts) == 1 and all('"samples":{' in text and '"kind":"notify"' in text for text in texts)

    def done(self):
        self.daemon.terminate()
        self.daemon.wait()
