#include "Replies.h"

#include <stdio.h>
#include <unistd.h>

#include "Agent.h"
#include "Connection.h"
#include "ExactIds.h"
#include "Kernel.h"
#include "Slots.h"

namespace agent {

namespace {

constexpr size_t roomForOne = 720;  // an isolate with its heap takes at most 600 bytes

void writeIsolate(Text& text, const Slot& slot, bool withHeap) {
    text.element().raw("{").member("id", slot.id).member("main", slot.isMain).member("threadId", slot.thread);
    if (withHeap && slot.hasAnswered) {
        const HeapStatistics& heap = slot.heap;
        text.open("heap", '{').member("totalHeapSize", heap.totalHeapSize).member("usedHeapSize", heap.usedHeapSize);
        text.member("heapSizeLimit", heap.heapSizeLimit).member("totalPhysicalSize", heap.totalPhysicalSize);
        text.member("totalAvailableSize", heap.totalAvailableSize).member("externalMemory", heap.externalMemory);
        text.member("mallocedMemory", heap.mallocedMemory).member("peakMallocedMemory", heap.peakMallocedMemory);
        text.member("nativeContexts", heap.nativeContexts).member("detachedContexts", heap.detachedContexts).raw("}");
    } else if (withHeap) {
        text.member("notInterruptible", true);
    }
    writeHunt(text, slot);
    text.raw("}");
}

// Those that do not fit are counted. `only`: -1 for all.
void writeIsolates(Text& text, bool withHeaps, int64_t only) {
    int more = 0;
    text.open("isolates", '[');
    for (int at = 0; at < usedSlots(); at++) {
        const Slot& slot = slots[at];
        if (slot.state.load() != Slot::isLive || (withHeaps && !slot.isQueried) || (only >= 0 && slot.id != only)) continue;
        if (text.room() < roomForOne) more++;
        else writeIsolate(text, slot, withHeaps);
    }
    text.raw("]");
    if (more) text.member("more", more);
}

void writeStats(Text& text, const Usage& usage, uint64_t others) {
    text.open("stats", '{').member("num_full_gc", usage.fullCollections).member("num_inc_gc", others);
    text.member("heap_compactions", usage.fullCollections).member("estimated_base", static_cast<uint64_t>(usage.recent));
    text.member("current_base", usage.base).member("min", usage.least).member("max", usage.most);
    int64_t trend = usage.trend();
    text.key("usage_trend");
    if (trend < 0) text.raw("-");
    uint64_t size = static_cast<uint64_t>(trend < 0 ? -trend : trend);
    text.number(size / 10).raw(".").number(size % 10).raw("}");
}

}  // namespace

void sayHello(Connection& to) {
    Text text = beginMessage("hello");
    text.member("protocol", protocolVersion).member("agent", agentVersion).member("node", nodeVersion());
    text.member("pid", getpid()).member("startTime", startTime());
    writeMissing(text);
    writeIsolates(text, false, -1);
    to.send(text);
}

void reply(Connection* to, const Text& text) {
    if (to) to->send(text);
}

void replyFailed(Connection* to, int64_t id, const char* code, const char* message) {
    Text text = beginMessage("failed");
    text.member("id", id).member("code", code).member("message", message);
    reply(to, text);
}

void replyDone(Connection* to, int64_t id, const char* type) {
    Text text = beginMessage(type);
    text.member("id", id);
    reply(to, text);
}

void replyIsolates(Connection& to, int64_t id) {
    Text text = beginMessage("isolates");
    text.member("id", id);
    writeIsolates(text, true, to.queriedIsolate);
    to.send(text);
}

void replyStatistics(Connection* to, int64_t id) {
    Text text = beginMessage("statistics");
    text.member("id", id).open("isolates", '[');
    for (int at = 0; at < usedSlots(); at++) {
        const Slot& slot = slots[at];
        if (slot.state.load() != Slot::isLive || !slot.askedToWatch || text.room() < roomForOne) continue;
        text.element().raw("{").member("isolate", slot.id);
        writeStats(text, slot.usage, slot.collections.others());
        text.raw("}");
    }
    text.raw("]");
    reply(to, text);
}

void tellCollection(const Slot& slot, const Collection& collection) {
    Text text = beginMessage("gc");
    text.member("isolate", slot.id).key("time").seconds(calendar(collection.time));
    if (collection.duration) text.duration("duration", collection.duration);
    text.member("usedHeapSize", collection.used).member("heapSizeLimit", collection.limit);
    writeStats(text, slot.usage, slot.collections.others());
    for (Connection& connection : connections)
        if (connection.tellsCollections) connection.sendEvent(text);
}

void tellLeak(const Slot& slot, const Leak& leak) {
    int64_t seconds = (leak.end - leak.start) / 1000000000;
    double hours = static_cast<double>(leak.end - leak.start) / 3.6e12;
    double hourly = hours > 0 ? static_cast<double>(leak.growth) / hours / 1048576 : 0;
    char reason[128];
    snprintf(
        reason, sizeof reason, "heap growth over 5 consecutive GCs (%llds) - %.2f mb/hr", static_cast<long long>(seconds), hourly);
    Text text = beginMessage("leak");
    text.member("isolate", slot.id).key("start").seconds(calendar(leak.start)).key("end").seconds(calendar(leak.end));
    text.member("growth", leak.growth).member("reason", reason);
    for (Connection& connection : connections)
        if (connection.tellsLeaks) connection.send(text);
}

}  // namespace agent
