#define _GNU_SOURCE  // struct ucred
#include "csystemd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "manager.h"

int failed(int result, sd_bus_error *error, systemd_reason *reason) {
    if (result >= 0) return 0;
    snprintf(reason->text, sizeof reason->text, "%s", error->message ? error->message : strerror(-result));
    lib.sd_bus_error_free(error);
    return result;
}

// As systemctl does (bus_connect_system_systemd): root speaks to systemd itself, which works without a bus daemon; all others by way of the bus.
int systemd_connect(systemd_connection **connection, systemd_reason *reason) {
    int result = systemd_available(reason);
    if (result < 0) return result;
    sd_bus *new = NULL;
    result = geteuid() == 0 ? lib.sd_bus_new(&new) : -EPERM;
    if (result >= 0) result = lib.sd_bus_set_address(new, "unix:path=/run/systemd/private");
    if (result >= 0) result = lib.sd_bus_start(new);
    if (result < 0) {
        lib.sd_bus_flush_close_unref(new);
        result = lib.sd_bus_open_system(&new);
    }
    sd_bus_error none = SD_BUS_ERROR_NULL;
    *connection = result < 0 ? NULL : (systemd_connection *)new;
    return failed(result, &none, reason);
}

void systemd_disconnect(systemd_connection *connection) { lib.sd_bus_flush_close_unref(bus(connection)); }

int systemd_unit_of_cgroup(systemd_connection *connection, const char *cgroup, char **path, systemd_reason *reason) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    const char *found = NULL;
    int result = lib.sd_bus_call_method(bus(connection), SERVICE, MANAGER, "GetUnitByControlGroup", &error, &reply, "s", cgroup);
    if (result >= 0) result = lib.sd_bus_message_read(reply, "o", &found);
    if (result >= 0) {
        *path = strdup(found);
        result = *path ? 0 : -ENOMEM;
    }
    lib.sd_bus_message_unref(reply);
    return failed(result, &error, reason);
}

int systemd_string(systemd_connection *connection, const char *path, const char *property, char **value, systemd_reason *reason) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    return failed(lib.sd_bus_get_property_string(bus(connection), SERVICE, path, SERVICE ".Unit", property, &error, value), &error, reason);
}

int systemd_strings(systemd_connection *connection, const char *path, const char *property, char ***value, systemd_reason *reason) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    return failed(lib.sd_bus_get_property_strv(bus(connection), SERVICE, path, SERVICE ".Unit", property, &error, value), &error, reason);
}

int systemd_flag(systemd_connection *connection, const char *path, const char *property, bool *value, systemd_reason *reason) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int flag = 0;
    int result = lib.sd_bus_get_property_trivial(bus(connection), SERVICE, path, SERVICE ".Unit", property, &error, 'b', &flag);
    *value = flag != 0;
    return failed(result, &error, reason);
}

int systemd_set_memory_max(systemd_connection *connection, const char *unit, uint64_t bytes, systemd_reason *reason) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int result = lib.sd_bus_call_method(
        bus(connection), SERVICE, MANAGER, "SetUnitProperties", &error, NULL, "sba(sv)", unit, 1, 1, "MemoryMax", "t", bytes);
    return failed(result, &error, reason);
}

int systemd_reload(systemd_connection *connection, systemd_reason *reason) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    return failed(lib.sd_bus_call_method(bus(connection), SERVICE, MANAGER, "Reload", &error, NULL, NULL), &error, reason);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

bool systemd_is_pid_1(systemd_connection *connection) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(lib.sd_bus_get_fd(bus(connection)), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == 1;
}

// Of one JobRemoved: 1 it was ours and is done, 0 another's, negative: it failed.
static int judge(sd_bus_message *message, const char *job, systemd_reason *reason) {
    uint32_t id;
    const char *path, *unit, *result;
    if (lib.sd_bus_message_is_signal(message, SERVICE ".Manager", "JobRemoved") <= 0) return 0;
    if (lib.sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0 || strcmp(path, job) != 0) return 0;
    if (strcmp(result, "done") == 0) return 1;
    snprintf(reason->text, sizeof reason->text, "the job of %s ended with: %s", unit, result);
    return -ECANCELED;
}

static int wait_for_job(systemd_connection *connection, const char *job, uint64_t deadline, systemd_reason *reason) {
    while (true) {
        sd_bus_message *message = NULL;
        int result = lib.sd_bus_process(bus(connection), &message);
        int verdict = message ? judge(message, job, reason) : 0;
        lib.sd_bus_message_unref(message);
        if (verdict != 0) return verdict < 0 ? verdict : 0;
        uint64_t time = now();
        if (result >= 0 && time >= deadline) result = -ETIMEDOUT;
        if (result == 0) result = lib.sd_bus_wait(bus(connection), deadline - time);
        if (result < 0 && result != -EINTR) {
            snprintf(reason->text, sizeof reason->text, "its job was not done: %s", strerror(-result));
            return result;
        }
    }
}

int systemd_start_scope(systemd_connection *connection, const systemd_scope *scope, uint64_t patience, systemd_reason *reason) {
    uint64_t deadline = now() + patience;
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *request = NULL, *reply = NULL;
    const char *job;
    int result = lib.sd_bus_message_new_method_call(bus(connection), &request, SERVICE, MANAGER, "StartTransientUnit");
    if (result >= 0) result = lib.sd_bus_message_append(
        request, "ssa(sv)a(sa(sv))", scope->name, "fail", 5,
        "Description", "s", scope->description, "Slice", "s", scope->slice, "PIDs", "au", 1, scope->pid, "MemoryMax", "t", scope->memory_max,
        "CollectMode", "s", "inactive-or-failed", 0);
    if (result >= 0) result = lib.sd_bus_call(bus(connection), request, patience, &error, &reply);
    if (result >= 0) result = lib.sd_bus_message_read(reply, "o", &job);
    result = result >= 0 ? wait_for_job(connection, job, deadline, reason) : failed(result, &error, reason);
    lib.sd_bus_message_unref(reply);
    lib.sd_bus_message_unref(request);
    return result;
}
