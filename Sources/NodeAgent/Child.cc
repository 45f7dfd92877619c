#include "Child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "Control.h"
#include "ExitCodes.h"
#include "Faults.h"
#include "ImportTable.h"
#include "Json.h"
#include "Kernel.h"
#include "Slots.h"
#include "Snapshot.h"

namespace agent {

namespace {

void defaultSignals() {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < 65; number++) sigaction(number, &action, nullptr);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, nullptr);
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
}

struct Covering {
    int null;
    int keep[4];
    int directory;
};

bool cover(const char* name, void* context) {
    auto* covering = static_cast<Covering*>(context);
    auto descriptor = static_cast<int>(decimal(name));
    if (descriptor == covering->null || descriptor == covering->directory) return true;
    for (int kept : covering->keep)
        if (descriptor == kept) return true;
    dup2(covering->null, descriptor);
    return true;
}

// Clients of the service wait for the end of their connections, so the copy must not hold them; closing is no way, because libuv
// aborts when its own descriptors are gone.
void coverDescriptors(const CopyOrder& order) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) _exit(noDevice);
    int directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    Covering covering{null, {order.output, order.control, order.marking, -1}, directory};
    if (directory >= 0) {
        eachEntry(directory, cover, &covering);
        close(directory);
        return;
    }
    rlimit limit{1024, 1024};
    getrlimit(RLIMIT_NOFILE, &limit);
    for (int descriptor = 0; descriptor < static_cast<int>(limit.rlim_cur) && descriptor < 65536; descriptor++) {
        if (descriptor == null || descriptor == order.output || descriptor == order.control || descriptor == order.marking) continue;
        if (fcntl(descriptor, F_GETFD) >= 0) dup2(null, descriptor);
    }
}

void stepAside() {
    prctl(PR_SET_NAME, "heapsnapd-copy");
    setsid();  // what is sent to the service's process group is not for the copy
    rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score < 0) return;
    if (write(score, "1000", 4) < 0) errno = 0;  // raising it is always allowed
    close(score);
}

void endForLock(int) { _exit(lockHeld); }

// libc's allocator may have been locked by a thread that is not here: 70,000 bytes go past the caches of glibc's, musl's and
// jemalloc's threads. Told within a second rather than by silence.
void probeAllocator() {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = endForLock;
    sigaction(SIGALRM, &action, nullptr);
    itimerval timer{{0, 0}, {1, 0}};
    setitimer(ITIMER_REAL, &timer, nullptr);
    static const size_t sizes[] = {24, 512, 4000, 70000};
    for (size_t size : sizes) {
        void* volatile block = malloc(size);
        free(block);
    }
    timer.it_value.tv_sec = 0;
    setitimer(ITIMER_REAL, &timer, nullptr);
    action.sa_handler = SIG_DFL;
    sigaction(SIGALRM, &action, nullptr);
}

// heapsnapd moves the copy into its cgroup between `ready` and `go`.
void awaitGo(int control) {
    char bytes[256];
    size_t length = 0;
    int64_t deadline = now() + 5000000000;
    for (;;) {
        int64_t left = (deadline - now()) / 1000000;
        if (left <= 0) _exit(noGo);
        pollfd ready{control, POLLIN, 0};
        if (poll(&ready, 1, static_cast<int>(left)) <= 0) continue;
        long count = recv(control, bytes + length, sizeof bytes - length, 0);
        if (count <= 0) _exit(controlClosed);
        length += static_cast<size_t>(count);
        uint32_t size = 0;
        if (length >= 4) memcpy(&size, bytes, 4);
        if (length < 4 || (size <= sizeof bytes - 4 && length < size + 4)) continue;
        Message message;
        if (size > sizeof bytes - 4 || !message.parse(bytes + 4, size) || !message.is("type", "go")) _exit(controlClosed);
        return;
    }
}

// From here on whatever comes on the control socket, and its end, is SIGIO, which kills: heapsnapd's death and its change of mind
// reach a copy that hangs, too.
void endWithController(int control) {
    fcntl(control, F_SETOWN, getpid());
    fcntl(control, F_SETFL, fcntl(control, F_GETFL) | O_ASYNC);
    pollfd ended{control, POLLIN | POLLRDHUP, 0};
    if (poll(&ended, 1, 0) > 0) _exit(controlClosed);
}

size_t fourTimes(void*, size_t current, size_t) { return current * 4; }

}  // namespace

void liveAsCopy(Slot& slot, const CopyOrder& order) {
    coverDescriptors(order);
    stepAside();
    defaultSignals();
    replaceImports();
    probeAllocator();
    injectEarlyFault(order);
    Control control(order.control);
    control.ready(order.id, slot.id, order.nearLimit);
    awaitGo(order.control);
    endWithController(order.control);
    setpriority(PRIO_PROCESS, 0, 19);
    injectFault(order);
    if (engine.addNearHeapLimit && !order.nearLimit) engine.addNearHeapLimit(slot.isolate, fourTimes, nullptr);
    _exit(takeSnapshot(slot, order, control));
}

}  // namespace agent
