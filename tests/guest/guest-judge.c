/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The witness of a guest scenario. It starts what the trial is about and, until some time after the
 * guilty ones' end, notes what happens: who dies, how far memory falls, how long the heartbeat
 * stops, whether the kernel had to kill. Then it writes everything to the result disk and switches
 * the guest off. It only reports; what is right is decided outside, by tests/guest/run.
 *
 *   guest-judge [calm=MS] [limit=MS] [linger=MS] [daemon=UNIT] [start=COMMAND]
 *               [guilty=NAME:process|unit[:PARENT]] [newcomer=NAME] [restrained=NAME]
 *               [innocent=NAME] [associate=NAME] [kill-daemon-when-asked=NAME]
 *               [daemon-may-end] [ends-when-meddled] [still-below=PERCENT]
 *
 * It must see it all when the memory is gone: locked into memory, everything it reads is open
 * beforehand, and it starts nothing between the load's first page and the end. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tests/guest/judge.h"

#define MEDDLED GUEST_DIR "/meddled" /* is there once the meddler has done it all */
#define RESULT_DISK "/dev/vdb"
#define STILL_USEC 2000000 /* between two steps: the guest stood still, nobody was just slow */

typedef struct Trial {
        uint64_t calm_msec;
        uint64_t limit_msec;
        uint64_t linger_msec;
        uint64_t still_below_percent; /* ask for a standstill then; 0: do not */
        const char *start;
        const char *daemon;
        const char *kill_when_asked; /* of this load, the daemon is killed; NULL: it is not */
        bool daemon_may_end;         /* it is ended and started again by the meddler */
        bool ends_when_meddled; /* nobody is to be stopped: it is over when the meddler is done */

        int console_fd;
        uint64_t total_kib;
        uint64_t start_usec;
        uint64_t end_usec;
        bool started;
        bool still_asked;
        uint64_t stood_usec;
        uint64_t meddled_usec;
        uint64_t settle_until_usec; /* the heartbeat is not looked at before: it catches up */
        uint64_t oom_kills;
        uint64_t calm_gap_usec;
        uint64_t calm_missed;
        uint64_t worst_gap_usec;
        uint64_t missed;
        uint64_t stalls[_STALL_MAX];
} Trial;

static Trial trial = {
        .calm_msec = 2000,
        .limit_msec = 25000,
        .linger_msec = 2000,
        .console_fd = -1,
};

/* Runs a command for what it does; the trial is not going on. */
static void run(const char *command) {
        if (system(command) != 0)
                fprintf(stderr, "judge: failed: %s\n", command);
}

static void prepare(Trial *t) {
        t->console_fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
        machine_open();
        if (t->daemon)
                daemon_open(t->daemon);
        suspects_prepare();
        if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
                fputs("judge: cannot lock memory\n", stderr);
        t->total_kib = machine_total_kib();
}

static void watch_calm(Trial *t) {
        usleep(500000); /* what started us ends */
        machine_reset_heartbeat();
        suspects_begin_work(guest_now_usec());
        usleep((useconds_t) t->calm_msec * 1000);
        suspects_note_work(guest_now_usec(), true);
        t->calm_gap_usec = machine_heartbeat_gap();
        t->calm_missed = machine_missed_beats();
}

static void begin(Trial *t) {
        cgroups_note_before();
        people_count();
        daemon_forget_standby();
        if (t->daemon_may_end)
                daemon_forget();
        suspects_forget_associates();
        t->oom_kills = machine_oom_kills();
        machine_read_stalls(t->stalls);
        daemon_begin();
        machine_reset_heartbeat();
        t->start_usec = guest_now_usec();
        suspects_begin_work(t->start_usec);
        if (t->start)
                run(t->start);
        t->started = suspects_await();
        if (!t->started)
                fputs("judge: not everybody started\n", stderr);
}

/* The other side stops the whole guest when it reads this on the console. */
static void ask_for_standstill(Trial *t) {
        static const char text[] = "\njudge: stand still\n";

        t->still_asked = true;
        (void) !write(
                t->console_fd, text, sizeof(text) - 1); /* not heard: no standstill in the result */
}

static void note_standstill(Trial *t, uint64_t now, uint64_t step_usec) {
        t->stood_usec = step_usec;
        t->end_usec += step_usec;
        t->settle_until_usec = now + 500000;
}

static void note_gaps(Trial *t, uint64_t now) {
        uint64_t gap;

        if (t->settle_until_usec > now)
                return;
        if (t->settle_until_usec > 0) {
                t->settle_until_usec = 0;
                machine_reset_heartbeat();
        }
        gap = machine_heartbeat_gap();
        if (gap > t->worst_gap_usec)
                t->worst_gap_usec = gap;
}

