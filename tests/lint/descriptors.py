# SPDX-License-Identifier: LGPL-2.1-or-later
"""One descriptor, one thread. A read holds the file's lock, so a stalled reader would stop the other one.

Every descriptor in a struct of lib/engine says who uses it, in its comment: `owner: sentinel`. A file that runs on another
thread may open it, close it, compare it and hand it over, but no system call of its own may use it. Which thread a file
runs on is stated here; a file that is not listed runs wherever its caller does, and is not looked at. Two words beside
the threads: `owner: caller`, for a descriptor that is only passed through, and `owner: any`, for an eventfd, which is made
to be written by the one and read by the other."""

import re

import tree

THREADS = ('main', 'sentinel', 'scout', 'reapers', 'journal', 'helper', 'caller', 'any')

FIELD = re.compile(r'^\s+(?:const |volatile |_Atomic )?int\s+(?:\*?\s*)(?:\w+,\s*)*((?:\w+_)?(?:pid)?fds?)\b[^();]*;(.*)$')
OWNER = re.compile(r'owner:\s*([a-z]+)')

# Name of a .c in lib/engine or daemon (its beginning) -> the thread that runs it.
RUNS_ON = (
    ('lib/engine/sentinel', 'sentinel'),
    ('lib/engine/sampler', 'sentinel'),
    ('lib/engine/scout', 'scout'),
    ('lib/engine/discover', 'scout'),
    ('lib/engine/census', 'scout'),
    ('lib/engine/reaper', 'reapers'),
)

USES = r'\b(?:fdio_pread_all|fdio_\w+_at|pread|pwrite|read|write|readv|writev|lseek|epoll_ctl|epoll_wait|' \
       r'pidfd_\w+|process_mrelease|sys_\w+|ioctl|poll)\s*\([^;]*?(?:->|\.)%s\b'


def structs(text):
    """(line, text) of the lines that are inside a struct at the outermost level."""
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        opens = re.match(r'^(typedef\s+)?(struct|union)\b.*\{', line) is not None
        if depth > 0 and not line.startswith('}'):
            yield number, line
        if opens:
            depth = 1
        elif depth > 0 and line.startswith('}'):
            depth = 0


def field_comment(lines, number):
    """The comment of a field: on its line, or going on below, or standing above it."""
    text = lines[number - 1]
    if '/*' in text:
        at = number
        while '*/' not in text and at < len(lines):
            text += lines[at]
            at += 1
        return text
    at = number - 2
    above = ''
    while at >= 0 and lines[at].strip() and ';' not in lines[at].split('/*')[0]:
        above = lines[at] + above
        if '/*' in lines[at]:
            return above
        at -= 1
    return ''


def thread_of(path):
    for prefix, thread in RUNS_ON:
        if path.startswith(prefix):
            return thread
    return None


def check(root):
    bad = []
    owners = {}
    paths = [p for p in tree.files(root, tree.C) if p.startswith('lib/engine/')]
    for path in paths:
        text = tree.read(root, path)
        lines = text.splitlines()
        for number, line in structs(text):
            m = FIELD.match(line)
            if not m:
                continue
            owner = OWNER.search(field_comment(lines, number))
            if not owner:
                bad.append('%s:%d: whose descriptor is %s? Say "owner: THREAD" in its comment' %
                           (path, number, m.group(1)))
            elif owner.group(1) not in THREADS:
                bad.append('%s:%d: there is no thread "%s"' % (path, number, owner.group(1)))
            else:
                owners.setdefault(m.group(1), set()).add(owner.group(1))

    for path in paths:
        thread = thread_of(path)
        if thread is None or not path.endswith('.c'):
            continue
        text = tree.without_comments(tree.read(root, path))
        for field, who in owners.items():
            if who & {thread, 'caller', 'any'}:
                continue
            for m in re.finditer(USES % re.escape(field), text):
                bad.append('%s:%d: %s belongs to %s, this file runs on %s' %
                           (path, text.count('\n', 0, m.start()) + 1, field, ' or '.join(sorted(who)), thread))
    return bad
