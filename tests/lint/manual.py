# SPDX-License-Identifier: LGPL-2.1-or-later
"""The man pages: well formed, and complete. Every option and verb that a program's --help shows is in its page, and every
key and metric that the policy language has is in avert.yaml(5)."""

import os
import re
import subprocess

import tree
from skip import need

NEEDS_BUILD = True

# page, program
PAGES = [
    ('man/avertd.8', 'daemon/avertd'),
    ('man/avertctl.1', 'ctl/avertctl'),
]
LANGUAGE_PAGE = 'man/avert.yaml.5'
LANGUAGE_LISTER = 'tests/lint/list-language'

OPTION = re.compile(r'(?<![\w-])--[a-z][a-z0-9-]+')
VERB = re.compile(r'^  ([a-z][a-z-]+)\b')


def rendered(tool, root, page):
    """The page as text, words that were broken at a hyphen joined again."""
    text = subprocess.run([tool, '-T', 'utf8', '-O', 'width=500', os.path.join(root, page)], stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    text = re.sub('.\b', '', text).replace('‐', '-').replace('−', '-')
    return re.sub(r'-\n\s+', '-', text)


def expanded(text):
    """With {a,b} written out, as often as it takes: psi.{memory,io}.some becomes two words."""
    def spread(word):
        m = re.match(r'^(\S*?)\{([^{}\s]+)\}(\S*)$', word)
        if not m:
            return [word]
        return [w for part in m.group(2).split(',') for w in spread(m.group(1) + part + m.group(3))]
    return text + '\n' + ' '.join(w for word in re.findall(r'\S*\{\S*', text) for w in spread(word))


def help_of(program):
    return subprocess.run([program, '--help'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=True, timeout=20).stdout


def verbs_in(text):
    """Words at the beginning of the lines below a heading that speaks of verbs or commands."""
    found, inside = [], False
    for line in text.splitlines():
        if re.match(r'^\S.*\b(verbs|commands)\b.*:$', line, re.I):
            inside = True
        elif line and not line.startswith(' '):
            inside = False
        elif inside and VERB.match(line):
            found.append(VERB.match(line).group(1))
    return found


def check_language(tool, root, build):
    lister = os.path.join(build, LANGUAGE_LISTER)
    text = expanded(rendered(tool, root, LANGUAGE_PAGE))
    listing = subprocess.run([lister], stdout=subprocess.PIPE, text=True, check=True, timeout=20).stdout
    bad = []
    for line in listing.splitlines():
        kind, name = line.split(None, 1)
        if not re.search(r'(?<![\w.])%s(?![\w])' % re.escape(name), text):
            bad.append('%s:1: the %s %s is not explained' % (LANGUAGE_PAGE, kind, name))
    if 'metric mem.available' not in listing:
        bad.append('%s:1: the lister of the language lists nothing' % LANGUAGE_PAGE)
    return bad


def check(root, build):
    tool = need('mandoc')
    bad = []
    pages = [p for p in tree.files(os.path.join(root, 'man')) if re.search(r'\.[1-8]$', p)]
    for page in pages:
        done = subprocess.run([tool, '-T', 'lint', '-W', 'warning', 'man/' + page], cwd=root, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        bad += [re.sub(r'^mandoc: ', '', line) for line in done.stdout.splitlines() if line.strip()]

    for page, program in PAGES:
        text = rendered(tool, root, page)
        shown = help_of(os.path.join(build, program))
        options = sorted(set(OPTION.findall(shown)))
        if not options:
            bad.append('%s:1: %s --help shows no option' % (page, program))
        for option in options:
            if not re.search(re.escape(option) + r'(?![a-z-])', text):
                bad.append('%s:1: the option %s is not explained' % (page, option))
        for verb in verbs_in(shown):
            if not re.search(r'(?m)^\s+(avertctl )?%s\b' % re.escape(verb), text):
                bad.append('%s:1: the verb %s is not explained' % (page, verb))
    if not verbs_in(help_of(os.path.join(build, 'ctl/avertctl'))):
        bad.append('man/avertctl.1:1: avertctl --help shows no verb')
    return bad + check_language(tool, root, build)