static void step(Trial *t, uint64_t now) {
        machine_note_moment(t->start_usec);
        daemon_follow();
        suspects_follow(now);
        note_gaps(t, now);
        if (t->kill_when_asked && suspects_asked(t->kill_when_asked) > 0) {
                daemon_kill();
                t->kill_when_asked = NULL;
        }
        if (t->ends_when_meddled && t->meddled_usec == 0 && access(MEDDLED, F_OK) == 0)
                t->meddled_usec = now;
        if (t->still_below_percent > 0 && !t->still_asked &&
                machine_available_kib() * 100 < t->total_kib * t->still_below_percent)
                ask_for_standstill(t);
}

static void watch(Trial *t) {
        uint64_t last = guest_now_usec(), now = last, stalls[_STALL_MAX];

        t->end_usec = t->start_usec + t->limit_msec * 1000;
        while (now < t->end_usec) {
                uint64_t ended;

                step(t, now);
                (void) poll(NULL, 0, JUDGE_STEP_MSEC);
                now = guest_now_usec();
                if (t->still_asked && t->stood_usec == 0 && now - last > STILL_USEC)
                        note_standstill(t, now, now - last);
                last = now;
                ended = t->ends_when_meddled ? t->meddled_usec : suspects_ended_usec();
                if (ended > 0 && now > ended + t->linger_msec * 1000)
                        break;
        }
        note_gaps(t, UINT64_MAX);
        t->missed = machine_missed_beats();
        suspects_note_work(guest_now_usec(), false);
        t->oom_kills = machine_oom_kills() - t->oom_kills;
        machine_read_stalls(stalls);
        for (Stall i = 0; i < _STALL_MAX; i++)
                t->stalls[i] = stalls[i] - t->stalls[i];
}

/* From the first moment with less than a tenth available to the end of the last guilty one; 0 when
 * there is no such time. */
static uint64_t short_to_stop_usec(const Trial *t, const Moment *timeline, size_t n) {
        uint64_t ended = suspects_ended_usec();

        for (size_t i = 0; i < n; i++)
                if (timeline[i].available_kib * 10 < t->total_kib &&
                        t->start_usec + timeline[i].at_usec < ended)
                        return ended - t->start_usec - timeline[i].at_usec;
        return 0;
}

static void put_number(FILE *f, const char *key, uint64_t value) {
        fprintf(f, "\"%s\": %llu, ", key, (unsigned long long) value);
}

static void write_result(const Trial *t) {
        uint64_t available = UINT64_MAX, swap_free = UINT64_MAX;
        const Moment *timeline;
        size_t n = machine_timeline(&timeline);
        FILE *f = fopen(GUEST_DIR "/result.json", "we");
        struct utsname name = { .release = "" };

        if (!f)
                return;
        for (size_t i = 0; i < n; i++) {
                if (timeline[i].available_kib < available)
                        available = timeline[i].available_kib;
                if (timeline[i].swap_free_kib < swap_free)
                        swap_free = timeline[i].swap_free_kib;
        }
        fputs("{\"died\": [", f);
        people_write_died(f); /* first: what follows starts processes and takes its time */
        (void) uname(&name);  /* cannot fail */
        fprintf(f, "], \"started\": %s, \"meddled\": %s, \"kernel\": \"%s\", ",
                t->started ? "true" : "false", access(MEDDLED, F_OK) == 0 ? "true" : "false",
                name.release);
        cgroups_write(f);
        fputs(", ", f);
        put_number(f, "oom_kills", t->oom_kills);
        put_number(f, "people", people_number());
        put_number(f, "total_kib", t->total_kib);
        put_number(f, "lowest_available_kib", available);
        put_number(f, "lowest_swap_free_kib", swap_free);
        put_number(f, "short_to_stop_usec", short_to_stop_usec(t, timeline, n));
        put_number(f, "calm_gap_usec", t->calm_gap_usec);
        put_number(f, "worst_gap_usec", t->worst_gap_usec);
        put_number(f, "calm_missed_beats", t->calm_missed);
        put_number(f, "missed_beats", t->missed);
        put_number(f, "stood_usec", t->stood_usec);
        put_number(f, "psi_memory_some_usec", t->stalls[STALL_MEMORY_SOME]);
        put_number(f, "psi_memory_full_usec", t->stalls[STALL_MEMORY_FULL]);
        put_number(f, "psi_io_some_usec", t->stalls[STALL_IO_SOME]);
        put_number(f, "psi_io_full_usec", t->stalls[STALL_IO_FULL]);
        if (t->daemon) {
                daemon_write(f);
                fputs(", ", f);
        }
        suspects_write(f, t->start_usec);
        fputs("}\n", f);
        fclose(f);
}

