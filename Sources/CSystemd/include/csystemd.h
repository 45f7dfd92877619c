#ifndef CSYSTEMD_H
#define CSYSTEMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

// The few calls of systemd's D-Bus interface that heapsnapd makes (org.freedesktop.systemd1(5)). sd_bus_call_method has variable arguments, which
// Swift cannot pass. libsystemd.so.0 is opened when first needed and is no dependency of the binary (docs/decisions/0006).
//
// All return 0, or a negative errno with what systemd said in `reason`. A connection belongs to one thread at a time.

typedef struct systemd_connection systemd_connection;
typedef struct { char text[256]; } systemd_reason;

/// 0 where libsystemd can be used; loads it once.
int systemd_available(systemd_reason *reason);

int systemd_connect(systemd_connection **connection, systemd_reason *reason);
void systemd_disconnect(systemd_connection *connection);

/// GetUnitByControlGroup: the unit whose cgroup this is or lies in. `path` (its D-Bus object) is the caller's to free.
int systemd_unit_of_cgroup(systemd_connection *connection, const char *cgroup, char **path, systemd_reason *reason);

/// Properties of a unit's object, of the interface org.freedesktop.systemd1.Unit. `value` is the caller's to free, as are its strings.
int systemd_string(systemd_connection *connection, const char *path, const char *property, char **value, systemd_reason *reason);
int systemd_strings(systemd_connection *connection, const char *path, const char *property, char ***value, systemd_reason *reason);
int systemd_flag(systemd_connection *connection, const char *path, const char *property, bool *value, systemd_reason *reason);

/// SetUnitProperties(unit, runtime: true, MemoryMax): at once, and as a drop-in 50-MemoryMax.conf below /run.
int systemd_set_memory_max(systemd_connection *connection, const char *unit, uint64_t bytes, systemd_reason *reason);

/// Reload: reads all unit files again and applies them; returns when that is done. Tens of milliseconds and more, by the number of units.
int systemd_reload(systemd_connection *connection, systemd_reason *reason);

/// Subscribe: from now on `systemd_next_change` hears of all units. `descriptor` is the connection's own; it is readable when there may be more.
int systemd_subscribe(systemd_connection *connection, int *descriptor, systemd_reason *reason);

typedef enum { SYSTEMD_UNIT_NEW, SYSTEMD_UNIT_REMOVED, SYSTEMD_JOB_REMOVED } systemd_change_kind;

/// UnitNew, UnitRemoved or JobRemoved. A unit's name has at most 255 characters (UNIT_NAME_MAX).
typedef struct {
    systemd_change_kind kind;
    char unit[256];
    /// Of a job: `done`, `failed`, `canceled`, `timeout`, `dependency`, `skipped`.
    char result[32];
} systemd_change;

/// 1 and the next change, 0 where there is none yet; negative: the connection has ended.
int systemd_next_change(systemd_connection *connection, systemd_change *change);

/// A command that systemd is to run once, as a service of Type=oneshot. Lists end with NULL.
typedef struct {
    const char *name, *description, *slice, *identifier;
    /// The first word is an absolute path. Nothing in it is expanded.
    char *const *command;
    /// `NAME=value`.
    char *const *environment;
    /// NULL: root.
    const char *user;
    /// Microseconds; then it is terminated, and five seconds later killed.
    uint64_t timeout;
    uint64_t memory_max, tasks_max;
} systemd_service;

/// StartTransientUnit(mode fail): returns when the job is queued. JobRemoved tells of the command's end: `done` where it ended with 0. Else the unit
/// stays, as failed, until `systemd_reset_failed`.
int systemd_start_service(systemd_connection *connection, const systemd_service *service, systemd_reason *reason);

/// How a failed service ended: `result` of 32 characters takes its property Result; `code` is CLD_EXITED, CLD_KILLED or CLD_DUMPED, and 0 where there was
/// no process; `status` the exit status or the signal.
int systemd_service_result(systemd_connection *connection, const char *unit, char *result, int32_t *code, int32_t *status, systemd_reason *reason);

int systemd_reset_failed(systemd_connection *connection, const char *unit, systemd_reason *reason);

/// sd_watchdog_enabled(3): how often systemd wants to hear of us, 0 where it does not. Takes WATCHDOG_USEC and WATCHDOG_PID out of the environment.
int systemd_watchdog(uint64_t *microseconds, systemd_reason *reason);

/// sd_listen_fds_with_names(3): how many descriptors systemd passed to us, from 3 on, made close-on-exec; takes LISTEN_* out of the environment.
/// `names` is the caller's to free, as are its strings; NULL where there are none.
int systemd_passed_descriptors(char ***names, systemd_reason *reason);

#define SYSTEMD_MAX_DESCRIPTORS 32

/// The protocol of sd_notify(3), which invites programs to speak it themselves. We do because libsystemd takes the socket's name from the environment at
/// every call, and there children would find it. At most SYSTEMD_MAX_DESCRIPTORS; waits up to 5 s for a place in the socket's queue.
int systemd_notify(const char *address, const char *state, const int *descriptors, size_t count);

/// sd_journal_sendv(3): one entry, fields as `NAME=value`.
int systemd_journal_send(const struct iovec *fields, size_t count, systemd_reason *reason);

/// How the command of a service ended, by systemd's own entries in the journal.
typedef struct {
    /// CLD_EXITED, CLD_KILLED or CLD_DUMPED; 0: it says nothing of it.
    int32_t code;
    /// The exit status or the signal.
    int32_t status;
    /// The kernel had a process of the unit killed for memory.
    bool is_oom_killed;
} systemd_exit;

/// The newest end of the unit's ExecStart= since `since` (microseconds of Unix time). Opens the journal: milliseconds.
int systemd_last_exit(const char *unit, uint64_t since, systemd_exit *end, systemd_reason *reason);

/// A scope that is to be made around one process.
typedef struct {
    const char *name, *slice, *description;
    uint32_t pid;
    /// Bytes.
    uint64_t memory_max;
} systemd_scope;

/// Whether the connection is to systemd itself, as pid 1 of our pid namespace: else a pid means another process to it.
bool systemd_is_pid_1(systemd_connection *connection);

/// StartTransientUnit(mode fail), and waits until its job is done: the process is in the scope's cgroup then. The scope ends with the process, and is
/// forgotten however that ended. -ETIMEDOUT after `patience` microseconds. Only where
/// `systemd_is_pid_1`: others are not told of jobs.
int systemd_start_scope(systemd_connection *connection, const systemd_scope *scope, uint64_t patience, systemd_reason *reason);

#endif
