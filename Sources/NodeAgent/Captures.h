// The captures from request to the end of the copy. Agent's thread only.
#pragma once
#include <stdint.h>

#include "Fork.h"

struct pollfd;

namespace agent {

struct LimitReport;

struct Capture {
    enum Phase : int {
        isFree,
        isSettling,  // waits until the other threads sleep
        isAsked,     // the isolate has been asked
        isLiving,    // the copy runs
    };
    Phase phase = isFree;
    int64_t id = 0;
    int64_t term = 0;  // of the controller that asked for it
    int64_t isolate = 0;
    Slot* slot = nullptr;
    bool atLimit = false;  // made by the near-heap-limit callback of `slot`
    CopyOrder order;
    int64_t settleBy = 0;
    int64_t deadline = 0;
    int64_t begun = 0;
    int64_t settled = 0;  // how long it waited for sleeping threads
    int declined = 0;     // how often the isolate then found one awake
    int child = 0;
    int pidfd = -1;
    int64_t forked = 0;
    uint64_t faults = 0;
};

constexpr int mostCaptures = 8;
extern Capture captures[mostCaptures];

// The order's descriptors are the capture's from here on.
void beginCapture(Slot& slot, const CopyOrder& order, int64_t term, int64_t timeout);
// False where that controller has none of that id.
bool cancelCapture(int64_t term, int64_t id);
// The controller has gone: what has not begun is given up.
void abandonCaptures();

// Moves each on; answers when to look again (`now()`), or -1.
int64_t advanceCaptures();
// The isolate has made the copy, or could not.
void copyMade(Slot& slot);
void limitCopiesMade(Slot& slot);
void slotEnded(Slot& slot);

int pollCaptures(pollfd* descriptors);

}  // namespace agent
