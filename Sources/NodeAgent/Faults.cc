#include "Faults.h"

#ifdef HEAPSNAPD_FAULTS
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ExitCodes.h"
#include "Fork.h"

namespace agent {

bool asksFor(const CopyOrder& order, const char* fault) { return strcmp(order.fault, fault) == 0; }

void injectEarlyFault(const CopyOrder& order) {
    if (asksFor(order, "lock")) _exit(lockHeld);
}

void injectFault(const CopyOrder& order) {
    while (asksFor(order, "deadlock")) pause();
    while (asksFor(order, "spin")) getppid();
    if (asksFor(order, "segv")) raise(SIGSEGV);
    if (asksFor(order, "kill")) raise(SIGKILL);
    if (asksFor(order, "enospc")) dup2(open("/dev/full", O_WRONLY | O_CLOEXEC), order.output);
}

}  // namespace agent
#endif
