// In the copy only the thread that made it exists. Whoever waits there waits for ever, so each function that can wait is replaced by
// one that goes on, or ends the copy with an exit code that says why.
#pragma once

namespace agent {

// The replacement of the libc function of that name; null where it stays as it is.
void* waitReplacement(const char* function);

}  // namespace agent
