// What the agent says, apart from the messages of a capture. A null connection: who asked has gone, and nobody is told.
#pragma once
#include <stdint.h>

#include "Text.h"

namespace agent {

class Connection;
struct Slot;
struct Collection;
struct Leak;

void sayHello(Connection& to);
void reply(Connection* to, const Text& text);
void replyFailed(Connection* to, int64_t id, const char* code, const char* message);
void replyDone(Connection* to, int64_t id, const char* type);
void replyIsolates(Connection& to, int64_t id);
void replyStatistics(Connection* to, int64_t id);
void tellCollection(const Slot& slot, const Collection& collection);
void tellLeak(const Slot& slot, const Leak& leak);

}  // namespace agent
