#include "NearHeapLimit.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "Kernel.h"
#include "Slots.h"

namespace agent {

Guard guards[mostGuards];

namespace {

// One young generation: three semi-spaces of 16 MB (V8 on 64 bits), as much as Node's own callback gives.
constexpr size_t youngGeneration = size_t(48) << 20;
constexpr int patience = 50;  // milliseconds

Guard* takeGuard(int64_t isolate) {
    for (Guard& guard : guards) {
        int armed = Guard::isArmed;
        if (guard.state.load() == armed && (guard.isolate < 0 || guard.isolate == isolate) &&
            guard.state.compare_exchange_strong(armed, Guard::isTaken)) {
            return &guard;
        }
    }
    return nullptr;
}

enum Outcome { marked, ended, unknown };

// The copy holds the other end: a byte means that marking is over, its end that the copy is gone.
Outcome awaitMarking(int descriptor) {
    pollfd ready{descriptor, POLLIN, 0};
    if (poll(&ready, 1, patience) <= 0) return unknown;
    char byte;
    return read(descriptor, &byte, 1) == 1 ? marked : ended;
}

// Answers whether a copy lives.
bool copyAtLimit(Slot& slot, Guard& guard, LimitReport& report) {
    bool lives = false;
    CopyOrder order;
    order.id = guard.id;
    order.output = guard.output;
    order.control = guard.control;
    order.nearLimit = true;
    for (unsigned at = 0; at < sizeof order.fault; at++) order.fault[at] = guard.fault[at];
    for (report.count = 0; report.count < 2;) {
        int64_t entry = now();
        int ends[2] = {-1, -1};
        if (pipe2(ends, O_CLOEXEC) != 0) ends[0] = ends[1] = -1;
        order.marking = ends[1];
        CopyReport& copy = report.copies[report.count++];
        makeCopyOf(slot, order, entry, copy);
        closeIfOpen(ends[1]);
        Outcome outcome = copy.child > 0 && ends[0] >= 0 ? awaitMarking(ends[0]) : unknown;
        closeIfOpen(ends[0]);
        report.marked = outcome == marked;
        lives = copy.child > 0 && outcome != ended;
        if (outcome != ended) break;
    }
    closeIfOpen(guard.output);
    closeIfOpen(guard.control);
    return lives;
}

// Answers the new limit; the same one as before would end the process at once.
size_t onNearHeapLimit(void* context, size_t current, size_t) {
    if (isCopy) return current * 4;
    auto* slot = static_cast<Slot*>(context);
    if (slot->limitServed.load()) return current;
    LimitReport& report = slot->limit;
    report = LimitReport();
    report.guard = takeGuard(slot->id);
    report.limit = current;
    report.raised = current + youngGeneration;
    if (report.guard && copyAtLimit(*slot, *report.guard, report)) slot->limitServed.store(true);
    else stopGuarding(*slot);
    if (engine.restoreHeapLimit) engine.restoreHeapLimit(slot->isolate, 0.95);
    slot->finished.fetch_or(limitReached);
    wakeAgent();
    return report.raised;
}

}  // namespace

void startGuarding(Slot& slot) {
    if (slot.guardsLimit) return;
    slot.guardsLimit = true;
    engine.addNearHeapLimit(slot.isolate, onNearHeapLimit, &slot);
}

void stopGuarding(Slot& slot) {
    if (!slot.guardsLimit) return;
    slot.guardsLimit = false;
    engine.removeNearHeapLimit(slot.isolate, onNearHeapLimit, 0);
}

}  // namespace agent
