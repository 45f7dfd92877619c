#include "Observing.h"

#include "Connection.h"
#include "Json.h"
#include "Kernel.h"
#include "Replies.h"
#include "Slots.h"

namespace agent {

namespace {

constexpr int64_t patience = 2000000000;  // contract 19

bool someoneWaits() {
    for (const Connection& connection : connections)
        if (connection.queryID >= 0) return true;
    return false;
}

}  // namespace

// A list that another waits for already is shared: what has answered has done so within 2 s, and what has not has its full time.
void listIsolates(Connection& from, int64_t id) {
    if (from.queryID >= 0) return replyFailed(&from, id, "busy", "isolates are being listed");
    bool isShared = someoneWaits();
    from.queryID = id;
    from.queryDeadline = now() + patience;
    for (int at = 0; at < usedSlots(); at++) {
        Slot& slot = slots[at];
        if (isShared && slot.isQueried) continue;
        slot.hasAnswered = false;
        slot.isQueried = slot.state.load() == Slot::isLive && engine.heapStatistics && ask(slot, readHeap);
    }
}

void subscribe(Connection& from, int64_t id, const Message& message) {
    if (!engine.canWatchCollections()) {
        return replyFailed(&from, id, "missing", "this node lacks what garbage collection statistics need");
    }
    from.tellsCollections = message.lists("events", "gc");
    from.tellsLeaks = message.lists("events", "leak");
    replyDone(&from, id, "subscribed");
}

bool isSubscribed() {
    for (const Connection& connection : connections)
        if (connection.tellsCollections || connection.tellsLeaks) return true;
    return false;
}

int64_t answerLists() {
    bool isComplete = true;
    for (int at = 0; at < usedSlots(); at++)
        if (slots[at].state.load() == Slot::isLive && slots[at].isQueried && !slots[at].hasAnswered) isComplete = false;
    int64_t next = -1, time = now();
    for (Connection& connection : connections) {
        if (connection.queryID < 0) continue;
        if (!isComplete && time < connection.queryDeadline) {
            next = sooner(next, connection.queryDeadline);
            continue;
        }
        int64_t id = connection.queryID;
        connection.queryID = -1;
        replyIsolates(&connection, id);
    }
    if (next >= 0) return next;
    // Nobody waits any more for those that were not reached.
    for (int at = 0; at < usedSlots(); at++)
        if (slots[at].isQueried && !slots[at].hasAnswered) takeBack(slots[at], readHeap);
    return -1;
}

}  // namespace agent
