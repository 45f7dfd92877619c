// What V8's collector does, seen through its callbacks, while somebody has subscribed. The isolate's thread writes a sample of each
// full collection into a ring and counts the others; the agent's thread does the arithmetic.
#pragma once
#include <atomic>
#include <stddef.h>
#include <stdint.h>

#include "Usage.h"

namespace agent {

struct Slot;

class Collections {
public:
    static constexpr uint32_t capacity = 32;  // a full collection takes milliseconds, the agent's thread microseconds

    void reset();
    void begin();
    // Called at the end of a full collection. False where the ring is full.
    bool put(const Collection& collection);
    void countOther() { others_.fetch_add(1, std::memory_order_relaxed); }
    int64_t began() const { return began_; }

    // On the agent's thread.
    bool take(Collection& collection);
    uint64_t others() const { return others_.load(std::memory_order_relaxed); }

private:
    Collection ring_[capacity];
    std::atomic<uint32_t> head_{0};
    std::atomic<uint32_t> tail_{0};
    std::atomic<uint64_t> others_{0};
    int64_t began_ = 0;
};

// On the isolate's thread.
void startWatching(Slot& slot);
void stopWatching(Slot& slot);

}  // namespace agent
