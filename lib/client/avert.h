/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* libavert: talking to avertd from a program. A client is one connection to the daemon's private
 * socket; no message bus is needed. What the daemon knows comes as text: JSON whose top object
 * carries "schema_version", or plain words for people.
 *
 * Functions that can fail return 0 or a negative errno and leave their outputs untouched on
 * failure: -ENOENT, -ECONNREFUSED  no daemon listens there -EACCES, -EPERM         the daemon does
 * not grant this to the caller -ETIMEDOUT              it did not answer in time
 * (avert_client_set_timeout()) -ECONNRESET, -ENOTCONN  it went away; the client is of no more use
 * Strings that are given out belong to the caller and are released with free(3). A client belongs
 * to one thread at a time. The library starts no thread, owns no loop, installs no handler and
 * writes nothing to stdout or stderr. */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where the daemon listens unless it is told otherwise. */
#define AVERT_BUS_PATH "/run/avert/bus"

typedef struct AvertClient AvertClient;

/* Connects to the socket at `path`; NULL means $AVERT_BUS (not in programs that run with raised
 * privileges), and AVERT_BUS_PATH without it. Waits for the daemon's greeting, 5 seconds at most.
 */
int avert_client_open(const char *path, AvertClient **ret);

/* Connects to the daemon on the system bus, as org.avert1(5) has it: there polkit may let others
 * than root change something, and asks for a password if need be; changes may take two minutes
 * therefore. -ENXIO: the daemon is not there. */
int avert_client_open_system(AvertClient **ret);

AvertClient *avert_client_ref(AvertClient *client);

/* Closes the connection with the last reference. NULL is fine; returns NULL. */
AvertClient *avert_client_unref(AvertClient *client);

/* The longest that one of the calls below may take, a change included; 0 sets it to what it was at
 * first, which is 5 seconds, and 2 minutes for a change over the system bus. */
void avert_client_set_timeout(AvertClient *client, uint64_t usec);

/* What the daemon said about the last call that failed, one line; "" if it said nothing. Valid
 * until the next call. */
const char *avert_client_get_error(AvertClient *client);

/* The whole state: sources, readings, conditions with their distances, incidents, leases, counters.
 * JSON.
 */
int avert_client_describe(AvertClient *client, char **ret_json);

/* The effective policies, the file each came from, what each match selects now. JSON. */
int avert_client_list_policies(AvertClient *client, char **ret_json);

/* Who holds memory and who gained it: processes, and units, containers and sessions. JSON. */
int avert_client_list_consumers(AvertClient *client, char **ret_json);

/* The judgement behind the state, for one policy (NULL: all) and one process (0: all): in plain
 * words, or as JSON. */
int avert_client_explain(AvertClient *client, const char *policy, int32_t pid, char **ret_text);
int avert_client_explain_json(
        AvertClient *client, const char *policy, int32_t pid, char **ret_json);

/* The command line of a process, blanks between the arguments, cut after 2,047 bytes; what cannot
 * be printed is \xNN. start_ticks: field 22 of /proc/PID/stat, as lists of processes have it, so
 * that nobody else is meant who has the pid by now; 0: whoever has it. For root and the owner of
 * the process: -EACCES. -ESRCH: it is gone. -EIO: it does not let itself be read. -EOPNOTSUPP: the
 * daemon reads none. */
int avert_client_command_line(
        AvertClient *client, int32_t pid, uint64_t start_ticks, char **ret_text);

/* Asks the daemon to load its policy again. 0 also when it refused a broken policy and went on with
 * the old one: then *ret_accepted is false, and *ret_message (may be NULL) says why. */
int avert_client_reload(AvertClient *client, bool *ret_accepted, char **ret_message);

/* Asks what that would come to, with the same outcomes; nothing is changed. */
int avert_client_check_reload(AvertClient *client, bool *ret_accepted, char **ret_message);

/* Asks the daemon to give back what it changed about a cgroup, by the number of the lease, or all
 * (0). For root. *ret_released is false when there is no such lease; *ret_message (may be NULL)
 * says how many were given back. */
int avert_client_release_leases(
        AvertClient *client, uint64_t id, bool *ret_released, char **ret_message);

