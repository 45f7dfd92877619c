// The connection to heapsnapd: an abstract socket that only root and the service's own user may use, one controller at a time,
// messages of a length in four bytes, little endian, and up to 64 KiB of JSON. Agent's thread only; nothing here ever waits.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "Text.h"

namespace agent {

class Controller {
public:
    static constexpr size_t mostBytes = 65536;
    static constexpr int mostDescriptors = 8;

    // False where another socket has this name: the agent was loaded twice.
    bool listen(int pid, uint64_t startTime);
    int listener() const { return listener_; }
    int connection() const { return connection_; }
    bool isConnected() const { return connection_ >= 0; }
    bool isSending() const { return unsent_ > 0; }

    // Answers whether there is a new controller.
    bool accept();
    // Reads what is there and calls `handle` for each message. False where the connection has ended.
    bool receive(void (*handle)(const char* bytes, size_t length));
    void flush();
    void close();

    // A message is written into `begin()` and sent by `send`; a controller that does not read is left.
    Text begin(const char* type);
    void send(Text& text);
    // Only while nothing waits: events are dropped rather than queued.
    void sendEvent(Text& text);

    // The next descriptor that came with a message, or -1.
    int takeDescriptor();
    void dropDescriptors();

private:
    void keepDescriptors(const void* header);
    int listener_ = -1;
    int connection_ = -1;
    int descriptors_[mostDescriptors];
    int descriptorCount_ = 0;
    size_t received_ = 0;
    size_t unsent_ = 0;
};

extern Controller controller;

}  // namespace agent
