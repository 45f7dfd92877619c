#ifndef CSYSTEMD_H
#define CSYSTEMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
