#include "Commands.h"

#include <string.h>
#include <unistd.h>

#include "Captures.h"
#include "Connection.h"
#include "ExactIds.h"
#include "ImportTable.h"
#include "Json.h"
#include "Kernel.h"
#include "Observing.h"
#include "Replies.h"
#include "Slots.h"

namespace agent {

namespace {

constexpr int64_t patience = 2000000000;  // contract 19
constexpr int64_t longestPatience = 60000000000;

void refuse(Connection& from, const char* code, const char* message) {
    Text text = beginMessage("error");
    text.member("code", code).member("message", message);
    from.send(text);
    leave(from);
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
bool takeDescriptors(Connection& from, int64_t id, int& output, int& control) {
    output = from.takeDescriptor();
    control = from.takeDescriptor();
    if (output >= 0 && control >= 0) return true;
    closeIfOpen(output);
    replyFailed(&from, id, "descriptors", "an output and a control descriptor must come with it");
    return false;
}

void capture(Connection& from, int64_t id, const Message& message) {
    CopyOrder order;
    order.id = id;
    if (!takeDescriptors(from, id, order.output, order.control)) return;
    readFault(message, order.fault);
    int64_t hunt = message.nanoseconds("exactIds", 0);
    order.exactIDs = hunt > 0;
    Slot* slot = findSlot(message.whole("isolate", slots[0].id));
    const char* code = !engine.canCapture() || (hunt && !engine.canTrackIDs()) ? "missing" : !slot ? "noSuchIsolate" : nullptr;
    if (code) {
        closeIfOpen(order.output);
        closeIfOpen(order.control);
        replyFailed(&from, id, code, slot ? "this node lacks what a capture needs" : "no isolate has this id");
        return;
    }
    int64_t timeout = message.nanoseconds("timeout", patience);
    if (hunt) keepIDs(*slot, hunt);
    beginCapture(*slot, order, from.term, timeout < longestPatience ? timeout : longestPatience);
}

void arm(Connection& from, int64_t id, const Message& message) {
    int output, control;
    if (!takeDescriptors(from, id, output, control)) return;
    Guard* free = nullptr;
    for (Guard& guard : guards)
        if (guard.state.load() == Guard::isFree) free = &guard;
    if (!free || !engine.canGuardLimit() || !message.is("kind", "nearHeapLimit")) {
        closeIfOpen(output);
        closeIfOpen(control);
        replyFailed(&from, id, !free ? "busy" : "missing", free ? "this node, or this agent, cannot do that" : "eight are armed");
        return;
    }
    findImports();
    free->id = id;
    free->term = from.term;
    free->isolate = message.whole("isolate", -1);
    free->output = output;
    free->control = control;
    memset(free->fault, 0, sizeof free->fault);
    readFault(message, free->fault);
    for (int at = 0; at < usedSlots(); at++)
        if (free->isolate < 0 || slots[at].id == free->isolate) slots[at].limitServed.store(false);
    free->state.store(Guard::isArmed);
    replyDone(&from, id, "armed");
}

// V8's limit then ends the process without a snapshot, as after a complete copy, until something is armed or this controller goes.
void mask(int64_t isolate) {
    for (int at = 0; at < usedSlots(); at++)
        if (isolate < 0 || slots[at].id == isolate) slots[at].limitServed.store(true);
}

bool release(Guard& guard) {
    int armed = Guard::isArmed;
    if (!guard.state.compare_exchange_strong(armed, Guard::isTaken)) return false;
    closeIfOpen(guard.output);
    closeIfOpen(guard.control);
    guard.state.store(Guard::isFree);
    return true;
}

void disarm(Connection& from, int64_t id, int64_t armed) {
    for (Guard& guard : guards) {
        if (guard.id != armed || !release(guard)) continue;
        replyDone(&from, id, "disarmed");
        return;
    }
    replyFailed(&from, id, "notArmed", "nothing is armed under this id");
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

void control(Connection& from, int64_t id) {
    if (!takeControl(from)) return replyFailed(&from, id, "busy", "another controls");
    disarmAll();  // what an earlier one has left, which did not read
    replyDone(&from, id, "controls");
}

// Answers whether it was one of those that any connection may ask.
bool observe(Connection& from, int64_t id, const Message& message) {
    if (message.is("type", "isolates")) listIsolates(from, id, message.whole("isolate", -1));
    else if (message.is("type", "statistics")) replyStatistics(&from, id);
    else if (message.is("type", "subscribe")) subscribe(from, id, message);
    else return false;
    return true;
}

// Answers whether it was one of the controller's.
bool command(Connection& from, int64_t id, const Message& message) {
    if (message.is("type", "capture")) {
        capture(from, id, message);
    } else if (message.is("type", "arm")) {
        arm(from, id, message);
    } else if (message.is("type", "disarm")) {
        disarm(from, id, message.whole("guard", -1));
    } else if (message.is("type", "mask")) {
        mask(message.whole("isolate", -1));
        replyDone(&from, id, "masked");
    } else if (message.is("type", "cancel")) {
        if (cancelCapture(from.term, message.whole("capture", -1))) replyDone(&from, id, "cancelled");
        else replyFailed(&from, id, "noSuchCapture", "no capture has this id");
    } else if (message.is("type", "forgetIds")) {
        endHunts(message.whole("isolate", -1));
        replyDone(&from, id, "forgotten");
    } else {
        return false;
    }
    return true;
}

}  // namespace

void obey(Connection& from, const char* bytes, size_t length) {
    Message message;
    if (!message.parse(bytes, length)) return refuse(from, "invalid", "not a JSON object of this protocol");
    int64_t id = message.whole("id", -1);
    if (id < 0 || !message.has("type")) return refuse(from, "invalid", "a request has a type and a whole, positive id");
    if (message.is("type", "control")) return control(from, id);
    if (!from.term && from.isSurplus) return replyFailed(&from, id, "busy", "four observe already");
    if (observe(from, id, message)) return;
    if (!from.term) return replyFailed(&from, id, "observer", "only the controller may ask for more than isolates, statistics and subscribe");
    if (!command(from, id, message)) replyFailed(&from, id, "unknownType", "this agent does not know such a request");
}

void leave(Connection& connection) {
    bool controlled = connection.term > 0;
    connection.close();
    if (controlled) disarmAll();
}

void disarmAll() {
    for (int at = 0; at < usedSlots(); at++) slots[at].limitServed.store(false);
    for (Guard& guard : guards) release(guard);
    abandonCaptures();
}

void retire(Slot& slot) {
    slotEnded(slot);
    slot.isQueried = false;
}

void attend() {
    bool watched = isSubscribed();
    for (int at = 0; at < usedSlots(); at++) {
        Slot& slot = slots[at];
        if (slot.state.load() != Slot::isLive) continue;
        if (watched && !slot.askedToWatch) slot.usage = Usage();
        turn(slot, slot.askedToWatch, watched, watchCollections, ignoreCollections);
        turn(slot, slot.askedToGuard, isGuarded(slot), guardLimit, unguardLimit);
    }
}

void collectResults() {
    for (int at = 0; at < usedSlots(); at++) {
        Slot& slot = slots[at];
        uint32_t finished = slot.finished.exchange(0);
        if (finished & readHeap) slot.hasAnswered = true;
        if (finished & forgetIDs) idsForgotten(slot);
        if (finished & makeCopy) copyMade(slot);
        if (finished & limitReached) limitCopiesMade(slot);
        Collection collection;
        while (slot.collections.take(collection)) {
            Leak leak;
            bool leaks = slot.usage.add(collection, leak);
            tellCollection(slot, collection);
            if (leaks) tellLeak(slot, leak);
        }
    }
}

}  // namespace agent
