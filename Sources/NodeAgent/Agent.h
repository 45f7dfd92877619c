// The agent's one thread: it listens, talks to heapsnapd, asks isolates for work and waits for copies to end.
#pragma once
#include "Engine.h"

namespace agent {

constexpr const char agentVersion[] = "0.1.0";
constexpr int protocolVersion = 2;  // docs/agent-protocol.md

extern int agentThread;  // its thread id, 0 before it runs

// Binds the socket and starts the thread, once in a process. False where another copy of the agent serves this process already, or
// the socket cannot be had.
bool startAgent(Environment* environment);

// False in a child that the service forked natively: the agent's thread is not there.
bool isAgentProcess();

// `v24.19.0`, or nothing where this node does not tell.
const char* nodeVersion();

}  // namespace agent