/* Has the daemon take no step but notify for so long (0: 10 minutes), and act again. For root, and
 * for whom polkit lets. With dry_run it only says what would become of it; so below. *ret_done is
 * false when it was not done; *ret_message (may be NULL) is a sentence. */
int avert_client_pause(
        AvertClient *client, uint64_t usec, bool dry_run, bool *ret_done, char **ret_message);
int avert_client_resume(AvertClient *client, bool dry_run, bool *ret_done, char **ret_message);

/* Has the daemon leave somebody alone for so long (0: until that is taken back), and not any more:
 * a pid, a unit, or the path of a cgroup below the cgroup2 mount. Likewise. */
int avert_client_protect(AvertClient *client, const char *who, uint64_t usec, bool dry_run,
        bool *ret_done, char **ret_message);
int avert_client_unprotect(
        AvertClient *client, const char *who, bool dry_run, bool *ret_done, char **ret_message);

/* How much the daemon tells about itself: "error", "warning", "notice", "info" or "debug". Setting
 * it is for root, and for whom polkit lets; -EINVAL: there is no such level. */
int avert_client_get_log_level(AvertClient *client, char **ret_level);
int avert_client_set_log_level(
        AvertClient *client, const char *level, bool *ret_done, char **ret_message);

/* Called by avert_client_process() for each event: one JSON object, valid during the call. The
 * handler must not close the client. */
typedef void (*AvertEventHandler)(void *userdata, const char *json);

/* From now on events go to the handler; NULL ends that. */
int avert_client_subscribe(AvertClient *client, AvertEventHandler handler, void *userdata);

/* For the program's own loop: poll(2) the descriptor for the events, at the latest until the time
 * (CLOCK_MONOTONIC microseconds, UINT64_MAX: for ever), then call avert_client_process(). Ask again
 * after each. */
int avert_client_get_fd(AvertClient *client);
int avert_client_get_events(AvertClient *client);
int avert_client_get_timeout(AvertClient *client, uint64_t *ret_usec);

/* Takes in what arrived, and calls the handler. 1 when there was something, 0 when there was
 * nothing. */
int avert_client_process(AvertClient *client);

/* ---- being told that memory is short: see avert_pressure(3)
 * --------------------------------------------------------------------------------------------- */

/* Where the daemon gives its hints unless it is told otherwise. */
#define AVERT_PRESSURE_PATH "/run/avert/pressure"

typedef enum AvertPressureLevel {
        AVERT_PRESSURE_LOW = 1,
        AVERT_PRESSURE_MEDIUM = 2, /* also of a source that names no level */
        AVERT_PRESSURE_CRITICAL = 3,
} AvertPressureLevel;

/* A source of hints, as systemd's MEMORY_PRESSURE_WATCH protocol has them: a stream socket, a FIFO
 * or a pressure file of the kernel. */
typedef struct AvertPressure AvertPressure;

/* Opens the source at `path`. NULL means $MEMORY_PRESSURE_WATCH, to which $MEMORY_PRESSURE_WRITE is
 * written (neither in programs that run with raised privileges), and AVERT_PRESSURE_PATH without
 * it. -EHOSTDOWN when $MEMORY_PRESSURE_WATCH is /dev/null: hints are not wanted. -EINVAL when there
 * is something else, or $MEMORY_PRESSURE_WRITE is not base64. Waits for nobody. */
int avert_pressure_open(const char *path, AvertPressure **ret);

/* NULL is fine; returns NULL. */
AvertPressure *avert_pressure_close(AvertPressure *pressure);

/* For the program's own loop: poll(2) the descriptor for the events, without end, and call
 * avert_pressure_consume() each time. */
int avert_pressure_get_fd(const AvertPressure *pressure);
int avert_pressure_get_events(const AvertPressure *pressure);

/* Takes in what arrived. 1: free memory, and *ret (may be NULL) is the highest level that was told;
 * 0: there was nothing; -ENOTCONN: the other side went away, and opening again may find it. */
int avert_pressure_consume(AvertPressure *pressure, AvertPressureLevel *ret);

#ifdef __cplusplus
}
#endif
