// What the agent calls of V8, libuv and Node-API, found by dlsym when it is loaded. No header of Node is needed: a member function
// of C++ takes `this` as its first argument in the ABI of both machines. What this node lacks is remembered by its readable name;
// the parts that need it are off.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "Text.h"

namespace agent {

using Isolate = void;       // v8::Isolate
using Environment = void;   // napi_env
using Value = void;         // napi_value
using InterruptCallback = void (*)(Isolate*, void*);
using NearHeapLimitCallback = size_t (*)(void*, size_t, size_t);
using CollectionCallback = void (*)(Isolate*, int type, int flags, void*);
using AsyncCallback = void (*)(void* handle);

// v8::GCType
enum : int { scavenge = 1, minorMarkSweep = 2, markSweepCompact = 4 };

struct NodeVersion {  // napi_node_version
    uint32_t major, minor, patch;
    const char* release;
};

// v8::HeapStatistics: the members have kept their places from V8 10 (Node 18) to V8 14 (Node 26); newer ones come behind them.
struct HeapStatistics {
    size_t totalHeapSize, totalHeapSizeExecutable, totalPhysicalSize, totalAvailableSize, usedHeapSize, heapSizeLimit;
    size_t mallocedMemory, externalMemory, peakMallocedMemory, doesZapGarbage, nativeContexts, detachedContexts;
    size_t globalHandlesSize, usedGlobalHandlesSize;
    size_t reserve[18];
};

struct Engine {
    Isolate* (*currentIsolate)();
    void (*requestInterrupt)(Isolate*, InterruptCallback, void*);
    void (*heapStatistics)(Isolate*, HeapStatistics*);
    void* (*heapProfiler)(Isolate*);
    const void* (*takeHeapSnapshot)(void* profiler, void* activity, void* names, bool rootsOrHidden, bool numericValues);
    void (*serialize)(const void* snapshot, void* stream, int format);
    void (*startTrackingIDs)(void* profiler, bool allocations);
    void (*stopTrackingIDs)(void* profiler);
    void (*clearIDs)(void* profiler);
    void (*addNearHeapLimit)(Isolate*, NearHeapLimitCallback, void*);
    void (*removeNearHeapLimit)(Isolate*, NearHeapLimitCallback, size_t limit);
    void (*restoreHeapLimit)(Isolate*, double threshold);
    void (*addPrologue)(Isolate*, CollectionCallback, void*, int types);
    void (*removePrologue)(Isolate*, CollectionCallback, void*);
    void (*addEpilogue)(Isolate*, CollectionCallback, void*, int types);
    void (*removeEpilogue)(Isolate*, CollectionCallback, void*);

    int (*asyncInit)(void* loop, void* handle, AsyncCallback);
    int (*asyncSend)(void* handle);
    void (*unref)(void* handle);
    void (*closeHandle)(void* handle, AsyncCallback);
    size_t (*handleSize)(int type);

    size_t (*usableSize)(void* block);  // malloc_usable_size of the allocator in use

    int (*eventLoop)(Environment*, void** loop);
    int (*addCleanup)(Environment*, void (*hook)(void* handle, void* argument), void* argument, void** handle);
    int (*removeCleanup)(void* handle);
    int (*openScope)(Environment*, void** scope);
    int (*nodeVersion)(Environment*, const NodeVersion**);
    int (*getGlobal)(Environment*, Value**);
    int (*getNamed)(Environment*, Value* object, const char* name, Value**);
    int (*setNamed)(Environment*, Value* object, const char* name, Value*);
    int (*deleteProperty)(Environment*, Value* object, Value* key, bool* result);
    int (*getElement)(Environment*, Value* object, uint32_t index, Value**);
    int (*createString)(Environment*, const char* bytes, size_t length, Value**);
    int (*stringValue)(Environment*, Value*, char* buffer, size_t size, size_t* length);
    int (*clearException)(Environment*, Value** exception);

    bool canList() const { return currentIsolate && addCleanup && removeCleanup; }
    bool canWake() const { return asyncInit && asyncSend && unref && closeHandle && handleSize && eventLoop; }
    bool canCapture() const { return heapProfiler && takeHeapSnapshot && serialize && (requestInterrupt || canWake()); }
    bool canTrackIDs() const { return heapProfiler && startTrackingIDs && stopTrackingIDs && clearIDs; }
    bool canGuardLimit() const { return canCapture() && addNearHeapLimit && removeNearHeapLimit; }
    bool canWatchCollections() const { return addEpilogue && removeEpilogue && heapStatistics; }
    bool canReadEnvironment() const {
        return getGlobal && getNamed && setNamed && deleteProperty && getElement && createString && stringValue && clearException;
    }
};

extern Engine engine;

void findEngine();
void writeMissing(Text& text);

}  // namespace agent
