#include "GarbageCollection.h"

#include "Kernel.h"
#include "Slots.h"

namespace agent {

void Collections::reset() {
    head_.store(0);
    tail_.store(0);
    others_.store(0);
    began_ = 0;
}

void Collections::begin() { began_ = now(); }

bool Collections::put(const Collection& collection) {
    uint32_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == capacity) return false;
    ring_[head % capacity] = collection;
    head_.store(head + 1, std::memory_order_release);
    return true;
}

bool Collections::take(Collection& collection) {
    uint32_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return false;
    collection = ring_[tail % capacity];
    tail_.store(tail + 1, std::memory_order_release);
    return true;
}

namespace {

void beforeCollection(Isolate*, int, int, void* context) { static_cast<Slot*>(context)->collections.begin(); }

void afterCollection(Isolate* isolate, int type, int, void* context) {
    if (isCopy) return;
    auto* slot = static_cast<Slot*>(context);
    if (type != markSweepCompact) {
        slot->collections.countOther();
        return;
    }
    HeapStatistics heap;
    engine.heapStatistics(isolate, &heap);
    int64_t time = now();
    int64_t began = slot->collections.began();
    slot->collections.put({time, began ? time - began : 0, heap.usedHeapSize, heap.heapSizeLimit});
    wakeAgent();
}

}  // namespace

void startWatching(Slot& slot) {
    if (slot.watchesCollections) return;
    slot.watchesCollections = true;
    if (engine.addPrologue && engine.removePrologue) engine.addPrologue(slot.isolate, beforeCollection, &slot, markSweepCompact);
    engine.addEpilogue(slot.isolate, afterCollection, &slot, scavenge | minorMarkSweep | markSweepCompact);
}

void stopWatching(Slot& slot) {
    if (!slot.watchesCollections) return;
    slot.watchesCollections = false;
    if (engine.addPrologue && engine.removePrologue) engine.removePrologue(slot.isolate, beforeCollection, &slot);
    engine.removeEpilogue(slot.isolate, afterCollection, &slot);
}

}  // namespace agent
