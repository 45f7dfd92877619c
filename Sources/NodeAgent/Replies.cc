#include "Replies.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "Agent.h"
#include "Controller.h"
#include "Kernel.h"
#include "Slots.h"

namespace agent {

namespace {

constexpr size_t roomForOne = 640;  // an isolate with its heap takes at most 500 bytes

// Unix time in nanoseconds of a moment of CLOCK_MONOTONIC.
int64_t calendar(int64_t monotonic) {
    timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec - (now() - monotonic);
}

void writeIsolate(Text& text, const Slot& slot) {
    text.element().raw("{").member("id", slot.id).member("main", slot.isMain).member("threadId", slot.thread);
    if (slot.hasAnswered) {
        const HeapStatistics& heap = slot.heap;
        text.open("heap", '{').member("totalHeapSize", heap.totalHeapSize).member("usedHeapSize", heap.usedHeapSize);
        text.member("heapSizeLimit", heap.heapSizeLimit).member("totalPhysicalSize", heap.totalPhysicalSize);
        text.member("totalAvailableSize", heap.totalAvailableSize).member("externalMemory", heap.externalMemory);
        text.member("mallocedMemory", heap.mallocedMemory).member("peakMallocedMemory", heap.peakMallocedMemory);
        text.member("nativeContexts", heap.nativeContexts).member("detachedContexts", heap.detachedContexts).raw("}");
    } else if (slot.isQueried) {
        text.member("notInterruptible", true);
    }
    text.raw("}");
}

// Those that do not fit are counted.
void writeIsolates(Text& text, bool queriedOnly) {
    int more = 0;
    text.open("isolates", '[');
    for (int at = 0; at < usedSlots(); at++) {
        const Slot& slot = slots[at];
        if (slot.state.load() != Slot::isLive || (queriedOnly && !slot.isQueried)) continue;
        if (text.room() < roomForOne) more++;
        else writeIsolate(text, slot);
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

void sayHello() {
    Text text = controller.begin("hello");
    text.member("protocol", protocolVersion).member("agent", agentVersion).member("node", nodeVersion());
    text.member("pid", getpid()).member("startTime", startTime());
    writeMissing(text);
    for (int at = 0; at < usedSlots(); at++) slots[at].isQueried = slots[at].hasAnswered = false;
    writeIsolates(text, false);
    controller.send(text);
}

void replyFailed(int64_t id, const char* code, const char* message) {
    Text text = controller.begin("failed");
    text.member("id", id).member("code", code).member("message", message);
    controller.send(text);
}

void replyDone(int64_t id, const char* type) {
    Text text = controller.begin(type);
    text.member("id", id);
    controller.send(text);
}

void replyIsolates(int64_t id) {
    Text text = controller.begin("isolates");
    text.member("id", id);
    writeIsolates(text, true);
    controller.send(text);
}

void replyStatistics(int64_t id) {
    Text text = controller.begin("statistics");
    text.member("id", id).open("isolates", '[');
    for (int at = 0; at < usedSlots(); at++) {
        const Slot& slot = slots[at];
        if (slot.state.load() != Slot::isLive || !slot.askedToWatch || text.room() < roomForOne) continue;
        text.element().raw("{").member("isolate", slot.id);
        writeStats(text, slot.usage, slot.collections.others());
        text.raw("}");
    }
    text.raw("]");
    controller.send(text);
}

void tellCollection(const Slot& slot, const Collection& collection) {
    Text text = controller.begin("gc");
    text.member("isolate", slot.id).key("time").seconds(calendar(collection.time));
    if (collection.duration) text.duration("duration", collection.duration);
    text.member("usedHeapSize", collection.used).member("heapSizeLimit", collection.limit);
    writeStats(text, slot.usage, slot.collections.others());
    controller.sendEvent(text);
}

void tellLeak(const Slot& slot, const Leak& leak) {
    int64_t seconds = (leak.end - leak.start) / 1000000000;
    double hours = static_cast<double>(leak.end - leak.start) / 3.6e12;
    double hourly = hours > 0 ? static_cast<double>(leak.growth) / hours / 1048576 : 0;
    char reason[128];
    snprintf(
        reason, sizeof reason, "heap growth over 5 consecutive GCs (%llds) - %.2f mb/hr", static_cast<long long>(seconds), hourly);
    Text text = controller.begin("leak");
    text.member("isolate", slot.id).key("start").seconds(calendar(leak.start)).key("end").seconds(calendar(leak.end));
    text.member("growth", leak.growth).member("reason", reason);
    controller.send(text);
}

}  // namespace agent
