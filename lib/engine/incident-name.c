/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/incident-name.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/number.h"

#define OF_KERNEL "kernel"

/* '0' stands for any digit. */
static const char time_form[] = "00000000T000000.000000-";

void incident_name_print(usec_t opened_usec, uint64_t incident, TextBuf *out) {
        time_t seconds = (time_t) (opened_usec / USEC_PER_SEC);
        struct tm tm = { 0 };

        (void) gmtime_r(&seconds, &tm);
        textbuf_addf(out, "%04d%02d%02dT%02d%02d%02d.%06" PRIu64 "-", tm.tm_year + 1900,
                tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                opened_usec % USEC_PER_SEC);
        if (incident == 0)
                textbuf_add(out, OF_KERNEL);
        else
                textbuf_addf(out, "%" PRIu64, incident);
}

/* What follows the time, or NULL. */
static const char *skip_time(const char *name) {
        for (const char *f = time_form; *f; f++, name++)
                if (*f == '0' ? *name < '0' || *name > '9' : *name != *f)
                        return NULL;
        return name;
}

bool incident_name_parse(const char *name, uint64_t *ret_incident) {
        const char *at = strlen(name) < INCIDENT_NAME_MAX ? skip_time(name) : NULL;
        uint64_t incident = 0;
        int n;

        if (!at)
                return false;
        if (strncmp(at, OF_KERNEL, strlen(OF_KERNEL)) == 0)
                n = (int) strlen(OF_KERNEL);
        else {
                n = number_scan_u64(at, strlen(at), &incident);
                if (n <= 0 || *at == '0')
                        return false;
        }
        if (at[n] != '\0' && strcmp(at + n, INCIDENT_SUFFIX) != 0)
                return false;
        *ret_incident = incident;
        return true;
}

bool incident_name_is_file(const char *name) {
        size_t n = strlen(name), k = strlen(INCIDENT_SUFFIX);
        uint64_t ignored;

        return n > k && strcmp(name + n - k, INCIDENT_SUFFIX) == 0 &&
                incident_name_parse(name, &ignored);
}

void incident_directory_print(const char *state_directories, TextBuf *out) {
        if (!state_directories || !*state_directories) {
                textbuf_add(out, INCIDENT_DIRECTORY);
                return;
        }
        textbuf_add_slice(out, (Slice){ state_directories, strcspn(state_directories, ":") });
        textbuf_add(out, strrchr(INCIDENT_DIRECTORY, '/'));
}
