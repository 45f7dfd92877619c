// The connections to heapsnapd: an abstract socket that only root and the service's own user may use, messages of a length in four
// bytes, little endian, and up to 64 KiB of JSON. One of them may be the controller; the others observe. Agent's thread only; nothing
// here ever waits.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "Text.h"

namespace agent {

class Connection {
public:
    static constexpr size_t mostBytes = 65536;
    static constexpr int mostDescriptors = 8;

    void open(int descriptor);
    void close();
    int descriptor() const { return descriptor_; }
    bool isOpen() const { return descriptor_ >= 0; }
    bool isSending() const { return unsent_ > 0; }

    // Reads what is there and calls `handle` for each message. False where the connection has ended.
    bool receive(void (*handle)(Connection& from, const char* bytes, size_t length));
    void flush();
    // The message that was begun last; its closing bracket is put behind it. A reader that does not read is left.
    void send(const Text& text);
    // Only while nothing waits: events are dropped rather than queued.
    void sendEvent(const Text& text);

    // The next descriptor that came with a message, or -1.
    int takeDescriptor();
    void dropDescriptors();

    // Above 0: it is, or was, the controller, the so-manieth of this process.
    int64_t term = 0;
    // It came when others observed from all their places: it may become the controller, and nothing else.
    bool isSurplus = false;
    bool tellsCollections = false;
    bool tellsLeaks = false;
    // A list of isolates that it waits for: the request's id, or -1.
    int64_t queryID = -1;
    int64_t queriedIsolate = -1;  // -1: all
    int64_t queryDeadline = 0;

private:
    void keepDescriptors(const void* header);
    int descriptor_ = -1;
    int descriptors_[mostDescriptors] = {};
    int descriptorCount_ = 0;
    size_t received_ = 0;
    size_t unsent_ = 0;
};

constexpr int mostObservers = 4;
constexpr int mostConnections = mostObservers + 1;
extern Connection connections[mostConnections];

// Null where nobody controls.
Connection* controller();
// The controller of that term, while it is there: an answer to an earlier one is nobody's.
Connection* controllerOf(int64_t term);
// False where another has control.
bool takeControl(Connection& connection);

// False where another socket has this name: the agent was loaded twice.
bool listenAs(int pid, uint64_t startTime);
int listener();
// Null where there is no new connection: nobody came, or nobody who may, or there is no room, which is told.
Connection* acceptConnection();

// A message is written into this, but for its closing bracket, and sent before the next is begun.
Text beginMessage(const char* type);

}  // namespace agent
