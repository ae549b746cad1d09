# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scenarios of who may ask the daemon for what, on the system bus."""

from scenario import Load, Scenario, Told

DESK = Load('hold size=80M period=5000')

# Under the policy file that is installed.
BUS = '''
at="org.avert1 /org/avert1 org.avert1.Manager"
until busctl get-property $at Level; do sleep 0.2; done
busctl --json=short call $at Describe | grep -q mem.available
busctl introspect org.avert1 /org/avert1 | grep -q StepTaken
runuser -u nobody -- busctl get-property $at Level
if runuser -u nobody -- busctl call $at Pause tb 60000000 false; then exit 1; fi
busctl call $at Pause tb 60000000 false
told 1 AVERT_EVENT=paused
[ "$(busctl get-property $at Paused)" = "b true" ]
avertctl status | grep -qi paused
busctl call $at Resume b false
told 1 AVERT_EVENT=resumed
'''

# One action is the operator's, one is expressly not his, and of the others polkit's defaults say that a password is wanted.
OPERATOR = {
    '/usr/lib/sysusers.d/operator.conf': 'u operator 1001 - /\n',
    '/etc/polkit-1/rules.d/10-avert.rules': '''polkit.addRule(function(action, subject) {
        if (!subject.isInGroup("operator"))
                return polkit.Result.NOT_HANDLED;
        if (action.id == "org.avert1.pause")
                return polkit.Result.YES;
        if (action.id == "org.avert1.release-leases")
                return polkit.Result.NO;
        return polkit.Result.NOT_HANDLED;
});
''',
}

