#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int linux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int linux_pidfd_send_signal(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }

int linux_inotify_open(void) { return inotify_init1(IN_NONBLOCK | IN_CLOEXEC); }

int linux_wide_pipe(int pair[2]) {
    if (pipe2(pair, O_CLOEXEC) != 0) return -1;
    (void)fcntl(pair[1], F_SETPIPE_SZ, 1 << 20);
    return 0;
}

int linux_eventfd_open(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

static sigset_t signal_set(uint64_t mask) {
    sigset_t set;
    sigemptyset(&set);
    for (int signal = 1; signal <= 64; signal++) {
        if (mask >> (signal - 1) & 1) sigaddset(&set, signal);
    }
    return set;
}

int linux_signalfd_open(uint64_t mask) {
    sigset_t set = signal_set(mask);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int linux_block_signals(uint64_t mask) {
    sigset_t set = signal_set(mask);
    errno = pthread_sigmask(SIG_BLOCK, &set, NULL);
    return errno == 0 ? 0 : -1;
}

int linux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

pid_t linux_peek_ended_child(void) {
    siginfo_t ended = {0};
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0) return ended.si_pid;
    return errno == ECHILD ? 0 : -1;
}

int linux_ofd_lock(int descriptor) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(descriptor, F_OFD_SETLK, &whole);
}

int linux_ofd_locked(int descriptor) {
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, F_OFD_GETLK, &whole) != 0) return -1;
    return whole.l_type != F_UNLCK;
}

int linux_priority_open(void) { return epoll_create1(EPOLL_CLOEXEC); }

int linux_priority_add(int epoll, int descriptor, uint64_t number) {
    struct epoll_event event = {.events = EPOLLPRI, .data.u64 = number};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int linux_priority_remove(int epoll, int descriptor) { return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL); }

int linux_priority_wait(int epoll, uint64_t *number) {
    struct epoll_event event;
    int count;
    do count = epoll_wait(epoll, &event, 1, -1); while (count < 0 && errno == EINTR);
    if (count < 0) return -1;
    *number = event.data.u64;
    return (event.events & EPOLLERR) == 0;
}

void linux_trim_heap(void) { malloc_trim(0); }

void linux_use_one_heap(void) { mallopt(M_ARENA_MAX, 1); }

int64_t linux_file_lifetime(const char *path) {
    struct statx file;
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_MTIME, &file) != 0 || !(file.stx_mask & STATX_BTIME)) return -1;
    return (file.stx_mtime.tv_sec - file.stx_btime.tv_sec) * 1000000000 + (int64_t)file.stx_mtime.tv_nsec - (int64_t)file.stx_btime.tv_nsec;
}
