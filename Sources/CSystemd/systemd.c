#include "csystemd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
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