POLKIT = '''
at="org.avert1 /org/avert1 org.avert1.Manager"
ask="busctl --timeout=100s call $at" # a password may be asked for, so that a slow polkit has its time
policy=/usr/share/polkit-1/actions/org.avert1.policy

# lets USER COMMAND..., refuses WORDS USER COMMAND...: it says so
lets() {
        user=$1
        shift
        runuser -u "$user" -- "$@" || { echo "$user should have been let: $*" >&2; exit 1; }
}
refuses() {
        words=$1 user=$2
        shift 2
        if said=$(runuser -u "$user" -- "$@" 2>&1); then echo "$user was let: $*: $said" >&2; exit 1; fi
        echo "$user, $*: $said" >&2
        echo "$said" | grep -q "$words" || { echo "it should say $words" >&2; exit 1; }
}
# with_pauses COMMAND..., with_others COMMAND...: whatever changes something
with_pauses() {
        for change in "Pause tb 60000000 false" "Resume b false"; do "$@" $change; done
}
with_others() {
        for change in Reload CheckReload "Protect stb desk.service 60000000 false" "Unprotect sb desk.service false" \\
                "SetLogLevel s info"; do "$@" $change; done
}
is() {
        [ "$(busctl get-property $at "$1")" = "$2" ] || { echo "$1 is not $2" >&2; exit 1; }
}
timer_wakes() {
        avertctl status --json=short | grep -o '"wakes_timer":[0-9]*' | cut -d: -f2
}
# questions: how often polkit was asked so far
busctl monitor org.freedesktop.PolicyKit1 >/run/guest/questions &
monitor=$!
questions() {
        grep -c "Member=CheckAuthorization" /run/guest/questions || true
}
# begin_question YES|NO: the operator asks, where a password may be asked for or not, and polkit has got the question
begin_question() {
        before=$(questions)
        runuser -u operator -- busctl --timeout=100s --allow-interactive-authorization="$1" \\
                call $at Pause tb 60000000 false >/run/guest/said 2>&1 &
        asker=$!
        until [ "$(questions)" -gt "$before" ]; do sleep 0.1; done
}
end_question() {
        if wait $asker; then echo "the operator was let in" >&2; exit 1; fi
        cat /run/guest/said >&2
        grep -q "$1" /run/guest/said
        is Paused "b false"
}
polkit_pid() {
        systemctl show --value -p MainPID polkit.service
}

until busctl get-property $at Level; do sleep 0.2; done

# polkit knows our actions, in our words
all=$(pkaction --verbose)
for id in reload release-leases pause protect set-log-level; do
        known=$(echo "$all" | sed -n "/^org.avert1.$id:/,/^\$/p")
        echo "$known" >&2
        texts=$(sed -n "/\\"org.avert1.$id\\"/,/<\\/action>/s/.*<\\(description\\|message\\)>\\(.*\\)<.*/\\2/p" $policy)
        [ "$(echo "$known" | grep -cF "$texts")" = 2 ]
        echo "$known" | grep -q "org.freedesktop.policykit.owner -> unix-user:avert"
done

# root may do all of it
with_others lets root $ask
with_pauses lets root $ask
lets root $ask ReleaseLeases t 0
told 1 AVERT_EVENT=resumed

# the operator what the rule says, and he is named for it
lets operator $ask Pause tb 60000000 false
is Paused "b true"
told 2 AVERT_EVENT=paused
lets operator $ask Resume b false
told 2 AVERT_EVENT=resumed
is Paused "b false"
with_others refuses "polkit wants a password for org.avert1.*: start an agent" operator $ask
refuses "Access denied" operator $ask ReleaseLeases t 0

# whom no rule lets may read
with_others refuses "password" nobody $ask
with_pauses refuses "password" nobody $ask
refuses "password" nobody $ask ReleaseLeases t 0
until runuser -u nobody -- busctl --allow-interactive-authorization=no call $at Resume b false 2>&1 |
        grep "polkit wants a password for org.avert1.pause: let the call allow"; do sleep 1; done
lets nobody busctl get-property $at Level
lets nobody avertctl status
is Paused "b false"
is Protected "as 0"

# the same by avertctl
for verb in reload "pause --for 1min" resume "protect desk.service" "unprotect desk.service" "leases --release-all"; do
        lets root avertctl $verb
        refuses "password" nobody avertctl $verb
done
lets operator avertctl pause --for 1min
is Paused "b true"
lets operator avertctl resume
refuses "password" operator avertctl reload
refuses "password" operator avertctl protect desk.service
refuses "polkit does not let you do this (org.avert1.release-leases): ask root" operator avertctl leases --release-all

# with an agent to ask for root's password, and with that
chmod 4755 /usr/lib/polkit-1/polkit-agent-helper-1 # as the package does
echo root:sesame | chpasswd
mkfifo -m 0666 /run/guest/typed /run/guest/registered
exec 4<>/run/guest/typed
# types PASSWORD WORDS: what the operator comes to
types() {
        rm -f /run/guest/screen
        runuser -u operator -- script -qefc 'pkttyagent --process $$ --notify-fd 3 3>/run/guest/registered &
                read -r none </run/guest/registered; exec avertctl reload' /run/guest/screen <&4 >/run/guest/said 2>&1 &
        typist=$!
        until grep -qs Password: /run/guest/screen; do sleep 0.1; done
        lets nobody busctl get-property $at Level
        echo "$1" >&4
        wait $typist || true
        cat /run/guest/screen >&2
        grep -q "$2" /run/guest/screen
}
types sesame "reloaded: "
types guess "polkit does not let you do this (org.avert1.reload)"

# polkit stands still in mid-question: its late word counts for nothing
pid=$(polkit_pid)
kill -STOP "$pid"
begin_question no
end_question "does not say whether you may"
kill -CONT "$pid"
pkaction >/dev/null
is Paused "b false"

# it is killed in mid-question, nobody was held up until then, and it is started anew by the next
kill -STOP "$pid"
begin_question yes
wakes=$(timer_wakes)
is Paused "b false"
lets nobody $ask Describe >/dev/null
lets root $ask Pause tb 60000000 false
lets root $ask Resume b false
until [ "$(timer_wakes)" -gt "$((wakes + 1))" ]; do sleep 0.2; done
kill -0 "$asker"
kill -KILL "$pid"
end_question "does not say whether you may"
until runuser -u operator -- $ask Pause tb 60000000 false; do sleep 1; done
lets operator $ask Resume b false
[ "$(polkit_pid)" != "$pid" ]

# it does not know our actions
mv $policy /run/guest
while pkaction --action-id org.avert1.pause; do sleep 0.2; done
refuses "polkit does not know org.avert1.pause" operator $ask Pause tb 60000000 false
mv /run/guest/org.avert1.policy $policy
until pkaction --action-id org.avert1.pause; do sleep 0.2; done
lets operator $ask Resume b false

# there is none
systemctl mask --runtime --now polkit.service
refuses "does not say whether you may.*ask root" operator $ask Pause tb 60000000 false
lets root $ask Pause tb 60000000 false
lets root $ask Resume b false
is Paused "b false"
kill "$monitor"
'''

CALLERS = [
    Scenario('bus', 'the system bus: everybody may look, root may have a pause, and nobody else',
             newcomers={'desk': DESK}, limit_msec=60000, meddle=BUS, expect=(Told('paused'), Told('resumed'))),
    Scenario('polkit', 'polkit lets an operator have a pause and nothing else, and holds up nobody when it hangs',
             newcomers={'desk': DESK}, limit_msec=600000, packages=('polkitd',), files=OPERATOR, meddle=POLKIT,
             expect=(Told('paused'), Told('resumed'), Told('paused', '', '1001'), Told('resumed'))),
]
