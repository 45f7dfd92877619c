#include "ExactIds.h"

#include "Kernel.h"
#include "Slots.h"

namespace agent {

void keepIDs(Slot& slot, int64_t duration) {
    int64_t time = now();
    int64_t until = time + (duration < longestHunt ? duration : longestHunt);
    // Its end may have been asked for already: what has not begun is taken back, and the ids are the same as before.
    bool goesOn = slot.tracksIDs.load() && (!slot.asksToForget || takeBack(slot, forgetIDs));
    slot.asksToForget = false;
    if (!goesOn) slot.huntSince = calendar(time);
    slot.huntUntil = goesOn && slot.huntUntil > until ? slot.huntUntil : until;
}

void endHunts(int64_t isolate) {
    for (int at = 0; at < usedSlots(); at++)
        if (isolate < 0 || slots[at].id == isolate) slots[at].huntUntil = 0;
}

int64_t advanceHunts() {
    int64_t next = -1, time = now();
    for (int at = 0; at < usedSlots(); at++) {
        Slot& slot = slots[at];
        if (slot.state.load() != Slot::isLive || !slot.tracksIDs.load() || slot.asksToForget) continue;
        if (time < slot.huntUntil) next = sooner(next, slot.huntUntil);
        else slot.asksToForget = ask(slot, forgetIDs);
    }
    return next;
}

void idsForgotten(Slot& slot) { slot.asksToForget = false; }

void writeHunt(Text& text, const Slot& slot) {
    if (!slot.tracksIDs.load()) return;
    int64_t time = now();
    int64_t left = slot.huntUntil > time ? slot.huntUntil - time : 0;
    text.open("exactIds", '{').key("since").seconds(slot.huntSince).key("until").seconds(calendar(time + left)).raw("}");
}

}  // namespace agent
