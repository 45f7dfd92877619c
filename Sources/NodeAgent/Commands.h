// What heapsnapd may ask. Agent's thread only.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace agent {

class Connection;

// One message.
void obey(Connection& from, const char* bytes, size_t length);
// Closes it, and disarms what it has armed.
void leave(Connection& connection);
// The controller has gone: nothing stays armed.
void disarmAll();
// Brings each isolate to what is subscribed and armed.
void attend();
// What isolates have done since the last time.
void collectResults();
void retire(struct Slot& slot);

}  // namespace agent
