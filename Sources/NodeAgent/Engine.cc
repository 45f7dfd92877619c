#include "Engine.h"

#include <dlfcn.h>

namespace agent {

Engine engine;

namespace {
struct Symbol {
    const char* name;
    const char* readable;
    void** place;
};

template <typename Function>
void** slot(Function& function) { return reinterpret_cast<void**>(&function); }

// The same mangled names in Node 18.18, 20.18, 22.20, 24.19 and 26.7 (nm -D).
const Symbol symbols[] = {
    {"_ZN2v87Isolate10GetCurrentEv", "v8::Isolate::GetCurrent", slot(engine.currentIsolate)},
    {"_ZN2v87Isolate16RequestInterruptEPFvPS0_PvES2_", "v8::Isolate::RequestInterrupt", slot(engine.requestInterrupt)},
    {"_ZN2v87Isolate17GetHeapStatisticsEPNS_14HeapStatisticsE", "v8::Isolate::GetHeapStatistics", slot(engine.heapStatistics)},
    {"_ZN2v87Isolate15GetHeapProfilerEv", "v8::Isolate::GetHeapProfiler", slot(engine.heapProfiler)},
    {"_ZN2v812HeapProfiler16TakeHeapSnapshotEPNS_15ActivityControlEPNS0_18ObjectNameResolverEbb", "v8::HeapProfiler::TakeHeapSnapshot",
     slot(engine.takeHeapSnapshot)},
    {"_ZNK2v812HeapSnapshot9SerializeEPNS_12OutputStreamENS0_19SerializationFormatE", "v8::HeapSnapshot::Serialize",
     slot(engine.serialize)},
    {"_ZN2v812HeapProfiler24StartTrackingHeapObjectsEb", "v8::HeapProfiler::StartTrackingHeapObjects", slot(engine.startTrackingIDs)},
    {"_ZN2v812HeapProfiler23StopTrackingHeapObjectsEv", "v8::HeapProfiler::StopTrackingHeapObjects", slot(engine.stopTrackingIDs)},
    {"_ZN2v812HeapProfiler14ClearObjectIdsEv", "v8::HeapProfiler::ClearObjectIds", slot(engine.clearIDs)},
    {"_ZN2v87Isolate24AddNearHeapLimitCallbackEPFmPvmmES1_", "v8::Isolate::AddNearHeapLimitCallback", slot(engine.addNearHeapLimit)},
    {"_ZN2v87Isolate27RemoveNearHeapLimitCallbackEPFmPvmmEm", "v8::Isolate::RemoveNearHeapLimitCallback",
     slot(engine.removeNearHeapLimit)},
    {"_ZN2v87Isolate36AutomaticallyRestoreInitialHeapLimitEd", "v8::Isolate::AutomaticallyRestoreInitialHeapLimit",
     slot(engine.restoreHeapLimit)},
    {"_ZN2v87Isolate21AddGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_", "v8::Isolate::AddGCPrologueCallback",
     slot(engine.addPrologue)},
    {"_ZN2v87Isolate24RemoveGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_", "v8::Isolate::RemoveGCPrologueCallback",
     slot(engine.removePrologue)},
    {"_ZN2v87Isolate21AddGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_", "v8::Isolate::AddGCEpilogueCallback",
     slot(engine.addEpilogue)},
    {"_ZN2v87Isolate24RemoveGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_", "v8::Isolate::RemoveGCEpilogueCallback",
     slot(engine.removeEpilogue)},
    {"uv_async_init", nullptr, slot(engine.asyncInit)},
    {"uv_async_send", nullptr, slot(engine.asyncSend)},
    {"uv_unref", nullptr, slot(engine.unref)},
    {"uv_close", nullptr, slot(engine.closeHandle)},
    {"uv_handle_size", nullptr, slot(engine.handleSize)},
    {"malloc_usable_size", nullptr, slot(engine.usableSize)},
    {"napi_get_uv_event_loop", nullptr, slot(engine.eventLoop)},
    {"napi_add_async_cleanup_hook", nullptr, slot(engine.addCleanup)},
    {"napi_remove_async_cleanup_hook", nullptr, slot(engine.removeCleanup)},
    {"napi_open_handle_scope", nullptr, slot(engine.openScope)},
    {"napi_get_node_version", nullptr, slot(engine.nodeVersion)},
    {"napi_get_global", nullptr, slot(engine.getGlobal)},
    {"napi_get_named_property", nullptr, slot(engine.getNamed)},
    {"napi_set_named_property", nullptr, slot(engine.setNamed)},
    {"napi_delete_property", nullptr, slot(engine.deleteProperty)},
    {"napi_get_element", nullptr, slot(engine.getElement)},
    {"napi_create_string_utf8", nullptr, slot(engine.createString)},
    {"napi_get_value_string_utf8", nullptr, slot(engine.stringValue)},
    {"napi_get_and_clear_last_exception", nullptr, slot(engine.clearException)},
};
}  // namespace

void findEngine() {
    for (const Symbol& symbol : symbols) *symbol.place = dlsym(RTLD_DEFAULT, symbol.name);
}

void writeMissing(Text& text) {
    text.open("missing", '[');
    for (const Symbol& symbol : symbols)
        if (!*symbol.place) text.element().string(symbol.readable ? symbol.readable : symbol.name);
    text.raw("]");
}

}  // namespace agent
