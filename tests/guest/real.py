# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios of programs that nobody wrote for these tests: they grow, read and thrash in ways of their own, at rates that
are whatever the machine gives. They show that what passes with our own loads was not fitted to them."""

from scenario import Load, Scenario

DESK = Load('hold size=120M period=5000')

# A table in an interpreter: many small pieces, and now and then a large one that is copied into a larger one.
INDEX = {'/usr/local/bin/index': '''#!/usr/bin/perl
my %seen;
for (my $i = 0;; $i++) { $seen{$i} = "entry " x 20 }
'''}

# A server with a data set, and those that ask it.
REDIS = {
    'redis': Load('program -- /usr/bin/redis-server --save "" --dir /tmp --enable-debug-command local',
                  properties=('ExecStartPost=/bin/sh -c '
                              '"until redis-cli debug populate 200000 key 500; do sleep 0.2; done"',)),
}
CLIENT = Load('program -- /usr/bin/redis-benchmark -q -l -t get,set -c 4 -r 1000 -n 20000')

# The same programs on a slow disk.
FURNISH = '''#!/bin/sh -e
mkdir -p /srv/usr/lib /srv/usr/share /srv/var/lib /srv/proc /srv/tmp
cp -a /bin /lib /lib64 /srv/
cp -a /usr/bin /usr/lib64 /srv/usr/
cp -a /usr/lib/x86_64-linux-gnu /usr/lib/systemd /usr/lib/apt /srv/usr/lib/
cp -a /usr/share/perl* /srv/usr/share/
cp -a /var/lib/dpkg /srv/var/lib/
chmod 1777 /srv/tmp
sync
echo 3 >/proc/sys/vm/drop_caches
'''
FURNISHED = Load('hold size=40M', properties=('ExecStartPre=+/usr/local/bin/furnish', 'TimeoutStartSec=300'))
WORK = '''#!/bin/sh
while :; do
        chroot /srv /usr/bin/perl -MPOSIX -e "print strftime(q(%c), localtime)"
        chroot /srv /usr/bin/bash -c "echo $((1 + 1))"
        chroot /srv /usr/bin/systemctl --version
        chroot /srv /usr/bin/apt-cache --version
        chroot /srv /usr/bin/dpkg -l
        chroot /srv /usr/bin/journalctl --version
        chroot /srv /usr/bin/tar --version
        chroot /srv /usr/bin/sort /var/lib/dpkg/status
done >/dev/null 2>&1
'''
STAY = '''#!/usr/bin/perl
sub available {
        open my $meminfo, "<", "/proc/meminfo" or die;
        while (<$meminfo>) { return $1 if /^MemAvailable: +([0-9]+)/ }
}
my @pieces;
while ((my $left = available()) > 20 << 10) {
        push @pieces, "piece " x 100000;
        select undef, undef, undef, $left > 60 << 10 ? 0.05 : 0.3;
}
sleep 1000 while 1;
'''

LOOP = '#!/bin/sh\nwhile :; do %s; done >/dev/null\n'

REAL = [
    Scenario('real-tail', 'tail looks for the last line of /dev/zero',
             guilty={'guilty': Load('program -- /usr/bin/tail /dev/zero')},
             innocents={'desk': DESK}),
    Scenario('real-perl', 'an interpreter puts more and more into one table, with a slow disk for swap',
             guilty={'guilty': Load('program -- /usr/local/bin/index')},
             innocents={'desk': DESK}, commands=INDEX, swap_mib=96, iops=4000, limit_msec=60000),
    Scenario('real-stress', 'stress, with three workers that together want more than there is', packages=('stress',),
             guilty={'guilty': Load('program -- /usr/bin/stress --vm 3 --vm-bytes 300M --vm-keep', stop='unit')},
             innocents={'desk': DESK}),
    Scenario('real-redis', 'an interpreter grows beside a database that is larger, was there before, and is asked',
             packages=('redis-server',),
             guilty={'guilty': Load('program -- /usr/local/bin/index')},
             innocents=REDIS, newcomers={'client': CLIENT}, commands=INDEX),
    Scenario('real-text', 'an interpreter leaves too little room for the text of programs on a slow disk',
             memory_mib=384,
             guilty={'guilty': Load('program -- /usr/local/bin/stay')},
             newcomers={'office': Load('program -- /usr/local/bin/work', user=''),
                        'shop': Load('program -- /usr/local/bin/work', user='')},
             innocents={'desk': FURNISHED},
             commands={'/usr/local/bin/furnish': FURNISH, '/usr/local/bin/work': WORK, '/usr/local/bin/stay': STAY},
             data_iops=100, limit_msec=100000, gap_factor=0),
    Scenario('real-files', 'programs pack, sum, sort and start each other on a slow disk, memory is plenty',
             memory_mib=384,
             newcomers={'pack': Load('program -- /usr/local/bin/pack', user=''),
                        'sum': Load('program -- /usr/local/bin/sum', user=''),
                        'sorter': Load('program -- /usr/local/bin/sorter'),
                        'starter': Load('program -- /usr/local/bin/starter')},
             innocents={'desk': FURNISHED},
             commands={'/usr/local/bin/furnish': FURNISH,
                       '/usr/local/bin/pack': LOOP % 'tar -C /srv -cf - usr | gzip -1',
                       '/usr/local/bin/sum': LOOP % 'find /srv/usr -type f -exec md5sum {} +',
                       '/usr/local/bin/sorter': LOOP % 'seq 1000000 | shuf | sort -n -S 16M -T /srv/tmp',
                       '/usr/local/bin/starter': LOOP % '/bin/true'},
             data_iops=100, limit_msec=40000, gap_factor=0),
]
