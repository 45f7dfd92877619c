#include "Commands.h"

#include <string.h>
#include <unistd.h>

#include "Captures.h"
#include "Controller.h"
#include "ImportTable.h"
#include "Json.h"
#include "Kernel.h"
#include "Replies.h"
#include "Slots.h"

namespace agent {

namespace {

constexpr int64_t patience = 2000000000;  // contract 19
constexpr int64_t longestPatience = 60000000000;

bool tellsCollections = false, tellsLeaks = false;
int64_t queryID = -1, queryDeadline = 0;

void refuse(const char* code, const char* message) {
    Text text = controller.begin("error");
    text.member("code", code).member("message", message);
    controller.send(text);
    disarmAll();
    controller.close();
}

#ifdef HEAPSNAPD_FAULTS
void readFault(const Message& message, char (&fault)[16]) {
    static const char* const names[] = {"deadlock", "spin", "segv", "kill", "enospc", "lock", "nowait", "libcfork"};
    for (const char* name : names)
        if (message.is("fault", name)) memcpy(fault, name, strlen(name) + 1);
}
#else
void readFault(const Message&, char (&)[16]) {}
#endif

// The two descriptors that came with it. False, with the answer given, where they did not.
bool takeDescriptors(int64_t id, int& output, int& control) {
    output = controller.takeDescriptor();
    control = controller.takeDescriptor();
    if (output >= 0 && control >= 0) return true;
    closeIfOpen(output);
    replyFailed(id, "descriptors", "an output and a control descriptor must come with it");
    return false;
}

void capture(int64_t id, const Message& message) {
    CopyOrder order;
    order.id = id;
    if (!takeDescriptors(id, order.output, order.control)) return;
    readFault(message, order.fault);
    order.exactIDs = message.flag("exactIds");
    Slot* slot = findSlot(message.whole("isolate", slots[0].id));
    const char* code = !engine.canCapture() ? "missing" : !slot ? "noSuchIsolate" : nullptr;
    if (code) {
        closeIfOpen(order.output);
        closeIfOpen(order.control);
        replyFailed(id, code, slot ? "this node lacks what a capture needs" : "no isolate has this id");
        return;
    }
    int64_t timeout = message.nanoseconds("timeout", patience);
    beginCapture(*slot, order, timeout < longestPatience ? timeout : longestPatience);
}

void list(int64_t id) {
    if (queryID >= 0) {
        replyFailed(id, "busy", "isolates are being listed");
        return;
    }
    queryID = id;
    queryDeadline = now() + patience;
    for (int at = 0; at < usedSlots(); at++) {
        Slot& slot = slots[at];
        slot.hasAnswered = false;
        slot.isQueried = slot.state.load() == Slot::isLive && engine.heapStatistics && ask(slot, readHeap);
    }
}

void subscribe(int64_t id, const Message& message) {
    if (!engine.canWatchCollections()) {
        replyFailed(id, "missing", "this node lacks what garbage collection statistics need");
        return;
    }
    tellsCollections = message.lists("events", "gc");
    tellsLeaks = message.lists("events", "leak");
    replyDone(id, "subscribed");
}

void arm(int64_t id, const Message& message) {
    int output, control;
    if (!takeDescriptors(id, output, control)) return;
    Guard* free = nullptr;
    for (Guard& guard : guards)
        if (guard.state.load() == Guard::isFree) free = &guard;
    if (!free || !engine.canGuardLimit() || !message.is("kind", "nearHeapLimit")) {
        closeIfOpen(output);
        closeIfOpen(control);
        replyFailed(id, !free ? "busy" : "missing", free ? "this node, or this agent, cannot do that" : "eight are armed");
        return;
    }
    findImports();
    free->id = id;
    free->isolate = message.whole("isolate", -1);
    free->output = output;
    free->control = control;
    memset(free->fault, 0, sizeof free->fault);
    readFault(message, free->fault);
    for (int at = 0; at < usedSlots(); at++)
        if (free->isolate < 0 || slots[at].id == free->isolate) slots[at].limitServed.store(false);
    free->state.store(Guard::isArmed);
    replyDone(id, "armed");
}

bool release(Guard& guard) {
    int armed = Guard::isArmed;
    if (!guard.state.compare_exchange_strong(armed, Guard::isTaken)) return false;
    closeIfOpen(guard.output);
    closeIfOpen(guard.control);
    guard.state.store(Guard::isFree);
    return true;
}

void disarm(int64_t id, int64_t armed) {
    for (Guard& guard : guards) {
        if (guard.id != armed || !release(guard)) continue;
        replyDone(id, "disarmed");
        return;
    }
    replyFailed(id, "notArmed", "nothing is armed under this id");
}

// Asks for one of a pair of opposites and takes the other back.
void turn(Slot& slot, bool& asked, bool wanted, uint32_t on, uint32_t off) {
    if (asked == wanted) return;
    takeBack(slot, wanted ? off : on);
    if (ask(slot, wanted ? on : off)) asked = wanted;
}

bool isGuarded(const Slot& slot) {
    if (slot.limitServed.load()) return true;
    for (const Guard& guard : guards)
        // Taken: the isolate is in its callback at this moment, and what comes of it is not known yet.
        if (guard.state.load() != Guard::isFree && (guard.isolate < 0 || guard.isolate == slot.id)) return true;
    return false;
}

void forgetAll(int64_t isolate) {
    for (int at = 0; at < usedSlots(); at++)
        if (slots[at].state.load() == Slot::isLive && slots[at].tracksIDs && (isolate < 0 || slots[at].id == isolate))
            ask(slots[at], forgetIDs);
}

}  // namespace

void obey(const char* bytes, size_t length) {
    Message message;
    if (!message.parse(bytes, length)) return refuse("invalid", "not a JSON object of this protocol");
    int64_t id = message.whole("id", -1);
    if (id < 0 || !message.has("type")) return refuse("invalid", "a request has a type and a whole, positive id");
    if (message.is("type", "capture")) return capture(id, message);
    if (message.is("type", "isolates")) return list(id);
    if (message.is("type", "statistics")) return replyStatistics(id);
    if (message.is("type", "subscribe")) return subscribe(id, message);
    if (message.is("type", "arm")) return arm(id, message);
    if (message.is("type", "disarm")) return disarm(id, message.whole("guard", -1));
    if (message.is("type", "cancel")) {
        if (cancelCapture(message.whole("capture", -1))) return replyDone(id, "cancelled");
        return replyFailed(id, "noSuchCapture", "no capture has this id");
    }
    if (message.is("type", "forgetIds")) {
        forgetAll(message.whole("isolate", -1));
        return replyDone(id, "forgotten");
    }
    replyFailed(id, "unknownType", "this agent does not know such a request");
}

void disarmAll() {
    tellsCollections = tellsLeaks = false;
    queryID = -1;
    for (int at = 0; at < usedSlots(); at++) slots[at].limitServed.store(false);
    for (Guard& guard : guards) release(guard);
    abandonCaptures();
    forgetAll(-1);
}

void retire(Slot& slot) {
    slotEnded(slot);
    slot.isQueried = false;
}

int64_t attend() {
    bool watched = tellsCollections || tellsLeaks, complete = true;
    for (int at = 0; at < usedSlots(); at++) {
        Slot& slot = slots[at];
        if (slot.state.load() != Slot::isLive) continue;
        if (watched && !slot.askedToWatch) slot.usage = Usage();
        turn(slot, slot.askedToWatch, watched, watchCollections, ignoreCollections);
        turn(slot, slot.askedToGuard, isGuarded(slot), guardLimit, unguardLimit);
        if (slot.isQueried && !slot.hasAnswered) complete = false;
    }
    if (queryID < 0) return -1;
    if (!complete && now() < queryDeadline) return queryDeadline;
    for (int at = 0; at < usedSlots(); at++)
        if (slots[at].isQueried && !slots[at].hasAnswered) takeBack(slots[at], readHeap);
    int64_t id = queryID;
    queryID = -1;
    replyIsolates(id);
    return -1;
}

void collectResults() {
    for (int at = 0; at < usedSlots(); at++) {
        Slot& slot = slots[at];
        uint32_t finished = slot.finished.exchange(0);
        if (finished & readHeap) slot.hasAnswered = true;
        if (finished & makeCopy) copyMade(slot);
        if (finished & limitReached) limitCopiesMade(slot);
        Collection collection;
        while (slot.collections.take(collection)) {
            Leak leak;
            bool leaks = slot.usage.add(collection, leak);
            if (tellsCollections) tellCollection(slot, collection);
            if (leaks && tellsLeaks) tellLeak(slot, leak);
        }
    }
}

}  // namespace agent
