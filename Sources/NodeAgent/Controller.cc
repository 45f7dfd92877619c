#include "Controller.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "Kernel.h"

namespace agent {

Controller controller;

namespace {

char input[4 + Controller::mostBytes];
char message[4 + Controller::mostBytes];  // the one that is being written
char output[4 + Controller::mostBytes];   // what the socket did not take yet

bool mayControl(int connection) {
    ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

}  // namespace

bool Controller::listen(int pid, uint64_t startTime) {
    sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    int length = snprintf(
        address.sun_path + 1, sizeof address.sun_path - 1, "heapsnapd.%d.%llu", pid, static_cast<unsigned long long>(startTime));
    auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(length));
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener_ < 0) return false;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(listener_, 4) == 0) return true;
    closeIfOpen(listener_);
    return false;
}

bool Controller::accept() {
    int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0) return false;
    if (!mayControl(connection)) {
        ::close(connection);
        return false;
    }
    if (isConnected()) {
        static const char busy[] = "\x0f\0\0\0{\"type\":\"busy\"}";
        if (::send(connection, busy, sizeof busy - 1, MSG_NOSIGNAL) < 0) errno = 0;
        ::close(connection);
        return false;
    }
    connection_ = connection;
    received_ = unsent_ = 0;
    return true;
}

void Controller::keepDescriptors(const void* header) {
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

bool Controller::receive(void (*handle)(const char*, size_t)) {
    alignas(cmsghdr) char ancillary[CMSG_SPACE(sizeof(int) * mostDescriptors)];
    iovec place{input + received_, sizeof input - received_};
    msghdr header;
    memset(&header, 0, sizeof header);
    header.msg_iov = &place;
    header.msg_iovlen = 1;
    header.msg_control = ancillary;
    header.msg_controllen = sizeof ancillary;
    long count = recvmsg(connection_, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    keepDescriptors(&header);
    if (count == 0) return false;
    received_ += static_cast<size_t>(count);
    size_t at = 0;
    while (received_ - at >= 4 && isConnected()) {
        uint32_t length;
        memcpy(&length, input + at, 4);
        if (length == 0 || length > mostBytes) {
            Text text = begin("error");
            text.member("code", "invalid").member("message", "a message has 1 to 65536 bytes");
            send(text);
            return false;
        }
        if (received_ - at < 4 + length) break;
        handle(input + at + 4, length);
        at += 4 + length;
    }
    if (!isConnected()) return true;  // the handler has ended it
    received_ -= at;
    memmove(input, input + at, received_);
    if (!received_) dropDescriptors();
    return true;
}

Text Controller::begin(const char* type) {
    Text text(message + 4, mostBytes);
    text.raw("{").member("type", type);
    return text;
}

void Controller::send(Text& text) {
    text.raw("}");
    if (!isConnected() || text.overflowed()) return;
    auto length = static_cast<uint32_t>(text.length());
    memcpy(message, &length, 4);
    size_t size = 4 + text.length(), sent = 0;
    if (!unsent_) {
        long count = ::send(connection_, message, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) sent = static_cast<size_t>(count);
        else if (count < 0 && errno != EAGAIN && errno != EINTR) return;  // its end will be read
    }
    if (sent == size) return;
    if (size - sent > sizeof output - unsent_) {
        close();
        return;
    }
    memcpy(output + unsent_, message + sent, size - sent);
    unsent_ += size - sent;
}

void Controller::sendEvent(Text& text) {
    if (!unsent_) send(text);
}

void Controller::flush() {
    if (!unsent_) return;
    long count = ::send(connection_, output, unsent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count <= 0) return;
    unsent_ -= static_cast<size_t>(count);
    memmove(output, output + count, unsent_);
}

void Controller::close() {
    dropDescriptors();
    closeIfOpen(connection_);
    received_ = unsent_ = 0;
}

int Controller::takeDescriptor() {
    if (!descriptorCount_) return -1;
    int first = descriptors_[0];
    descriptorCount_--;
    memmove(descriptors_, descriptors_ + 1, static_cast<size_t>(descriptorCount_) * sizeof(int));
    return first;
}

void Controller::dropDescriptors() {
    while (descriptorCount_) ::close(descriptors_[--descriptorCount_]);
}

}  // namespace agent
