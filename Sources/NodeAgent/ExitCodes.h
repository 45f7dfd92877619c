// How a copy ends. heapsnapd reads the same table in docs/agent-protocol.md.
#pragma once

namespace agent {

enum ExitCode : int {
    done = 0,               // the snapshot is complete and closed
    noSnapshot = 70,        // V8 gave no snapshot
    writeFailed = 71,       // the output took no more: ENOSPC, EIO
    outputClosed = 72,      // nobody reads the output
    controlClosed = 73,     // the control socket was closed, or said something else, before `go`
    noDevice = 74,          // /dev/null cannot be opened: descriptors of the service cannot be covered
    workerActive = 75,      // had to wait for a thread that exists in the service only
    lockHeld = 76,          // a lock was held by such a thread
    threadAwaited = 77,     // had to join such a thread, or to meet it at a barrier
    noGo = 78,              // no `go` within 5 s
    semaphoreEmpty = 79,    // had to wait for a semaphore of such a thread
    futexHeld = 80,         // had to wait for a futex of such a thread: absl::Mutex
};

}  // namespace agent
