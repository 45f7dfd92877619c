// What the isolate's own thread does for the agent.
#pragma once

namespace agent {

struct Slot;

// Does everything that is wanted of this isolate now. Called by an interrupt, or by the event loop.
void work(Slot& slot, bool byLoop);
// Takes back what is switched on, because the environment ends.
void stopWork(Slot& slot);

}  // namespace agent
