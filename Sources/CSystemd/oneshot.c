// Commands that systemd runs for us.
#include <stdio.h>
#include <stdlib.h>

#include "manager.h"

#define TERMINATION_GRACE 5000000  // microseconds between SIGTERM and SIGKILL

// ExecStartEx, one command: an array of (path, words, flags).
static int append_command(sd_bus_message *request, char *const *command) {
    char *const flags[] = {"no-env-expand", NULL};
    int result = lib.sd_bus_message_open_container(request, 'r', "sv");
    if (result >= 0) result = lib.sd_bus_message_append(request, "s", "ExecStartEx");
    if (result >= 0) result = lib.sd_bus_message_open_container(request, 'v', "a(sasas)");
    if (result >= 0) result = lib.sd_bus_message_open_container(request, 'a', "(sasas)");
    if (result >= 0) result = lib.sd_bus_message_open_container(request, 'r', "sasas");
    if (result >= 0) result = lib.sd_bus_message_append(request, "s", command[0]);
    if (result >= 0) result = lib.sd_bus_message_append_strv(request, (char **)command);
    if (result >= 0) result = lib.sd_bus_message_append_strv(request, (char **)flags);
    for (int open = 0; open < 4 && result >= 0; open++) result = lib.sd_bus_message_close_container(request);
    return result;
}

static int append_strings(sd_bus_message *request, const char *property, char *const *strings) {
    int result = lib.sd_bus_message_open_container(request, 'r', "sv");
    if (result >= 0) result = lib.sd_bus_message_append(request, "s", property);
    if (result >= 0) result = lib.sd_bus_message_open_container(request, 'v', "as");
    if (result >= 0) result = lib.sd_bus_message_append_strv(request, (char **)strings);
    for (int open = 0; open < 2 && result >= 0; open++) result = lib.sd_bus_message_close_container(request);
    return result;
}

static int append_properties(sd_bus_message *request, const systemd_service *service) {
    int result = lib.sd_bus_message_open_container(request, 'a', "(sv)");
#define ADD(name, type, value) if (result >= 0) result = lib.sd_bus_message_append(request, "(sv)", name, type, value)
    ADD("Description", "s", service->description);
    ADD("Type", "s", "oneshot");
    ADD("Slice", "s", service->slice);
    ADD("TimeoutStartUSec", "t", service->timeout);
    ADD("TimeoutStopUSec", "t", (uint64_t)TERMINATION_GRACE);
    ADD("StandardInput", "s", "null");
    ADD("StandardOutput", "s", "journal");
    ADD("StandardError", "s", "journal");
    ADD("SyslogIdentifier", "s", service->identifier);
    ADD("MemoryMax", "t", service->memory_max);
    ADD("TasksMax", "t", service->tasks_max);
    if (service->user) ADD("User", "s", service->user);
    if (result >= 0) result = append_strings(request, "Environment", service->environment);
    if (result >= 0) result = append_command(request, service->command);
    if (result >= 0) result = lib.sd_bus_message_close_container(request);
    return result;
}

int systemd_start_service(systemd_connection *connection, const systemd_service *service, systemd_reason *reason) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *request = NULL;
    int result = lib.sd_bus_message_new_method_call(bus(connection), &request, SERVICE, MANAGER, "StartTransientUnit");
    if (result >= 0) result = lib.sd_bus_message_append(request, "ss", service->name, "fail");
    if (result >= 0) result = append_properties(request, service);
    if (result >= 0) result = lib.sd_bus_message_append(request, "a(sa(sv))", 0);
    if (result >= 0) result = lib.sd_bus_call(bus(connection), request, 0, &error, NULL);
    lib.sd_bus_message_unref(request);
    return failed(result, &error, reason);
}

int systemd_service_result(systemd_connection *connection, const char *unit, char *result, int32_t *code, int32_t *status, systemd_reason *reason) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    const char *path = NULL;
    char *text = NULL;
    int done = lib.sd_bus_call_method(bus(connection), SERVICE, MANAGER, "GetUnit", &error, &reply, "s", unit);
    if (done >= 0) done = lib.sd_bus_message_read(reply, "o", &path);
    if (done >= 0) done = lib.sd_bus_get_property_string(bus(connection), SERVICE, path, SERVICE ".Service", "Result", &error, &text);
    if (done >= 0) done = lib.sd_bus_get_property_trivial(bus(connection), SERVICE, path, SERVICE ".Service", "ExecMainCode", &error, 'i', code);
    if (done >= 0) done = lib.sd_bus_get_property_trivial(bus(connection), SERVICE, path, SERVICE ".Service", "ExecMainStatus", &error, 'i', status);
    if (done >= 0) snprintf(result, 32, "%s", text);
    free(text);
    lib.sd_bus_message_unref(reply);
    return failed(done, &error, reason);
}

int systemd_reset_failed(systemd_connection *connection, const char *unit, systemd_reason *reason) {
    sd_bus_error error = SD_BUS_ERROR_NULL;
    return failed(lib.sd_bus_call_method(bus(connection), SERVICE, MANAGER, "ResetFailedUnit", &error, NULL, "s", unit), &error, reason);
}
