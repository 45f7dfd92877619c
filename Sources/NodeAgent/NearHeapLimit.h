// A copy at the last moment: V8 asks for a higher limit before it gives up (contract 22). Only the callback that was added last is
// asked, so ours is added while heapsnapd has armed it and taken out after; Node's own stays as the net below.
#pragma once
#include <atomic>
#include <stdint.h>

#include "Fork.h"

namespace agent {

struct Slot;

// A pair of descriptors that waits for the first isolate to get there.
struct Guard {
    enum State : int { isFree, isArmed, isTaken };
    std::atomic<int> state{isFree};
    int64_t id = 0;        // the request that armed it
    int64_t term = 0;      // of the controller that did
    int64_t isolate = -1;  // -1: whichever comes first
    int output = -1;
    int control = -1;
    char fault[16] = {};
};
constexpr int mostGuards = 8;
extern Guard guards[mostGuards];

struct LimitReport {
    Guard* guard = nullptr;    // null: nothing was armed for this isolate any more
    CopyReport copies[2];
    int count = 0;
    uint64_t limit = 0;        // V8's, before
    uint64_t raised = 0;
    bool marked = false;       // the copy was through marking within the 50 ms
};

// On the isolate's thread.
void startGuarding(Slot& slot);
void stopGuarding(Slot& slot);

}  // namespace agent
