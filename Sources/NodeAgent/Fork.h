// The copy of the process: what asks for it, what it cost, and how it is made.
#pragma once
#include <stdint.h>

namespace agent {

struct Slot;

struct CopyOrder {
    int64_t id = 0;        // the request that asked for it
    int output = -1;       // takes the snapshot's bytes
    int control = -1;      // takes `go`, gives progress
    int marking = -1;      // one byte when the first phase is over; near the heap limit only
    bool nearLimit = false;
    bool exactIDs = false;
    bool mayDecline = false;  // leave it where other threads are awake: the agent asks again
    char fault[16] = {};   // in the build for tests only
};

struct CopyReport {
    int error = 0;         // errno of the fork; 0 when there is a child
    int child = 0;
    int pidfd = -1;
    bool declined = false;
    int running = 0;       // other threads that were awake at the fork
    int64_t pause = 0;     // from the entry of the callback to the end of the fork, nanoseconds
    int64_t forking = 0;   // the system call alone
    int64_t waited = 0;    // for sleeping threads, on the JavaScript thread
    int64_t mapping = 0;   // for MADV_DOFORK
    int64_t numbering = 0; // for exact ids
    uint64_t faults = 0;   // minor page faults of the process so far
    const char* wokenBy = "limit";  // or `interrupt`, `loop`
};

// Makes the copy, on the isolate's thread; `entry` is when its callback began. Returns in the service only. Allocates nothing.
void makeCopyOf(Slot& slot, const CopyOrder& order, int64_t entry, CopyReport& report);

// Lets every private anonymous mapping be copied by fork: V8 marks its pages MADV_DONTFORK since Node 20.
void includePrivateMappings();

// True in the copy.
extern bool isCopy;

}  // namespace agent
