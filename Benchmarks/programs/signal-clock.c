// Preloaded into a Node process: notes when SIGUSR2 reaches it, then lets Node's own handler go on. The event loop's view would be later by
// whatever JavaScript runs at that moment, which is not heapsnapd's to answer for.
// SIGNAL_CLOCK names a file; it gets the first signal's CLOCK_MONOTONIC in nanoseconds, whole or not at all.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

static struct sigaction nodes;
static int file = -1;

static void note(int number, siginfo_t *information, void *context) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t nanoseconds = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (file >= 0 && write(file, &nanoseconds, sizeof nanoseconds) == sizeof nanoseconds) close(file), file = -1;
    if (nodes.sa_flags & SA_SIGINFO) nodes.sa_sigaction(number, information, context);
    else if (nodes.sa_handler != SIG_DFL && nodes.sa_handler != SIG_IGN) nodes.sa_handler(number);
}

int sigaction(int number, const struct sigaction *new, struct sigaction *old) {
    static int (*real)(int, const struct sigaction *, struct sigaction *);
    if (!real) real = dlsym(RTLD_NEXT, "sigaction");
    // Only a handler is a wish to catch it; who resets signals (heapsnapd before it starts the command) is let through.
    if (number != SIGUSR2 || !new || (!(new->sa_flags & SA_SIGINFO) && (new->sa_handler == SIG_DFL || new->sa_handler == SIG_IGN)))
        return real(number, new, old);
    const char *path = getenv("SIGNAL_CLOCK");
    if (file < 0 && path) file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    nodes = *new;
    struct sigaction ours = *new;
    ours.sa_flags |= SA_SIGINFO;
    ours.sa_sigaction = note;
    return real(number, &ours, old);
}
