#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example in C that is installed as documentation hears a hint.

    run-examples.py SHED_ON_HINT

Speaks TAP."""

import os
import socket
import subprocess
import sys
import tempfile

DEADLINE = 30


def c_example_hears_a_hint_and_ends_with_the_socket(program):
    with tempfile.TemporaryDirectory(prefix='avert-test-') as place, socket.socket(socket.AF_UNIX) as server:
        path = os.path.join(place, 'pressure')
        server.bind(path)
        server.listen(1)
        server.settimeout(DEADLINE)
        with subprocess.Popen([program], env={**os.environ, 'MEMORY_PRESSURE_WATCH': path}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True) as process:
            peer, _ = server.accept()
            peer.sendall(b'medium\n')
            assert process.stdout.readline() == 'free some memory: medium\n'
            peer.close()
            assert process.wait(DEADLINE) == 0


def c_example_goes_on_without_a_socket(program):
    environment = {k: v for k, v in os.environ.items() if k != 'MEMORY_PRESSURE_WATCH'}
    for extra in {}, {'MEMORY_PRESSURE_WATCH': '/no/such/place'}, {'MEMORY_PRESSURE_WATCH': 'x' * 300}:
        assert subprocess.run([program], env={**environment, **extra}, timeout=DEADLINE, check=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout == b''


def main():
    tests = [c_example_hears_a_hint_and_ends_with_the_socket, c_example_goes_on_without_a_socket]
    failed = 0
    print('1..%d' % len(tests))
    for number, test in enumerate(tests, 1):
        try:
            test(sys.argv[1])
            print('ok %d - %s' % (number, test.__name__))
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            failed += 1
            print('not ok %d - %s' % (number, test.__name__))
            print('# %s: %s' % (type(error).__name__, error))
    sys.exit(1 if failed else 0)


main()
