#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct connection {
    const char *name;
    size_t length;
    int network_namespace;
    int socket;
    int error;
};

static void *connect_abstract(void *argument) {
    struct connection *wish = argument;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    wish->socket = -1;
    if (wish->length >= sizeof address.sun_path) {
        wish->error = ENAMETOOLONG;
        return NULL;
    }
    memcpy(address.sun_path + 1, wish->name, wish->length);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + wish->length);
    if (wish->network_namespace < 0 || setns(wish->network_namespace, CLONE_NEWNET) == 0) {
        wish->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    }
    if (wish->socket < 0 || connect(wish->socket, (struct sockaddr *)&address, size) != 0) {
        wish->error = errno;
        if (wish->socket >= 0) close(wish->socket);
        wish->socket = -1;
    }
    return NULL;
}

int linux_connect_abstract(const char *name, size_t length, int network_namespace) {
    struct connection wish = {.name = name, .length = length, .network_namespace = network_namespace};
    if (network_namespace < 0) {
        connect_abstract(&wish);
    } else {
        // setns changes the calling thread for good, and ours belong to Swift.
        pthread_t thread;
        int error = pthread_create(&thread, NULL, connect_abstract, &wish);
        if (error != 0) {
            errno = error;
            return -1;
        }
        pthread_join(thread, NULL);
    }
    if (wish.socket < 0) errno = wish.error;
    return wish.socket;
}

int linux_control_pair(int pair[2]) {
    int on = 1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) return -1;
    if (setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0) return 0;
    int error = errno;
    close(pair[0]);
    close(pair[1]);
    errno = error;
    return -1;
}

pid_t linux_peer(int socket) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : -1;
}

ssize_t linux_send(int socket, const void *bytes, size_t length, const int *descriptors, size_t count) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int) * 4)];
    } control;
    struct iovec place = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &place, .msg_iovlen = 1};
    if (count > 4) {
        errno = EINVAL;
        return -1;
    }
    if (count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * count);
    }
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t linux_receive(int socket, void *bytes, size_t length, pid_t *sender) {
    // Four descriptors have room here where the socket has no credentials to tell; more the kernel closes by itself.
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec place = {.iov_base = bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &place, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    *sender = 0;
    ssize_t count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0) return -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
            *sender = credentials.pid;
        }
        // Nobody has descriptors for us: a service that sends them would fill our table.
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
            for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
                int received;
                memcpy(&received, CMSG_DATA(header) + at, sizeof received);
                close(received);
            }
        }
    }
    return count;
}
