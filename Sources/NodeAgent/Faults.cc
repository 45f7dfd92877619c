#include "Faults.h"

#ifdef HEAPSNAPD_FAULTS
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ExitCodes.h"
#include "Fork.h"

namespace agent {

void injectFault(const CopyOrder& order) {
    if (strcmp(order.fault, "deadlock") == 0) {
        for (;;) pause();
    }
    if (strcmp(order.fault, "spin") == 0) {
        for (;;) getppid();
    }
    if (strcmp(order.fault, "segv") == 0) raise(SIGSEGV);
    if (strcmp(order.fault, "kill") == 0) raise(SIGKILL);
    if (strcmp(order.fault, "lock") == 0) _exit(lockHeld);
    if (strcmp(order.fault, "enospc") == 0) dup2(open("/dev/full", O_WRONLY | O_CLOEXEC), order.output);
}

}  // namespace agent
#endif
