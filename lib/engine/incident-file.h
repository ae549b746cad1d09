/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The text of the file of an incident, for who adds to it and who shows it. */

/* More than any file has: what is larger is not ours. */
#define INCIDENT_FILE_MAX (4u << 20)

/* The text of dir_fd/file; the caller frees it. 0; -EFBIG: too large, or no regular file; -ELOOP: a
 * symbolic link; -ENOMEM; another negative errno. */
int incident_file_read(int dir_fd, const char *file, char **ret);
