// Stand-in for Bun installed under the name `node`: it catches SIGUSR2 (so SigCgt alone does not tell), it is not Node, and it must never be
// signalled. Prints `ready`, waits; a SIGUSR2 that reaches it is the failure of the test: it says `signalled` and exits with 99.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void say(const char *text, size_t length) {
    if (write(STDOUT_FILENO, text, length) < 0) _exit(1);
}

static void on_signal(int number) {
    (void)number;
    say("signalled\n", 10);
    _exit(99);
}

int main(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR2, &action, NULL);
    say("ready\n", 6);
    for (;;) pause();
}
