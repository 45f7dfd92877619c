// What any connection may ask: the isolates with their heaps, and what the collector does. Agent's thread only.
#pragma once
#include <stdint.h>

namespace agent {

class Connection;
class Message;

void listIsolates(Connection& from, int64_t id, int64_t only);  // -1: all
void subscribe(Connection& from, int64_t id, const Message& message);
// Somebody wants to hear of collections or leaks.
bool isSubscribed();
// Answers lists that are complete or late; answers when to look again (`now()`), or -1.
int64_t answerLists();

}  // namespace agent
