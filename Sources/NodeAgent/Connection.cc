#include "Connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "Kernel.h"

namespace agent {

Connection connections[mostConnections];

namespace {

// Zeroes until they are used, so that places that nobody takes cost the service no memory.
struct Buffers {
    char input[4 + Connection::mostBytes];
    char output[4 + Connection::mostBytes];  // what the socket did not take yet
};
Buffers buffers[mostConnections];
char message[4 + Connection::mostBytes];  // the one that is being written

int listening = -1;
int64_t terms = 0;

Buffers& buffersOf(const Connection* connection) { return buffers[connection - connections]; }

bool mayConnect(int descriptor) {
    ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

}  // namespace

Connection* controller() {
    for (Connection& connection : connections)
        if (connection.isOpen() && connection.term) return &connection;
    return nullptr;
}

Connection* controllerOf(int64_t term) {
    Connection* current = controller();
    return current && current->term == term ? current : nullptr;
}

bool takeControl(Connection& connection) {
    if (Connection* current = controller()) return current == &connection;
    connection.term = ++terms;
    return true;
}

bool listenAs(int pid, uint64_t startTime) {
    sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    int length = snprintf(
        address.sun_path + 1, sizeof address.sun_path - 1, "heapsnapd.%d.%llu", pid, static_cast<unsigned long long>(startTime));
    auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(length));
    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listening < 0) return false;
    if (bind(listening, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listening, mostConnections) == 0) return true;
    closeIfOpen(listening);
    return false;
}

int listener() { return listening; }

Connection* acceptConnection() {
    int descriptor = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0) return nullptr;
    if (!mayConnect(descriptor)) {
        ::close(descriptor);
        return nullptr;
    }
    Connection* free = nullptr;
    int observers = 0;
    for (Connection& connection : connections) {
        if (!connection.isOpen()) free = &connection;
        else if (!connection.term) observers++;
    }
    if (!free) {
        static const char busy[] = "\x0f\0\0\0{\"type\":\"busy\"}";
        if (send(descriptor, busy, sizeof busy - 1, MSG_NOSIGNAL) < 0) errno = 0;
        ::close(descriptor);
        return nullptr;
    }
    free->open(descriptor);
    free->isSurplus = observers == mostObservers;
    return free;
}

Text beginMessage(const char* type) {
    Text text(message + 4, Connection::mostBytes - 1);
    text.raw("{").member("type", type);
    return text;
}

void Connection::open(int descriptor) {
    *this = Connection();
    descriptor_ = descriptor;
}

void Connection::close() {
    dropDescriptors();
    closeIfOpen(descriptor_);
    *this = Connection();
}

void Connection::keepDescriptors(const void* header) {
    // CMSG_NXTHDR would call __cmsg_nxthdr, which musl does not have.
    auto* received = static_cast<const msghdr*>(header);
    auto* at = static_cast<char*>(received->msg_control);
    char* end = at + received->msg_controllen;
    for (size_t length = 0; static_cast<size_t>(end - at) >= sizeof(cmsghdr); at += CMSG_ALIGN(length)) {
        auto* control = reinterpret_cast<cmsghdr*>(at);
        length = control->cmsg_len;
        if (length < sizeof(cmsghdr) || length > static_cast<size_t>(end - at)) break;
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (length - CMSG_LEN(0)) / sizeof(int);
        for (size_t number = 0; number < count; number++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(control) + number * sizeof descriptor, sizeof descriptor);
            if (descriptorCount_ < mostDescriptors) descriptors_[descriptorCount_++] = descriptor;
            else ::close(descriptor);
        }
    }
}

bool Connection::receive(void (*handle)(Connection&, const char*, size_t)) {
    char* input = buffersOf(this).input;
    alignas(cmsghdr) char ancillary[CMSG_SPACE(sizeof(int) * mostDescriptors)];
    iovec place{input + received_, sizeof(Buffers::input) - received_};
    msghdr header;
    memset(&header, 0, sizeof header);
    header.msg_iov = &place;
    header.msg_iovlen = 1;
    header.msg_control = ancillary;
    header.msg_controllen = sizeof ancillary;
    long count = recvmsg(descriptor_, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    keepDescriptors(&header);
    if (count == 0) return false;
    received_ += static_cast<size_t>(count);
    size_t at = 0;
    while (received_ - at >= 4 && isOpen()) {
        uint32_t length;
        memcpy(&length, input + at, 4);
        if (length == 0 || length > mostBytes) {
            Text text = beginMessage("error");
            text.member("code", "invalid").member("message", "a message has 1 to 65536 bytes");
            send(text);
            return false;
        }
        if (received_ - at < 4 + length) break;
        handle(*this, input + at + 4, length);
        at += 4 + length;
    }
    if (!isOpen()) return true;  // the handler has ended it
    received_ -= at;
    memmove(input, input + at, received_);
    if (!received_) dropDescriptors();
    return true;
}

void Connection::send(const Text& text) {
    if (!isOpen() || text.overflowed()) return;
    message[4 + text.length()] = '}';
    auto length = static_cast<uint32_t>(text.length() + 1);
    memcpy(message, &length, 4);
    size_t size = 4 + length, sent = 0;
    if (!unsent_) {
        long count = ::send(descriptor_, message, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) sent = static_cast<size_t>(count);
        else if (count < 0 && errno != EAGAIN && errno != EINTR) return;  // its end will be read
    }
    if (sent == size) return;
    char* output = buffersOf(this).output;
    if (size - sent > sizeof(Buffers::output) - unsent_) {
        close();
        return;
    }
    memcpy(output + unsent_, message + sent, size - sent);
    unsent_ += size - sent;
}

void Connection::sendEvent(const Text& text) {
    if (!unsent_) send(text);
}

void Connection::flush() {
    if (!unsent_) return;
    char* output = buffersOf(this).output;
    long count = ::send(descriptor_, output, unsent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count <= 0) return;
    unsent_ -= static_cast<size_t>(count);
    memmove(output, output + count, unsent_);
}

int Connection::takeDescriptor() {
    if (!descriptorCount_) return -1;
    int first = descriptors_[0];
    descriptorCount_--;
    memmove(descriptors_, descriptors_ + 1, static_cast<size_t>(descriptorCount_) * sizeof(int));
    return first;
}

void Connection::dropDescriptors() {
    while (descriptorCount_) ::close(descriptors_[--descriptorCount_]);
}

}  // namespace agent
