#include "Agent.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "Captures.h"
#include "Commands.h"
#include "Connection.h"
#include "ExactIds.h"
#include "Kernel.h"
#include "Observing.h"
#include "Replies.h"
#include "Slots.h"

namespace agent {

int agentThread = 0;

namespace {

enum Start { isUntried, serves, isIdle };

pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
Start start = isUntried;
int agentProcess = 0;
char version[64];

void talk(Connection& connection, short ready) {
    if (ready & POLLOUT) connection.flush();
    if (ready & (POLLIN | POLLHUP | POLLERR) && connection.isOpen() && !connection.receive(obey)) leave(connection);
}

void serve() {
    for (bool isControlled = false;;) {
        collectResults();
        recycleSlots(retire);
        attend();
        int64_t next = sooner(sooner(answerLists(), advanceHunts()), advanceCaptures());
        if (isControlled && !controller()) disarmAll();  // it did not read
        isControlled = controller();

        pollfd ready[2 + mostConnections + mostCaptures] = {{wakeDescriptor, POLLIN, 0}, {listener(), POLLIN, 0}};
        int count = 2;
        for (Connection& connection : connections)
            ready[count++] = {connection.descriptor(), static_cast<short>(connection.isSending() ? POLLIN | POLLOUT : POLLIN), 0};
        count += pollCaptures(ready + count);
        int64_t left = next < 0 ? -1 : next - now();
        timespec timeout{left > 0 ? left / 1000000000 : 0, left > 0 ? left % 1000000000 : 0};
        if (ppoll(ready, static_cast<nfds_t>(count), next < 0 ? nullptr : &timeout, nullptr) <= 0) continue;
        uint64_t wakes;
        if (ready[0].revents && read(wakeDescriptor, &wakes, sizeof wakes) < 0) errno = 0;
        for (int at = 0; at < mostConnections; at++) talk(connections[at], ready[2 + at].revents);
        if (!ready[1].revents) continue;
        if (Connection* connection = acceptConnection()) sayHello(*connection);
    }
}

void* run(void*) {
    agentThread = threadID();
    prctl(PR_SET_NAME, "heapsnapd-agent");
    serve();
    return nullptr;
}

bool startThread() {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, size_t(256) << 10);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_t thread;
    bool started = pthread_create(&thread, &attributes, run, nullptr) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    return started;
}

void readVersion(Environment* environment) {
    const NodeVersion* found = nullptr;
    if (!engine.nodeVersion || engine.nodeVersion(environment, &found) != 0) return;
    snprintf(version, sizeof version, "v%u.%u.%u", found->major, found->minor, found->patch);
}

bool begin(Environment* environment) {
    findEngine();
    readVersion(environment);
    agentProcess = getpid();
    uint64_t time = startTime();
    if (!time || !listenAs(agentProcess, time)) return false;
    wakeDescriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wakeDescriptor >= 0 && startThread();
}

}  // namespace

const char* nodeVersion() { return version; }

bool startAgent(Environment* environment) {
    pthread_mutex_lock(&guard);
    if (start == isUntried) start = begin(environment) ? serves : isIdle;
    bool answer = start == serves;
    pthread_mutex_unlock(&guard);
    return answer;
}

bool isAgentProcess() { return getpid() == agentProcess; }

}  // namespace agent
