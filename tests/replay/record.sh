#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Records what avertd would read, for a replay story: record.sh DIR COUNT SECONDS PID...
#
# Writes COUNT trees, SECONDS apart, into DIR/000, DIR/001, ...: the system files of /proc, and of the processes only
# PID... with their descendants at that moment. Files that vanish while they are copied are left out, as they would be
# for avertd. `make-story.py --pack DIR FILE` makes one file of it.
set -eu

if [ $# -lt 4 ]; then
        sed -n '4,8s/^# \{0,1\}//p' "$0" >&2
        exit 2
fi

dir=$1 count=$2 pause=$3
shift 3

descendants() {
        all=$(cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^\([0-9]*\) .*) . \([0-9]*\) .*/\1 \2/')
        printf '%s\n' "$all" | awk -v roots="$*" '
                { parent[$1] = $2 }
                END {
                        n = split(roots, list, " ")
                        for (i = 1; i <= n; i++) root[list[i]] = 1
                        for (pid in parent) {
                                for (at = pid; at in parent && !(at in root); at = parent[at]) ;
                                if (at in root) print pid
                        }
                }' | sort -n
}

copy() { # FILE TREE
        mkdir -p "$2/$(dirname "${1#/}")"
        cat "$1" >"$2/${1#/}" 2>/dev/null || rm -f "$2/${1#/}"
}

system_files() { # TREE
        for file in meminfo swaps vmstat zoneinfo loadavg pressure/memory pressure/io pressure/cpu; do
                copy "/proc/$file" "$1"
        done
        # Of a long file only what is read.
        sed -i -n -E '/^(oom_kill|workingset_(refault|restore)|pgscan|pgsteal|allocstall|pgmajfault|pswp|compact_stall)/p' \
                "$1/proc/vmstat"
        sed -i -n -E '/^Node|pages free|^ +(min|low|high|managed|present|spanned) |protection:/p' "$1/proc/zoneinfo"
        mkdir -p "$1/proc/self"
        grep -E ' - (cgroup2|proc) ' /proc/self/mountinfo >"$1/proc/self/mountinfo" || :
}

process_files() { # PID TREE
        for file in stat statm status oom_score oom_score_adj cgroup cmdline limits; do
                copy "/proc/$1/$file" "$2"
        done
        if [ -e "$2/proc/$1/cgroup" ]; then # the v1 hierarchies say nothing to avertd
                sed -i -n '/^0::/p' "$2/proc/$1/cgroup"
        fi
        if exe=$(readlink "/proc/$1/exe" 2>/dev/null); then
                ln -s "$exe" "$2/proc/$1/exe"
        fi
}

# The cgroup of a process and all above it.
cgroup_files() { # PID TREE
        mount=$(awk '$(NF - 2) == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
        path=$(sed -n 's/^0:://p' "$2/proc/$1/cgroup" 2>/dev/null)
        while [ -n "$mount" ] && [ -n "$path" ] && [ "$path" != / ]; do
                for file in cgroup.procs cgroup.events cgroup.type memory.current memory.swap.current memory.stat memory.max \
                        memory.high memory.oom.group memory.events memory.events.local memory.pressure; do
                        if [ -e "$mount$path/$file" ]; then
                                copy "$mount$path/$file" "$2"
                        fi
                done
                path=${path%/*}
        done
}

i=0
while [ "$i" -lt "$count" ]; do
        tree=$dir/$(printf %03d "$i")
        mkdir -p "$tree"
        awk '{ printf "%.0f %.0f\n", $1 * 1000000, $1 * 1000000 }' /proc/uptime >"$tree/at"
        system_files "$tree"
        for pid in $(descendants "$@"); do
                process_files "$pid" "$tree"
                cgroup_files "$pid" "$tree"
        done
        i=$((i + 1))
        sleep "$pause"
done
