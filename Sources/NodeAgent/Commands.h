// What heapsnapd may ask. Agent's thread only.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace agent {

// One message of the controller.
void obey(const char* bytes, size_t length);
// The controller has gone: nothing stays switched on.
void disarmAll();
// Brings each isolate to what is subscribed and armed, and answers a list of isolates that is complete or late. Answers when to look
// again (`now()`), or -1.
int64_t attend();
// What isolates have done since the last time.
void collectResults();
void retire(struct Slot& slot);

}  // namespace agent
