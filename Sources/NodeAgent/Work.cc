#include "Work.h"

#include "Kernel.h"
#include "NearHeapLimit.h"
#include "Slots.h"

namespace agent {

namespace {

// Object ids stay the same from one copy to the next while the service itself keeps them, at 3 to 6 times slower allocation. Asked once
// more V8 numbers what is new since: a copy's own numbers end with it.
void trackIDs(Slot& slot) {
    engine.startTrackingIDs(engine.heapProfiler(slot.isolate), false);
    slot.tracksIDs.store(true);
}

void forget(Slot& slot) {
    if (!slot.tracksIDs.load()) return;
    void* profiler = engine.heapProfiler(slot.isolate);
    engine.stopTrackingIDs(profiler);
    engine.clearIDs(profiler);
    slot.tracksIDs.store(false);
}

}  // namespace

void work(Slot& slot, bool byLoop) {
    if (isCopy) return;
    uint32_t wanted = slot.wanted.exchange(0);
    if (!wanted) return;
    int64_t entry = now();
    if (wanted & forgetIDs) forget(slot);
    if (wanted & unguardLimit) stopGuarding(slot);
    if (wanted & ignoreCollections) stopWatching(slot);
    if (wanted & watchCollections) startWatching(slot);
    if (wanted & guardLimit) startGuarding(slot);
    if (wanted & readHeap) engine.heapStatistics(slot.isolate, &slot.heap);
    if (wanted & makeCopy) {
        CopyOrder& order = slot.order;
        slot.report = CopyReport();
        if (order.exactIDs) trackIDs(slot);
        slot.report.numbering = now() - entry;
        makeCopyOf(slot, order, entry, slot.report);
        slot.report.wokenBy = byLoop ? "loop" : "interrupt";
        if (!slot.report.declined) {
            closeIfOpen(order.output);
            closeIfOpen(order.control);
        }
    }
    slot.finished.fetch_or(wanted);
    wakeAgent();
}

void stopWork(Slot& slot) {
    stopGuarding(slot);
    stopWatching(slot);
    slot.tracksIDs.store(false);
}

}  // namespace agent
