// What systemd tells of its units.
#include <errno.h>
#include <stdio.h>

#include "manager.h"

int systemd_subscribe(systemd_connection *connection, int *descriptor, systemd_reason *reason) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int result = 0;
    // systemd itself sends all its signals to who is connected to it directly; a bus daemon wants to know which are wanted.
    if (lib.sd_bus_is_bus_client(bus(connection)) > 0)
        result = lib.sd_bus_call_method(
            bus(connection), "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", &error, NULL, "s",
            "type='signal',sender='" SERVICE "',interface='" SERVICE ".Manager'");
    if (result >= 0) result = lib.sd_bus_call_method(bus(connection), SERVICE, MANAGER, "Subscribe", &error, NULL, NULL);
    // What came while we waited for the answers lies in sd-bus's queue and would make nothing readable. It is older than the subscription.
    while (result >= 0 && (result = lib.sd_bus_process(bus(connection), NULL)) > 0) {}
    if (result >= 0) result = *descriptor = lib.sd_bus_get_fd(bus(connection));
    return failed(result, &error, reason);
}

// 1: one of ours.
static int read_change(sd_bus_message *message, systemd_change *change) {
    static const char *const names[] = {"UnitNew", "UnitRemoved", "JobRemoved"};
    for (systemd_change_kind kind = SYSTEMD_UNIT_NEW; kind <= SYSTEMD_JOB_REMOVED; kind++) {
        if (lib.sd_bus_message_is_signal(message, SERVICE ".Manager", names[kind]) <= 0) continue;
        uint32_t job;
        const char *unit = "", *path, *result = "";
        int read = kind == SYSTEMD_JOB_REMOVED ? lib.sd_bus_message_read(message, "uoss", &job, &path, &unit, &result)
                                               : lib.sd_bus_message_read(message, "so", &unit, &path);
        if (read < 0) return 0;
        change->kind = kind;
        snprintf(change->unit, sizeof change->unit, "%s", unit);
        snprintf(change->result, sizeof change->result, "%s", result);
        return 1;
    }
    return 0;
}

int systemd_next_change(systemd_connection *connection, systemd_change *change) {
    while (true) {
        sd_bus_message *message = NULL;
        int result = lib.sd_bus_process(bus(connection), &message);
        int found = message ? read_change(message, change) : 0;
        // sd-bus's own farewell.
        if (message && lib.sd_bus_message_is_signal(message, "org.freedesktop.DBus.Local", "Disconnected") > 0) result = -ENOTCONN;
        lib.sd_bus_message_unref(message);
        if (found || result <= 0) return found ? 1 : result;
    }
}
