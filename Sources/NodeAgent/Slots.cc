#include "Slots.h"

#include <new>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "Agent.h"
#include "Kernel.h"
#include "Work.h"

namespace agent {

namespace {
// Zeroes until the first use, so that 1,024 slots cost the service no memory; zero is `isFree`.
alignas(Slot) char memory[mostSlots * sizeof(Slot)];
}  // namespace

Slot* const slots = reinterpret_cast<Slot*>(memory);
int wakeDescriptor = -1;

namespace {

// Held around RequestInterrupt and uv_async_send by the agent's thread, and by an isolate's thread that starts or ends: microseconds.
pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
std::atomic<int> used{0};
int64_t nextID = 0;

Slot* slotOfHandle(void* handle) {
    return reinterpret_cast<Slot*>(static_cast<char*>(handle) - offsetof(Slot, async));
}

void onInterrupt(Isolate* isolate, void* context) {
    auto* slot = static_cast<Slot*>(context);
    // A late interrupt of an isolate that has ended its environment may find the slot in other hands.
    if (slot->isolate != isolate || slot->thread != threadID()) return;
    slot->interruptQueued.store(false);
    work(*slot, false);
}

void onAsync(void* handle) { work(*slotOfHandle(handle), true); }

void onClosed(void* handle) {
    Slot* slot = slotOfHandle(handle);
    engine.removeCleanup(slot->cleanup);
    slot->state.store(Slot::isClosed);
    wakeAgent();
}

// Node calls this before it frees the environment and waits until removeCleanup was called.
void onEnvironmentEnd(void*, void* context) {
    auto* slot = static_cast<Slot*>(context);
    if (!isAgentProcess()) {
        engine.removeCleanup(slot->cleanup);
        return;
    }
    pthread_mutex_lock(&guard);
    slot->state.store(Slot::isClosing);
    pthread_mutex_unlock(&guard);
    stopWork(*slot);
    wakeAgent();
    if (slot->hasAsync) engine.closeHandle(slot->async, onClosed);
    else onClosed(slot->async);
}

Slot* claim() {
    for (int at = 0; at < mostSlots; at++) {
        if (slots[at].state.load() != Slot::isFree) continue;
        if (at >= used.load()) {
            new (&slots[at]) Slot();
            used.store(at + 1);
        }
        return &slots[at];
    }
    return nullptr;
}

}  // namespace

Slot* takeSlot(Isolate* isolate, Environment* environment) {
    pthread_mutex_lock(&guard);
    Slot* slot = claim();
    if (slot) {
        slot->id = nextID++;
        slot->state.store(Slot::isClosing);  // taken, not yet to be asked
    }
    pthread_mutex_unlock(&guard);
    if (!slot) return nullptr;

    slot->isolate = isolate;
    slot->environment = environment;
    slot->thread = threadID();
    slot->isMain = slot->thread == getpid();
    slot->wanted.store(0);
    slot->finished.store(0);
    slot->interruptQueued.store(false);
    slot->limitServed.store(false);
    slot->watchesCollections = slot->guardsLimit = false;
    slot->tracksIDs.store(false);
    slot->askedToWatch = slot->askedToGuard = slot->isQueried = slot->hasAnswered = slot->asksToForget = false;
    slot->huntSince = slot->huntUntil = 0;
    slot->collections.reset();
    slot->usage = Usage();

    void* loop = nullptr;
    slot->hasAsync = engine.canWake() && engine.handleSize(1 /* UV_ASYNC */) <= sizeof slot->async &&
        engine.eventLoop(environment, &loop) == 0 && engine.asyncInit(loop, slot->async, onAsync) == 0;
    if (slot->hasAsync) engine.unref(slot->async);
    if (engine.addCleanup(environment, onEnvironmentEnd, slot, &slot->cleanup) != 0) return nullptr;  // the slot stays taken
    slot->state.store(Slot::isLive);
    wakeAgent();
    return slot;
}

bool ask(Slot& slot, uint32_t work) {
    pthread_mutex_lock(&guard);
    bool live = slot.state.load() == Slot::isLive;
    if (live) {
        slot.wanted.fetch_or(work);
        // One interrupt is enough, however much is asked: an idle isolate runs none and would collect them.
        if (engine.requestInterrupt && !slot.interruptQueued.exchange(true)) {
            engine.requestInterrupt(slot.isolate, onInterrupt, &slot);
        }
        if (slot.hasAsync) engine.asyncSend(slot.async);
    }
    pthread_mutex_unlock(&guard);
    return live;
}

uint32_t takeBack(Slot& slot, uint32_t work) { return slot.wanted.fetch_and(~work) & work; }

void recycleSlots(void (*settle)(Slot&)) {
    for (int at = 0; at < used.load(); at++) {
        Slot& slot = slots[at];
        if (slot.state.load() != Slot::isClosed) continue;
        settle(slot);
        slot.state.store(Slot::isFree);
    }
}

int usedSlots() { return used.load(); }

Slot* findSlot(int64_t id) {
    for (int at = 0; at < used.load(); at++)
        if (slots[at].id == id && slots[at].state.load() == Slot::isLive) return &slots[at];
    return nullptr;
}

void wakeAgent() {
    uint64_t one = 1;
    if (wakeDescriptor >= 0 && write(wakeDescriptor, &one, sizeof one) < 0) return;  // EAGAIN: it will wake anyway
}

}  // namespace agent
