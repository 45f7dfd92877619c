#include "Fork.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "Agent.h"
#include "Child.h"
#include "Faults.h"
#include "Kernel.h"
#include "Slots.h"
#include "Threads.h"

namespace agent {

bool isCopy = false;

namespace {

constexpr int64_t longestWaitHere = 2000000;  // contract 23: 2 ms on the JavaScript thread
// Near the heap limit the collector's threads are at work, nobody has waited before, and the service is about to end. With 2 ms 16 of
// 30 first copies met a held lock, all with threads awake; see docs/decisions/0007-silent-fork.md.
constexpr int64_t longestWaitNearLimit = 50000000;
// Exact ids take a full collection, some hundred milliseconds: what it has woken may fall asleep again.
constexpr int64_t longestWaitAfterNumbering = 50000000;
constexpr unsigned long clonePidfd = 0x1000;  // CLONE_PIDFD, Linux 5.2

// `7f5c00000000-7f5c00021000 rw-p 00000000 00:00 0 `, with `[heap]` or `[anon:...]` behind it or nothing.
bool isPrivateAnonymous(const char* line, const char* end, uintptr_t& start, uintptr_t& stop) {
    auto hex = [&](char after) {
        uintptr_t number = 0;
        for (; line < end && *line != after; line++)
            number = number * 16 + static_cast<uintptr_t>(*line <= '9' ? *line - '0' : *line - 'a' + 10);
        line++;
        return number;
    };
    start = hex('-');
    stop = hex(' ');
    if (end - line < 22 || line[3] != 'p') return false;
    const char* inode = line + 5;
    for (int field = 0; field < 2; field++) {
        while (inode < end && *inode != ' ') inode++;
        inode++;
    }
    if (inode >= end || *inode != '0') return false;
    // [vdso], [vvar] and [vsyscall] are the kernel's.
    const char* name = inode + 1;
    while (name < end && *name == ' ') name++;
    return end - name < 2 || name[1] != 'v';
}

// A fork that nobody but us hears of: exit signal 0 means no SIGCHLD, and no child for a wait without __WALL. libc's fork would also
// run the atfork handlers of the service's libraries in the service. See docs/decisions/ for what was measured.
int forkSilently(int& pidfd) {
    pidfd = -1;
    long child = syscall(SYS_clone, clonePidfd, 0, &pidfd, 0, 0);
    if (child < 0 && errno == EINVAL) child = syscall(SYS_clone, 0, 0, 0, 0, 0);
    return static_cast<int>(child);
}

}  // namespace

void includePrivateMappings() {
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0) return;
    char buffer[16384];
    size_t kept = 0;
    for (;;) {
        long count = read(maps, buffer + kept, sizeof buffer - kept);
        if (count <= 0) break;
        const char* end = buffer + kept + count;
        const char* line = buffer;
        while (const void* newline = memchr(line, '\n', static_cast<size_t>(end - line))) {
            uintptr_t start, stop;
            if (isPrivateAnonymous(line, static_cast<const char*>(newline), start, stop)) {
                madvise(reinterpret_cast<void*>(start), stop - start, MADV_DOFORK);
            }
            line = static_cast<const char*>(newline) + 1;
        }
        kept = static_cast<size_t>(end - line);
        if (kept == sizeof buffer) kept = 0;  // no line is that long
        memmove(buffer, line, kept);
    }
    close(maps);
}

void makeCopyOf(Slot& slot, const CopyOrder& order, int64_t entry, CopyReport& report) {
    int64_t begun = now();
    int64_t patience = order.nearLimit ? longestWaitNearLimit : order.exactIDs ? longestWaitAfterNumbering : longestWaitHere;
    int64_t deadline = asksFor(order, "nowait") ? 0 : begun + patience;
    // The look at the threads comes last: what lies between it and the fork is time for one to wake in.
    for (;;) {
        int64_t mapping = now();
        includePrivateMappings();
        report.mapping += now() - mapping;
        report.running = runningThreads(slot.thread, agentThread);
        if (!report.running || now() >= deadline) break;
        awaitSleep(slot.thread, agentThread, deadline);
    }
    report.waited = now() - begun - report.mapping;
    report.declined = report.running > 0 && order.mayDecline;
    if (report.declined) return;

    // A signal to the process group must not reach the copy while it still has the service's handlers.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int64_t forked = now();
    int child = asksFor(order, "libcfork") ? fork() : forkSilently(report.pidfd);
    if (child == 0) {
        isCopy = true;
        liveAsCopy(slot, order);
    }
    report.error = child < 0 ? errno : 0;
    int64_t end = now();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    report.faults = static_cast<uint64_t>(usage.ru_minflt);
    report.child = child;
    report.forking = end - forked;
    report.pause = end - entry;
}

}  // namespace agent