/* All that a reader of a failed trial may want, onto the disk that the other side unpacks. */
static void deliver(void) {
        int fd;

        run("if command -v avertctl >/dev/null; then"
            " timeout 10 avertctl status --json >" GUEST_DIR "/status.json 2>" GUEST_DIR
            "/status.err;"
            " timeout 10 avertctl metrics >" GUEST_DIR "/metrics.prom 2>/dev/null; fi");
        run("journalctl --sync");
        run("journalctl -b --no-pager -o short-monotonic -n 3000 >" GUEST_DIR "/journal.txt 2>&1");
        run("journalctl -b --no-pager -o json -u avertd.service -u avert-standby.service "
            ">" GUEST_DIR "/avertd.json 2>/dev/null");
        run("if [ -d /var/lib/avert/incidents ]; then cp -r /var/lib/avert/incidents " GUEST_DIR
            "/; fi");
        run("if [ -d /var/lib/avert/captures ]; then cp -rp /var/lib/avert/captures " GUEST_DIR
            "/; fi");
        run("tar -C " GUEST_DIR " -cf " RESULT_DISK " .");

        fd = open(RESULT_DISK, O_WRONLY | O_CLOEXEC);
        if (fd >= 0) {
                (void) fsync(fd); /* the other side sees a torn archive if this fails */
                close(fd);
        }
}

/* "NAME:process" or "NAME:unit", and ":PARENT". */
static void parse_guilty(char *text) {
        char *how = strchr(text, ':'), *parent;

        if (!how) {
                fprintf(stderr, "judge: no such setting: guilty=%s\n", text);
                exit(1);
        }
        *how++ = '\0';
        parent = strchr(how, ':');
        if (parent)
                *parent++ = '\0';
        suspects_add(strcmp(how, "unit") == 0 ? ROLE_GUILTY_UNIT : ROLE_GUILTY_PROCESS, text,
                parent ? parent : "");
}

static void parse_argument(Trial *t, char *arg) {
        if (strncmp(arg, "calm=", 5) == 0)
                t->calm_msec = strtoull(arg + 5, NULL, 10);
        else if (strncmp(arg, "limit=", 6) == 0)
                t->limit_msec = strtoull(arg + 6, NULL, 10);
        else if (strncmp(arg, "linger=", 7) == 0)
                t->linger_msec = strtoull(arg + 7, NULL, 10);
        else if (strncmp(arg, "daemon=", 7) == 0)
                t->daemon = arg + 7;
        else if (strncmp(arg, "start=", 6) == 0)
                t->start = arg + 6;
        else if (strncmp(arg, "guilty=", 7) == 0)
                parse_guilty(arg + 7);
        else if (strncmp(arg, "newcomer=", 9) == 0)
                suspects_add(ROLE_NEWCOMER, arg + 9, "");
        else if (strncmp(arg, "restrained=", 11) == 0)
                suspects_add(ROLE_RESTRAINED, arg + 11, "");
        else if (strncmp(arg, "innocent=", 9) == 0)
                suspects_add(ROLE_INNOCENT, arg + 9, "");
        else if (strncmp(arg, "associate=", 10) == 0)
                suspects_add(ROLE_ASSOCIATE, arg + 10, "");
        else if (strncmp(arg, "kill-daemon-when-asked=", 23) == 0)
                t->kill_when_asked = arg + 23;
        else if (strcmp(arg, "daemon-may-end") == 0)
                t->daemon_may_end = true;
        else if (strcmp(arg, "ends-when-meddled") == 0)
                t->ends_when_meddled = true;
        else if (strncmp(arg, "still-below=", 12) == 0)
                t->still_below_percent = strtoull(arg + 12, NULL, 10);
        else {
                fprintf(stderr, "judge: no such setting: %s\n", arg);
                exit(1);
        }
}

int main(int argc, char **argv) {
        for (int i = 1; i < argc; i++)
                parse_argument(&trial, argv[i]);

        prepare(&trial);
        watch_calm(&trial);
        begin(&trial);
        watch(&trial);

        write_result(&trial);
        machine_write_timeline();
        deliver();
        sync();
        (void) reboot(RB_POWER_OFF); /* without it the other side's deadline ends the guest */
        return 1;
}
