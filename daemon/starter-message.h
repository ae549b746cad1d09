/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What main and its starter say to each other, one message each way, as plain memory: both ends are
 * the same program. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "config/config.h"

/* What an order may carry beyond its fixed part; a larger one is refused (E2BIG). */
#define STARTER_LOAD_MAX (160u << 10)

/* Of what a command writes; a step that wants more gets this. */
#define STARTER_OUTPUT_MAX (64u << 10)

#define CAPTURE_PATH_MAX 256
#define INCIDENT_PATH_MAX 256
#define COMMAND_ENVIRONMENT_MAX 40
#define COMMAND_LAST_LINE_MAX 64

typedef enum StarterJob {
        JOB_COMMAND,
        JOB_CAPTURE,
        JOB_INCIDENT,
        _JOB_MAX,
} StarterJob;

/* The load: n_args strings and n_environment strings with their NULs, then the input. */
typedef struct CommandOrder {
        uint32_t uid, gid;
        uint32_t n_args, n_environment;
        uint32_t strings_len; /* of all strings together */
        uint32_t output_bytes;
} CommandOrder;

/* The load: the Errand without its config, then n_trail entries of a Trail. */
typedef struct CaptureOrder {
        uint32_t n_trail;
        uint64_t quota_bytes; /* of all captures together */
        usec_t realtime_usec;
        char root[CAPTURE_PATH_MAX];      /* where /proc and the cgroups are; "": on this machine */
        char directory[CAPTURE_PATH_MAX]; /* where the file goes; made if it is not there */
} CaptureOrder;

/* The load: incident parts. */
typedef struct IncidentOrder {
        uint64_t files_max, bytes_max;     /* of all incidents together */
        char directory[INCIDENT_PATH_MAX]; /* made if it is not there */
} IncidentOrder;

typedef struct StarterOrder {
        StarterJob job;
        uint64_t id;
        usec_t deadline_usec; /* CLOCK_MONOTONIC */
        uint32_t load_len;
        CommandOrder command;   /* of a JOB_COMMAND */
        CaptureOrder capture;   /* of a JOB_CAPTURE */
        IncidentOrder incident; /* of a JOB_INCIDENT */
} StarterOrder;

typedef enum StarterResult {
        STARTER_OVER,    /* command: it ended by itself, see status; capture: see partial; incident:
                            all is on the disk */
        STARTER_FAILED,  /* it did not begin, or what was to be kept could not be: see error, where
                          */
        STARTER_LATE,    /* it was ended at its deadline */
        STARTER_RENEWED, /* of no order: the starter had ended, and another one took its place */
} StarterResult;

typedef struct StarterAnswer {
        StarterResult result;
        StarterJob job;
        uint64_t id;
        int32_t error;  /* errno, positive */
        char where[24]; /* what failed: "exec", "user", ...; "" without error */
        int32_t status; /* of a command, as waitpid(2) has it */
        usec_t took_usec;
        bool clean;       /* nothing of the command is left */
        bool partial;     /* capture: something is missing in it */
        uint64_t dropped; /* bytes that the command wrote beyond output_bytes */
        char last_line[COMMAND_LAST_LINE_MAX]; /* of stdout, cut */
        uint32_t text_len;
        char text[STARTER_OUTPUT_MAX + 1]; /* output, or the file of a capture; NUL-terminated */
} StarterAnswer;

/* How much of an answer is sent. */
static inline size_t starter_answer_size(const StarterAnswer *answer) {
        return offsetof(StarterAnswer, text) + answer->text_len + 1;
}
