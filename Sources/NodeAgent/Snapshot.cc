#include "Snapshot.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "Control.h"
#include "Engine.h"
#include "ExitCodes.h"
#include "Kernel.h"
#include "Slots.h"

namespace agent {

namespace {

// v8::ActivityControl. V8 calls the functions by their place in the table: two destructors, then the one of its own.
class Activity {
public:
    Activity(Control& control, int marking) : control_(control), marking_(marking) {}
    virtual ~Activity() {}
    virtual int report(uint32_t done, uint32_t total) {
        if (marking_ >= 0) {
            if (write(marking_, "m", 1) < 0) errno = 0;
            closeIfOpen(marking_);
        }
        if (!begun_) control_.phase("walking");
        begun_ = true;
        control_.progress("walking", done, total);
        return 0;  // kContinue
    }

private:
    Control& control_;
    int marking_;
    bool begun_ = false;
};

// v8::OutputStream.
class Output {
public:
    Output(Control& control, int descriptor) : control_(control), descriptor_(descriptor) {}
    virtual ~Output() {}
    virtual void endOfStream() { ended = true; }
    virtual int chunkSize() { return 256 * 1024; }
    virtual int writeText(char* bytes, int size) {
        auto left = static_cast<size_t>(size);
        while (left) {
            long count = ::write(descriptor_, bytes, left);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EAGAIN) {
                pollfd ready{descriptor_, POLLOUT, 0};
                poll(&ready, 1, 1000);
                continue;
            }
            if (count <= 0) {
                failure = count < 0 && errno == EPIPE ? outputClosed : writeFailed;
                return 1;  // kAbort
            }
            bytes += count;
            left -= static_cast<size_t>(count);
            written += static_cast<uint64_t>(count);
        }
        control_.progress("writing", written, 0);
        return 0;  // kContinue
    }
    virtual int writeStatistics(void*, int) { return 1; }

    uint64_t written = 0;
    int failure = 0;
    bool ended = false;

private:
    Control& control_;
    int descriptor_;
};

}  // namespace

int takeSnapshot(Slot& slot, const CopyOrder& order, Control& control) {
    void* scope = nullptr;
    if (engine.openScope) engine.openScope(slot.environment, &scope);
    control.phase("marking");
    Activity activity(control, order.marking);
    const void* snapshot = engine.takeHeapSnapshot(engine.heapProfiler(slot.isolate), &activity, nullptr, true, false);
    if (!snapshot) return noSnapshot;
    control.phase("writing");
    Output output(control, order.output);
    engine.serialize(snapshot, &output, 0 /* kJSON */);
    if (output.failure) return output.failure;
    if (!output.ended) return noSnapshot;
    close(order.output);
    control.finished(output.written);
    return done;
}

}  // namespace agent

// The deleting destructors refer to one of them and nobody calls it.
void operator delete(void*) noexcept {}
void operator delete(void*, unsigned long) noexcept {}
