// heapsnapd-agent.node, as Node sees it: an add-on without exports. Node calls this function once for each environment: the main
// thread's and each worker's.
#include <unistd.h>

#include "Agent.h"
#include "Engine.h"
#include "Kernel.h"
#include "NodeOptions.h"
#include "Slots.h"

extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void* environment, void* exports) {
    using namespace agent;
    bool serves = startAgent(environment);
    if (threadID() == getpid()) cleanEnvironment(environment);
    if (serves && engine.canList()) takeSlot(engine.currentIsolate(), environment);
    return exports;
}
