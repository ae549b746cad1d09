# SPDX-License-Identifier: LGPL-2.1-or-later
"""One guest: its disks, its command line, its life, and what it leaves behind."""

import functools
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time

from layer import Trouble

RESULT_MIB = 32
DATA_MIB = 320
GUEST_SECONDS = 130  # beside the trial: the boot, and the end
STILL = 'judge: stand still'
PROBE_SECONDS = 5
# What matters of the journal also goes to the console: of a guest that does not come to its end only that is left.
JOURNAL = 'systemd.journald.forward_to_console=1 systemd.journald.max_level_console=notice'
# An emulated timer may be late when the host is busy: without this the kernel takes it for broken, and panics.
TIMER = 'no_timer_check '
QEMU = ['qemu-system-x86_64', '-machine', 'pc', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot']
# An emulator pays for each write to a page that it has translated code from, until the last of that code is overwritten:
# milliseconds a page, in which a processor of the guest stands still and nobody in there counts it. With room for all that
# ever runs, the translations of the boot stay, and whoever takes the last free memory in the trial gets their pages: a guest
# stood for up to 9 s. With little room all of them are forgotten now and then, and what runs is translated anew.
EMULATED = ['-accel', 'tcg,thread=multi,tb-size=64', '-cpu', 'max']
VIRTUAL = ['-accel', 'kvm', '-cpu', 'host']


def make_initrd(base, work, archives=()):
    """The shared initrd, further archives, and the layer behind them: the kernel unpacks one after the other."""
    path = os.path.join(work, 'initrd.gz')
    with open(path, 'wb') as out:
        for archive in (os.path.join(base, 'initrd.gz'), *archives):
            with open(archive, 'rb') as f:
                shutil.copyfileobj(f, out)
        out.flush()
        subprocess.run('find layer | cpio --quiet -o -H newc -R 0:0 | gzip -1', shell=True, cwd=work,
                       stdout=out, check=True)
    return path


@functools.lru_cache(maxsize=None)
def accelerator(base):
    """KVM where it works. That it is there proves nothing: inside other virtual machines there are some that refuse a
    register or never come to the first line. So a kernel without a root has to come to its panic."""
    if os.access('/dev/kvm', os.R_OK | os.W_OK):
        words = QEMU + VIRTUAL + ['-smp', '2', '-m', '256M', '-kernel', os.path.join(base, 'vmlinuz'),
                                  '-append', 'quiet panic=-1']
        try:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=PROBE_SECONDS, check=False)
            if done.returncode == 0:
                return VIRTUAL
        except subprocess.TimeoutExpired:
            pass
    return EMULATED


def make_data_disk(work):
    """An empty file system named "data"."""
    path = os.path.join(work, 'data.img')
    with open(path, 'wb') as f:
        f.truncate(DATA_MIB << 20)
    done = subprocess.run(['mke2fs', '-q', '-t', 'ext4', '-F', '-m', '0', '-L', 'data', path],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Trouble('mke2fs: ' + done.stdout.strip()[-300:])
    return path


def command(base, work, initrd, scenario):
    words = QEMU + accelerator(base) + [
        '-smp', '2', '-m', '%dM' % scenario.memory_mib, '-kernel', os.path.join(base, 'vmlinuz'), '-initrd', initrd,
        '-append', 'root=/dev/vda console=ttyS0 quiet psi=1 panic=-1 systemd.show_status=0 ' + TIMER + JOURNAL,
        '-serial', 'file:' + os.path.join(work, 'console.txt')]
    disks = [(os.path.join(base, 'root.img'), 'on'), (os.path.join(work, 'result.img'), 'off')]
    with open(disks[1][0], 'wb') as f:
        f.truncate(RESULT_MIB << 20)
    if scenario.swap_mib:
        disks.append((os.path.join(work, 'swap.img'), 'off'))
        with open(disks[2][0], 'wb') as f:
            f.truncate(scenario.swap_mib << 20)
    for path, snapshot in disks:
        drive = 'file=%s,if=virtio,format=raw,cache=unsafe,snapshot=%s' % (path, snapshot)
        if scenario.iops:
            drive += ',throttling.group=disks,throttling.iops-total=%d' % scenario.iops
        words += ['-drive', drive]
    if scenario.data_iops:
        words += ['-drive', 'file=%s,if=virtio,format=raw,cache=unsafe,throttling.iops-total=%d' % (
            make_data_disk(work), scenario.data_iops)]
    return words


def asks_for_standstill(work):
    try:
        with open(os.path.join(work, 'console.txt'), encoding='utf-8', errors='replace') as f:
            return STILL in f.read()
    except OSError:
        return False


def stand_still(qemu, seconds):
    """Stops the whole machine; its clock goes on, as after a host that had no time for it."""
    qemu.send_signal(signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        qemu.send_signal(signal.SIGCONT)


def deadline_seconds(scenario):
    return GUEST_SECONDS + scenario.limit_msec // 1000


def boot(words, work, seconds, still_seconds=0):
    """Runs the guest to its end; returns how long it took, None when it had to be ended after `seconds`."""
    start = time.monotonic()
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as qemu:
        try:
            while True:
                try:
                    output, _ = qemu.communicate(timeout=0.1 if still_seconds else seconds)
                    break
                except subprocess.TimeoutExpired:
                    if time.monotonic() - start >= seconds:
                        return None
                    if still_seconds and asks_for_standstill(work):
                        stand_still(qemu, still_seconds)
                        still_seconds = 0
        finally:
            if qemu.poll() is None:
                qemu.kill()
        if qemu.returncode != 0:
            raise Trouble('qemu: ' + output.strip()[-500:])
    return time.monotonic() - start


def unpack(work):
    """The judge's archive from the result disk; {} when it left none."""
    out = os.path.join(work, 'result')
    os.makedirs(out, exist_ok=True)
    try:
        with tarfile.open(os.path.join(work, 'result.img'), 'r:') as archive:
            archive.extractall(out)
        with open(os.path.join(out, 'result.json'), encoding='utf-8') as f:
            return json.load(f)
    except (tarfile.TarError, OSError, ValueError):
        return {}


def sentinel_stall(work):
    """The sentinel's longest pass, in microseconds, by the daemon's own account."""
    try:
        with open(os.path.join(work, 'result/status.json'), encoding='utf-8') as f:
            return json.load(f)['sentinel']['longest_pass_usec']
    except (OSError, ValueError, KeyError, TypeError):
        return None


def records(work):
    """What avertd put into the journal, oldest first."""
    found = []
    try:
        with open(os.path.join(work, 'result/avertd.json'), encoding='utf-8') as f:
            found = [json.loads(line) for line in f]
    except (OSError, ValueError):
        pass
    return found


def captures(work):
    """The evidence that avertd kept: what is in each file, and the mode of it under "mode"."""
    found = []
    top = os.path.join(work, 'result/captures')
    for name in sorted(os.listdir(top)) if os.path.isdir(top) else ():
        path = os.path.join(top, name)
        try:
            with open(path, encoding='utf-8') as f:
                found.append({**json.load(f), 'mode': os.stat(path).st_mode & 0o777})
        except (OSError, ValueError, TypeError):
            found.append({'mode': os.stat(path).st_mode & 0o777})
    return found


def console_tail(work, n):
    try:
        with open(os.path.join(work, 'console.txt'), encoding='utf-8', errors='replace') as f:
            return f.read().splitlines()[-n:]
    except OSError:
        return []


def panic(work):
    """The line with which the kernel gave up, empty without one."""
    for line in console_tail(work, 1000):
        if 'Kernel panic' in line:
            return line.strip()
    return ''
