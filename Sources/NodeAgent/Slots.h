// One slot for each isolate (the main thread's and each worker's) that has loaded the agent, in memory that is never given back, so
// that an interrupt that comes late always finds one.
//
// The agent's thread asks for work with `ask`; the isolate's own thread does it, woken by an interrupt or by its event loop,
// whichever comes first (contract 19). Who takes a bit out of `wanted` owns that work: the other one finds nothing to do.
#pragma once
#include <atomic>
#include <stddef.h>
#include <stdint.h>

#include "Engine.h"
#include "Fork.h"
#include "GarbageCollection.h"
#include "NearHeapLimit.h"

namespace agent {

enum Work : uint32_t {
    readHeap = 1,
    makeCopy = 2,
    watchCollections = 4,
    ignoreCollections = 8,
    guardLimit = 16,
    unguardLimit = 32,
    forgetIDs = 64,
    limitReached = 128,  // never asked for: reported by the near-heap-limit callback
};

struct Slot {
    enum State : int { isFree, isLive, isClosing, isClosed };

    std::atomic<int> state{isFree};
    int64_t id = 0;  // never used twice in a process
    Isolate* isolate = nullptr;
    Environment* environment = nullptr;
    int thread = 0;
    bool isMain = false;
    bool hasAsync = false;
    void* cleanup = nullptr;
    alignas(16) char async[256];  // uv_async_t: 128 bytes in libuv 1.44 to 1.51

    std::atomic<uint32_t> wanted{0};
    std::atomic<uint32_t> finished{0};
    std::atomic<bool> interruptQueued{false};

    // Written before the bit is put into `wanted` or `finished`, read after it was taken out.
    HeapStatistics heap;
    CopyOrder order;
    CopyReport report;
    LimitReport limit;
    // A copy has been made at the limit and lives, or was complete: at the next meeting the process ends as it would without us, and Node's
    // own callback stays masked, so that one event leaves one snapshot. Set by the isolate's thread, taken back by the agent's.
    std::atomic<bool> limitServed{false};

    // What the isolate's thread has switched on; that thread only.
    bool watchesCollections = false;
    bool guardsLimit = false;
    std::atomic<bool> tracksIDs{false};  // read by the agent's thread, too
    Collections collections;

    // What the agent's thread has asked for; that thread only.
    bool askedToWatch = false;
    bool askedToGuard = false;
    bool isQueried = false;  // a list of isolates waits for it
    bool hasAnswered = false;
    int64_t huntSince = 0;  // Unix time, nanoseconds
    int64_t huntUntil = 0;  // `now()`
    bool asksToForget = false;
    Usage usage;
};

constexpr int mostSlots = 1024;
extern Slot* const slots;

// On the isolate's thread. Null where there is no slot left.
Slot* takeSlot(Isolate* isolate, Environment* environment);

// On the agent's thread. False where the isolate is ending.
bool ask(Slot& slot, uint32_t work);
// Takes back what has not begun; answers the bits that it got.
uint32_t takeBack(Slot& slot, uint32_t work);
// Gives slots of isolates that have ended back, once `settle` was called for each.
void recycleSlots(void (*settle)(Slot&));
int usedSlots();  // slots from this number on have never been used
Slot* findSlot(int64_t id);

// Wakes the agent's thread. On any thread; never blocks.
void wakeAgent();
extern int wakeDescriptor;

}  // namespace agent
