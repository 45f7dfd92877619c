#include "Control.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "Kernel.h"
#include "Text.h"

namespace agent {

void Control::send(const Text& text, bool last) {
    char frame[512];
    auto length = static_cast<uint32_t>(text.length());
    if (text.overflowed() || length > sizeof frame - 4) return;
    memcpy(frame, &length, 4);
    memcpy(frame + 4, text.bytes(), length);
    for (int attempt = 0; attempt < (last ? 50 : 1); attempt++) {
        if (::send(socket_, frame, length + 4, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return;
        // Not poll(POLLOUT): it would make room for SIGIO (see Child.cc).
        if (last) poll(nullptr, 0, 20);
    }
}

void Control::ready(int64_t capture, int64_t isolate, bool nearLimit) {
    char memory[256];
    Text text(memory, sizeof memory);
    text.raw("{").member("type", "ready").member("capture", capture).member("isolate", isolate).member("pid", getpid());
    text.member("reason", nearLimit ? "nearHeapLimit" : "request").raw("}");
    send(text, true);
}

void Control::progress(const char* phase, uint64_t done, uint64_t total) {
    int64_t time = now();
    if (time - latest_ < 100000000) return;
    latest_ = time;
    char memory[256];
    Text text(memory, sizeof memory);
    text.raw("{").member("type", "progress").member("phase", phase).member("done", done);
    if (total) text.member("total", total);
    send(text.raw("}"), false);
}

void Control::phase(const char* phase) {
    latest_ = 0;  // a short phase has its progress, too
    char memory[128];
    Text text(memory, sizeof memory);
    send(text.raw("{").member("type", "phase").member("phase", phase).raw("}"), false);
}

void Control::finished(uint64_t bytes) {
    fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) & ~O_ASYNC);  // heapsnapd may close as soon as it has read this
    char memory[128];
    Text text(memory, sizeof memory);
    send(text.raw("{").member("type", "done").member("bytes", bytes).raw("}"), true);
}

}  // namespace agent
