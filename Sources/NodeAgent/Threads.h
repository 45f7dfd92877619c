// Whether the other threads of this process sleep. A copy made while one of them runs may hold a lock that nobody will release there.
#pragma once
#include <stdint.h>

namespace agent {

// How many threads of this process are on a processor, wait for one, or sit in the kernel with a page fault or a mapping (D), without
// the two named. 0 where /proc cannot be read.
int runningThreads(int exceptFirst, int exceptSecond);

// Looks every 0.1 ms until no thread but the two named runs, or until `deadline` (`now()`). Answers how many still ran.
int awaitSleep(int exceptFirst, int exceptSecond, int64_t deadline);

}  // namespace agent
