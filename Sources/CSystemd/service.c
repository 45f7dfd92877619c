// What systemd hands to a service, and what the service tells it: sd-daemon(3) and sd-journal(3).
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "csystemd.h"
#include "library.h"

int systemd_watchdog(uint64_t *microseconds, systemd_reason *reason) {
    *microseconds = 0;
    int result = systemd_available(reason);
    if (result < 0) return result;
    result = lib.sd_watchdog_enabled(1, microseconds);
    if (result >= 0) return 0;
    snprintf(reason->text, sizeof reason->text, "%s", strerror(-result));
    return result;
}

int systemd_passed_descriptors(char ***names, systemd_reason *reason) {
    *names = NULL;
    int result = systemd_available(reason);
    if (result < 0) return result;
    result = lib.sd_listen_fds_with_names(1, names);
    if (result < 0) snprintf(reason->text, sizeof reason->text, "%s", strerror(-result));
    return result;
}

int systemd_notify(const char *address, const char *state, const int *descriptors, size_t count) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t length = strlen(address);
    if (length >= sizeof to.sun_path || count > SYSTEMD_MAX_DESCRIPTORS) return -E2BIG;
    memcpy(to.sun_path, address, length);
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + length + 1;
    if (address[0] == '@') {
        to.sun_path[0] = 0;
        size -= 1;  // an abstract name has no end mark
    }
    union { char room[CMSG_SPACE(SYSTEMD_MAX_DESCRIPTORS * sizeof(int))]; struct cmsghdr aligned; } control = {0};
    struct iovec text = {.iov_base = (char *)state, .iov_len = strlen(state)};
    struct msghdr message = {.msg_name = &to, .msg_namelen = size, .msg_iov = &text, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int))};
        memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
    }
    int out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (out < 0) return -errno;
    // pid 1 reads late while it reloads; five seconds are far below any WatchdogSec= that makes sense.
    struct timeval patience = {.tv_sec = 5};
    setsockopt(out, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ssize_t sent;
    do sent = sendmsg(out, &message, MSG_NOSIGNAL); while (sent < 0 && errno == EINTR);
    int result = sent < 0 ? -errno : 0;
    close(out);
    return result;
}

int systemd_journal_send(const struct iovec *fields, size_t count, systemd_reason *reason) {
    int result = systemd_available(reason);
    if (result < 0) return result;
    result = lib.sd_journal_sendv(fields, (int)count);
    if (result >= 0) return 0;
    snprintf(reason->text, sizeof reason->text, "%s", strerror(-result));
    return result;
}
