/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/number.h"
#include "base/text.h"
#include "ctl/connect.h"
#include "ctl/term.h"

enum {
        PATIENCE_SECONDS = 15, /* longer than the daemon's with us */
        ANSWER_MAX = 16 << 20,
        ANSWER_ROOM = 64 << 10, /* for a start */
};

static const char prometheus[] = "GET /metrics HTTP/1.0\r\nAccept: text/plain\r\n\r\n";
static const char openmetrics[] =
        "GET /metrics HTTP/1.0\r\nAccept: application/openmetrics-text\r\n\r\n";

/* Connects to what is beside the private socket. The descriptor, or negative errno. */
static int open_socket(const char *path) {
        const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd, r;

        if (!text_copy(address.sun_path, sizeof(address.sun_path), path))
                return -ENAMETOOLONG;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
                setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
                connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0) {
                r = -errno;
                close_fd(fd);
                return r;
        }
        return fd;
}

/* Everything until the end, as text that the caller frees. 0 or negative errno. */
static int read_all(int fd, char **ret) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0, len = 0;
        ssize_t n;

        do {
                if (len + 1 >= size) {
                        char *larger;

                        size = size > 0 ? 2 * size : ANSWER_ROOM;
                        larger = size <= ANSWER_MAX ? realloc(text, size) : NULL;
                        if (!larger)
                                return size <= ANSWER_MAX ? -ENOMEM : -EMSGSIZE;
                        text = larger;
                }
                n = recv(fd, text + len, size - len - 1, 0);
                if (n < 0 && errno != EINTR)
                        return -errno;
                len += n > 0 ? (size_t) n : 0;
        } while (n != 0);
        if (len == 0)
                return -ECONNRESET; /* turned away */
        text[len] = '\0';
        *ret = TAKE_PTR(text);
        return 0;
}

/* Where the body of an answer begins, if it is whole, else NULL. *ret_well: it is what was asked
 * for. */
static const char *find_body(const char *answer, bool *ret_well) {
        static const char name[] = "\r\nContent-Length: ";
        const char *end = strstr(answer, "\r\n\r\n"), *length = strstr(answer, name);
        char digits[24] = "";
        uint64_t len;

        if (strncmp(answer, "HTTP/1.", 7) != 0 || strlen(answer) < 12 || !end || !length ||
                length > end)
                return NULL;
        length += sizeof(name) - 1;
        for (size_t i = 0; i + 1 < sizeof(digits) && length[i] >= '0' && length[i] <= '9'; i++)
                digits[i] = length[i];
        if (number_parse_u64(digits, &len) < 0 || strlen(end + 4) != len)
                return NULL;
        *ret_well = strncmp(answer + 8, " 200", 4) == 0;
        return end + 4;
}

static int print_answer(const Ctl *ctl, const char *answer) {
        bool well = false;
        const char *body = find_body(answer, &well);
        char sentence[128];

        if (!body) {
                ctl_error(ctl, "avertd answered with something that is no answer of HTTP");
                return CTL_FAILED;
        }
        if (well) {
                term_lines(ctl, ctl->out, body);
                return CTL_OK;
        }
        term_clean(body, sizeof(sentence) - 1, false, sentence, sizeof(sentence));
        ctl_error(ctl, "there are no metrics: %s", sentence);
        return CTL_FAILED;
}

static int choose_request(const Ctl *ctl, Slice *ret) {
        const char *format = ctl->format ? ctl->format : "prometheus";

        if (strcmp(format, "prometheus") == 0)
                *ret = SLICE(prometheus);
        else if (strcmp(format, "openmetrics") == 0)
                *ret = SLICE(openmetrics);
        else {
                ctl_error(ctl, "--format=%s: it takes prometheus or openmetrics", format);
                return CTL_USAGE;
        }
        return CTL_OK;
}

int verb_metrics(Ctl *ctl, int argc, char *const *argv) {
        _cleanup_free_ char *answer = NULL;
        _cleanup_close_ int fd = FD_NONE;
        char path[300];
        Slice request;
        TextBuf b;
        int r;

        (void) argc;
        (void) argv;
        r = choose_request(ctl, &request);
        if (r != CTL_OK)
                return r;

        textbuf_init(&b, path, sizeof(path));
        textbuf_add_beside(&b, connect_path(ctl), "metrics");
        fd = b.truncated ? -ENAMETOOLONG : open_socket(path);
        if (fd < 0)
                return connect_explain_open(ctl, path, fd);
        r = send(fd, request.at, request.len, MSG_NOSIGNAL) < 0 ? -errno : read_all(fd, &answer);
        return r < 0 ? connect_explain_open(ctl, path, r) : print_answer(ctl, answer);
}
