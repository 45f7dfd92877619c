// The places (GOT entries) through which the program and its libraries call the blocking functions of libc and its allocator. They are
// found in the service, by the agent's thread, because dl_iterate_phdr takes a lock; they are changed in the copy only.
#pragma once

namespace agent {

// Looks the places up anew; libraries may have come since. Agent's thread only.
void findImports();

// Points them to `Waits.cc` and `Allocator.cc`. In the copy only.
void replaceImports();

}  // namespace agent
