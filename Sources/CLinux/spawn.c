// A child of a process with threads: between clone and exec only system calls that touch no lock of ours.
// glibc's setuid and kin signal every thread that they believe to exist and would wait for ever here: raw calls instead.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Above everything that dup2 may overwrite.
enum { first_free_descriptor = 10 };

static pid_t clone_with_pidfd(int *pidfd) {
    struct clone_args arguments = {.flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)pidfd, .exit_signal = SIGCHLD};
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    // Seccomp filters of containers answer ENOSYS or EPERM for clone3, whose flags they cannot see; clone gives a pidfd too (5.2).
    if (pid < 0 && (errno == ENOSYS || errno == EPERM)) pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL, NULL);
    return (pid_t)pid;
}

static void reset_signals(void) {
    // Wide enough for the kernel's sigaction on every architecture; all zero is SIG_DFL. An ignored signal would survive exec.
    static const unsigned char default_action[64] = {0};
    for (int signal = 1; signal <= 64; signal++) syscall(SYS_rt_sigaction, signal, default_action, NULL, 8);
    static const uint64_t none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}

static void take_terminal(void) {
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0) return;  // no controlling terminal: nothing to hand over
    tcsetpgrp(terminal, getpid());  // SIGTTOU is blocked here, so this cannot stop us
    close(terminal);
}

static bool set_descriptors(const int standard[3]) {
    int copies[3];
    // First away from 0 to 2, so that "stdout and stderr exchanged" works.
    for (int number = 0; number < 3; number++) {
        copies[number] = standard[number] < 0 ? -1 : fcntl(standard[number], F_DUPFD_CLOEXEC, first_free_descriptor);
        if (standard[number] >= 0 && copies[number] < 0) return false;
    }
    for (int number = 0; number < 3; number++) {
        if (copies[number] >= 0 && dup2(copies[number], number) < 0) return false;
    }
    return true;
}

static bool set_user(const struct linux_spawn *request) {
    return syscall(SYS_setgroups, request->group_count, request->groups) == 0
        && syscall(SYS_setresgid, request->group, request->group, request->group) == 0
        && syscall(SYS_setresuid, request->user, request->user, request->user) == 0;
}

static void execute_as_script(const struct linux_spawn *request, const char *path) {
    size_t count = 0;
    while (request->arguments[count] != NULL) count++;
    char *arguments[count + 2];
    arguments[0] = (char *)"/bin/sh";
    arguments[1] = (char *)path;
    for (size_t index = 1; index <= count; index++) arguments[index + 1] = request->arguments[index];
    execve("/bin/sh", arguments, request->environment);
}

// The rule of execvp(3): EACCES is remembered, a missing file leads to the next candidate, a file without #! goes to sh.
static int execute(const struct linux_spawn *request) {
    int error = ENOENT;
    for (char *const *candidate = request->candidates; *candidate != NULL; candidate++) {
        execve(*candidate, request->arguments, request->environment);
        if (errno == ENOEXEC) execute_as_script(request, *candidate);
        if (errno == EACCES) error = EACCES;
        else if (errno != ENOENT && errno != ENOTDIR) return errno;
        else if (errno == ENOTDIR && request->candidates[1] == NULL) error = ENOTDIR;
    }
    return error;
}

static _Noreturn void be_child(const struct linux_spawn *request, int report) {
    struct linux_spawn_failure failure;
    if (request->new_process_group && setpgid(0, 0) != 0) {
        failure = (struct linux_spawn_failure){LINUX_SPAWN_PROCESS_GROUP, errno};
    } else if (request->working_directory != NULL && chdir(request->working_directory) != 0) {
        failure = (struct linux_spawn_failure){LINUX_SPAWN_WORKING_DIRECTORY, errno};
    } else if (!set_descriptors(request->standard)) {
        failure = (struct linux_spawn_failure){LINUX_SPAWN_DESCRIPTORS, errno};
    } else if (request->change_user && !set_user(request)) {
        failure = (struct linux_spawn_failure){LINUX_SPAWN_USER, errno};
    } else {
        if (request->foreground) take_terminal();
        reset_signals();
        failure = (struct linux_spawn_failure){LINUX_SPAWN_EXEC, execute(request)};
    }
    while (write(report, &failure, sizeof failure) < 0 && errno == EINTR) {}
    _exit(127);
}

// A pipe end that dup2 in the child cannot hit, even when we were started without 0, 1 or 2.
static int out_of_the_way(int descriptor) {
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, first_free_descriptor);
    close(descriptor);
    return copy;
}

static pid_t clone_child(const struct linux_spawn *request, int report, int *pidfd) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of ours may run in the child
    pid_t pid = clone_with_pidfd(pidfd);
    if (pid == 0) be_child(request, report);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return pid;
}

pid_t linux_spawn(const struct linux_spawn *request, int *pidfd, struct linux_spawn_failure *failure) {
    int ends[2];
    *failure = (struct linux_spawn_failure){LINUX_SPAWN_CLONE, 0};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        failure->error = errno;
        return -1;
    }
    int report = out_of_the_way(ends[1]);
    pid_t pid = report < 0 ? -1 : clone_child(request, report, pidfd);
    if (pid < 0) failure->error = errno;
    if (report >= 0) close(report);

    ssize_t length = 0;  // end of file: the exec closed the last writing end
    if (pid > 0) {
        while ((length = read(ends[0], failure, sizeof *failure)) < 0 && errno == EINTR) {}
    }
    close(ends[0]);
    if (pid > 0 && length == sizeof *failure) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}  // ECHILD: a reaper of orphans was faster
        close(*pidfd);
        return -1;
    }
    return pid;
}
