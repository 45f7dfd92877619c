// System calls and structures that Swift's Glibc module lacks. Each function is one call, named after it; -1 and errno on failure.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

/// pidfd_open(2), Linux 5.3; close-on-exec by definition.
int linux_pidfd_open(pid_t pid);
/// pidfd_send_signal(2), Linux 5.1.
int linux_pidfd_send_signal(int pidfd, int signal);

/// Non-blocking and close-on-exec, as every descriptor of heapsnapd.
int linux_inotify_open(void);
int linux_eventfd_open(void);
/// `mask`: bit n - 1 is signal n, as in /proc/PID/status.
int linux_signalfd_open(uint64_t mask);
/// Adds to the signal mask of the calling thread.
int linux_block_signals(uint64_t mask);

/// prctl(PR_SET_CHILD_SUBREAPER, 1).
int linux_become_subreaper(void);
/// A child that has ended and is not reaped yet, left as it is: waitid(P_ALL, WEXITED | WNOHANG | WNOWAIT). 0: none.
pid_t linux_peek_ended_child(void);

/// statx(2): from the birth of a file to its last change, in nanoseconds; -1 where the file is gone or its file system keeps no birth.
int64_t linux_file_lifetime(const char *path);

/// epoll(7), which Glibc's module lacks, for EPOLLPRI. All answer -1 with errno.
int linux_priority_open(void);
int linux_priority_add(int epoll, int descriptor, uint64_t number);
int linux_priority_remove(int epoll, int descriptor);
/// Waits for one of those added. 1: urgent data; 0: an error, which for memory.pressure means that its cgroup is gone.
int linux_priority_wait(int epoll, uint64_t *number);

/// malloc_trim(3): what compression needed goes back to the kernel; glibc would keep it.
void linux_trim_heap(void);
/// mallopt(3), M_ARENA_MAX: glibc gives each thread a heap of its own else, each with holes of its own.
void linux_use_one_heap(void);

/// Open-file-description lock over the whole file, for writing; never waits.
int linux_ofd_lock(int descriptor);
/// 1 when somebody else holds `linux_ofd_lock` on this file, 0 when nobody does; takes nothing.
int linux_ofd_locked(int descriptor);

/// A close-on-exec pipe that holds 1 MiB, what pipe(7) allows everybody, or 64 KiB where even that is too much.
int linux_wide_pipe(int pair[2]);

/// Connects a stream socket to an abstract name (unix(7)); close-on-exec, non-blocking. `network_namespace` is a descriptor of /proc/PID/ns/net, or -1 for
/// ours: names belong to a network namespace, which is entered on a thread made for that.
int linux_connect_abstract(const char *name, size_t length, int network_namespace);
/// A pair of connected stream sockets, close-on-exec; the first is non-blocking and is told who sent what it receives (SO_PASSCRED).
int linux_control_pair(int pair[2]);
/// The pid of whoever listens at the other end (SO_PEERCRED), in our pid namespace; 0 where it is not in it.
pid_t linux_peer(int socket);
/// sendmsg(2) with descriptors (SCM_RIGHTS); never waits, never SIGPIPE.
ssize_t linux_send(int socket, const void *bytes, size_t length, const int *descriptors, size_t count);
/// recv(2) that never waits, with the sender's pid in our pid namespace where the socket asks for it, else 0.
ssize_t linux_receive(int socket, void *bytes, size_t length, pid_t *sender);

/// What a child is made of; see spawn.c for the order of the steps.
struct linux_spawn {
    char *const *candidates;        ///< paths to try, in this order, ended by NULL
    char *const *arguments;         ///< argv, ended by NULL
    char *const *environment;       ///< envp, ended by NULL
    const char *working_directory;  ///< NULL: ours
    int standard[3];                ///< descriptors for 0, 1 and 2; -1: inherited
    bool new_process_group;
    bool foreground;                ///< make the new group the foreground group of the controlling terminal, if there is one
    bool change_user;
    uid_t user;
    gid_t group;
    const gid_t *groups;
    size_t group_count;
};

enum linux_spawn_step {
    LINUX_SPAWN_CLONE,
    LINUX_SPAWN_PROCESS_GROUP,
    LINUX_SPAWN_WORKING_DIRECTORY,
    LINUX_SPAWN_DESCRIPTORS,
    LINUX_SPAWN_USER,
    LINUX_SPAWN_EXEC,
};

struct linux_spawn_failure {
    enum linux_spawn_step step;
    int error;
};

/// Starts a child and returns after its exec: pid and a pidfd, or -1 with the failed step. A child that failed is reaped here.
pid_t linux_spawn(const struct linux_spawn *request, int *pidfd, struct linux_spawn_failure *failure);
