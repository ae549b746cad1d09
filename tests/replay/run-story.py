#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one story through avertd (--once --root) and compares the events with what the story expects.

    run-story.py [--keep] AVERTD STORY.toml WORKDIR CONF
    run-story.py --listed NAME...           fails when a story here is not among the names: nobody would run it

A story's `expect` is the complete list of its events in their order. Each entry is

    [FROM[..TO]] KIND [POLICY [STEP [COMM/PID]]] [: SENTENCE]

with `*` for anything in each word, "-" for a word that is empty, times since the first tree, and a pattern for the whole sentence
behind the colon. `ignore` names kinds that do not matter to the story.
"""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = {'ms': 0.001, 's': 1, 'min': 60}
IGNORED = ['started', 'stopping']


def seconds(text):
    match = re.fullmatch(r'([\d.]+)(ms|s|min)', text)
    return float(match[1]) * SECONDS[match[2]] if match else None


class Expected:
    def __init__(self, line):
        self.line = line
        head, _, self.sentence = line.partition(' : ')
        words = head.split()
        self.begin, self.end = None, None
        begin, _, end = words[0].partition('..')
        if seconds(begin) is not None:
            self.begin = seconds(begin)
            self.end = seconds(end) if end else self.begin
            words.pop(0)
        self.words = words

    def matches(self, time, words, sentence):
        if self.begin is not None and not self.begin - 1e-6 <= time <= self.end + 1e-6:
            return False
        if not all(fnmatch.fnmatchcase(word, pattern) for word, pattern in zip(words, self.words)):
            return False
        return not self.sentence or fnmatch.fnmatchcase(sentence, self.sentence)


def words_of(event):
    target = event.get('target') or {}
    who = f'{target["comm"]}/{target["pid"]}' if target else '-'
    return [event['kind'], event.get('policy') or '-', event.get('step') or '-', who.replace(' ', '_')]


def run(command):
    """One run, as (exit code, stdout, stderr)."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def command_of(binary, trees, config):
    """avertd judges recorded trees with --once; avertctl has a verb for it."""
    if os.path.basename(binary) == 'avertctl':
        return [binary, 'replay', trees, '--config', config, '--json=short']
    return [binary, '--once', '--json', '--root', trees, '--config', config]


def events_of(output):
    events = []
    for line in output.decode('utf-8', 'strict').splitlines():
        if line.startswith('{'):
            item = json.loads(line)
            if 'kind' in item:
                events.append(item)
    return events


def compare(story, events, origin):
    """What is wrong, as lines; nothing when all is well."""
    ignored = story.get('ignore', []) + IGNORED
    got = []
    for event in events:
        if event['kind'] not in ignored:
            got.append(((event['at_usec'] - origin) / 1e6, words_of(event), event['message']))
    expected = [Expected(line) for line in story['expect']]

    bad = []
    for i in range(max(len(got), len(expected))):
        if i >= len(got):
            bad.append(f'missing: {expected[i].line}')
        elif i >= len(expected):
            bad.append('unexpected: %.3fs %s : %s' % (got[i][0], ' '.join(got[i][1]), got[i][2]))
        elif not expected[i].matches(*got[i]):
            bad.append('expected: %s\n     got: %.3fs %s : %s' % (expected[i].line, got[i][0], ' '.join(got[i][1]), got[i][2]))
            break
    if bad:
        bad.append('all events:')
        bad += ['  %.3fs %s : %s' % (time, ' '.join(words), sentence) for time, words, sentence in got]
    for name in story.get('unharmed', []):
        bad += [f'{name} was harmed: {words}' for _, words, _ in got
                if words[0] in ('step-taken', 'step-escalated') and fnmatch.fnmatchcase(words[3], name)]
    for pattern in story.get('says', []):
        if not any(fnmatch.fnmatchcase(sentence, pattern) for _, _, sentence in got):
            bad.append(f'no event says: {pattern}')
    return bad


def missing_words(story, command):
    """Lines that the judgement in words, made of the last tree, must have."""
    if 'explains' not in story:
        return []
    words = [word for word in command if not word.startswith('--json')]
    if 'replay' in words:
        words = [words[0], 'explain', '--root', *words[2:]]
    code, output, errors = run(words)
    lines = output.decode().splitlines()
    bad = [f'no line of the explanation is: {pattern}' for pattern in story['explains']
           if not any(fnmatch.fnmatchcase(line, pattern) for line in lines)]
    if code != 0:
        bad.append(f'{" ".join(words)} ended with {code}: {errors.decode(errors="replace")}')
    return bad + lines if bad else []


def origin_of(trees):
    with open(os.path.join(trees, '000', 'at'), encoding='ascii') as file:
        return int(file.read().split()[0])


def check(binary, path, trees, work, conf):
    with open(path, 'rb') as file:
        story = tomllib.load(file)

    config = conf
    if 'policy' in story:
        config = os.path.join(work, 'policy.yaml')
        with open(config, 'w', encoding='utf-8') as file:
            file.write(story['policy'])

    if 'policy_file' in story:
        config = os.path.join(HERE, story['policy_file'])

    command = command_of(binary, trees, config)
    code, output, errors = run(command)
    if code != 0:
        return [f'{" ".join(command)} ended with {code}', errors.decode(errors='replace')]
    if run(command)[1] != output:
        return ['a second run over the same trees says something else']
    return compare(story, events_of(output), origin_of(trees)) + missing_words(story, command)


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ['--listed']:
        unlisted = {name for name in os.listdir(HERE) if os.path.isfile(os.path.join(HERE, name, 'story.toml'))}
        unlisted -= set(arguments[1:])
        sys.exit(f'not in meson.build: {", ".join(sorted(unlisted))}' if unlisted else 0)

    keep = '--keep' in arguments
    arguments = [a for a in arguments if a != '--keep']
    if len(arguments) != 4:
        sys.exit(__doc__)
    binary, path, work, conf = arguments
    work = os.path.join(work, os.path.basename(os.path.dirname(os.path.abspath(path))))
    trees = os.path.join(work, 'trees')

    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(trees)
    try:
        subprocess.run([sys.executable, os.path.join(HERE, 'make-story.py'), path, trees], check=True)
        bad = check(binary, path, trees, work, conf)
    finally:
        if not keep:
            shutil.rmtree(work, ignore_errors=True)

    for line in bad:
        print(line)
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
