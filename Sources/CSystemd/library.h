#ifndef LIBRARY_H
#define LIBRARY_H

#include <stddef.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#define SD_JOURNAL_SUPPRESS_LOCATION  // sd_journal_sendv itself, not its macro with CODE_FILE
#include <systemd/sd-journal.h>

// What we use of libsystemd, with the types of its own headers. Filled by systemd_available.
#define FUNCTIONS(F) F(sd_bus_new) F(sd_bus_set_address) F(sd_bus_start) F(sd_bus_open_system) F(sd_bus_flush_close_unref) \
    F(sd_bus_call_method) F(sd_bus_message_read) F(sd_bus_message_unref) F(sd_bus_get_property_string) F(sd_bus_get_property_strv) \
    F(sd_bus_get_property_trivial) F(sd_bus_error_free) F(sd_bus_get_fd) F(sd_bus_process) F(sd_bus_wait) F(sd_bus_message_is_signal) \
    F(sd_bus_is_bus_client) F(sd_bus_message_new_method_call) F(sd_bus_message_append) F(sd_bus_message_append_strv) \
    F(sd_bus_message_open_container) F(sd_bus_message_close_container) F(sd_bus_call) \
    F(sd_watchdog_enabled) F(sd_listen_fds_with_names) F(sd_journal_sendv) \
    F(sd_journal_open) F(sd_journal_close) F(sd_journal_add_match) F(sd_journal_seek_tail) F(sd_journal_previous) \
    F(sd_journal_get_realtime_usec) F(sd_journal_get_data)

#define DECLARE(name) __typeof__(name) *name;
struct library { FUNCTIONS(DECLARE) };
extern struct library lib __attribute__((visibility("hidden")));

#endif
