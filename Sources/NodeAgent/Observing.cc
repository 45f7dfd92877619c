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

bool isWanted(const Connection& connection, const Slot& slot) {
    return connection.queriedIsolate < 0 || connection.queriedIsolate == slot.id;
}

bool isComplete(const Connection& connection) {
    for (int at = 0; at < usedSlots(); at++) {
        const Slot& slot = slots[at];
        if (slot.state.load() == Slot::isLive && slot.isQueried && !slot.hasAnswered && isWanted(connection, slot)) return false;
    }
    return true;
}

}  // namespace

// A list that another waits for already is shared: what has answered has done so within 2 s, and what has not has its full time.
void listIsolates(Connection& from, int64_t id, int64_t only) {
    if (from.queryID >= 0) return replyFailed(&from, id, "busy", "isolates are being listed");
    bool isShared = someoneWaits();
    from.queryID = id;
    from.queriedIsolate = only;
    from.queryDeadline = now() + patience;
    for (int at = 0; at < usedSlots(); at++) {
        Slot& slot = slots[at];
        if (isShared && slot.isQueried) continue;
        slot.hasAnswered = false;
        slot.isQueried = slot.state.load() == Slot::isLive && isWanted(from, slot) && engine.heapStatistics && ask(slot, readHeap);
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
    int64_t next = -1, time = now();
    for (Connection& connection : connections) {
        if (connection.queryID < 0) continue;
        if (!isComplete(connection) && time < connection.queryDeadline) {
            next = sooner(next, connection.queryDeadline);
            continue;
        }
        int64_t id = connection.queryID;
        connection.queryID = -1;
        replyIsolates(connection, id);
    }
    if (next >= 0) return next;
    // Nobody waits any more for those that were not reached.
    for (int at = 0; at < usedSlots(); at++)
        if (slots[at].isQueried && !slots[at].hasAnswered) takeBack(slots[at], readHeap);
    return -1;
}

}  // namespace agent
