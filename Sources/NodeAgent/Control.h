// What the copy says on its control socket: a length in four bytes, little endian, and JSON. It never waits for the reader, but for
// the last word.
#pragma once
#include <stdint.h>

namespace agent {

class Text;

class Control {
public:
    explicit Control(int socket) : socket_(socket) {}
    void ready(int64_t capture, int64_t isolate, bool nearLimit);
    // At most ten a second.
    void progress(const char* phase, uint64_t done, uint64_t total);
    void phase(const char* phase);
    void finished(uint64_t bytes);

private:
    void send(const Text& text, bool last);
    int socket_;
    int64_t latest_ = 0;
};

}  // namespace agent
