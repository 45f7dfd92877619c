// What the agent says, apart from the messages of a capture.
#pragma once
#include <stdint.h>

namespace agent {

struct Slot;
struct Collection;
struct Leak;

void sayHello();
void replyFailed(int64_t id, const char* code, const char* message);
void replyDone(int64_t id, const char* type);
void replyIsolates(int64_t id);
void replyStatistics(int64_t id);
void tellCollection(const Slot& slot, const Collection& collection);
void tellLeak(const Slot& slot, const Leak& leak);

}  // namespace agent
