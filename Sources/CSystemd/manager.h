#ifndef MANAGER_H
#define MANAGER_H

#include "csystemd.h"
#include "library.h"

#define SERVICE "org.freedesktop.systemd1"
#define MANAGER "/org/freedesktop/systemd1", SERVICE ".Manager"

static inline sd_bus *bus(systemd_connection *connection) { return (sd_bus *)connection; }

/// 0, or `result` with what systemd said in `reason`. Frees `error`.
int failed(int result, sd_bus_error *error, systemd_reason *reason) __attribute__((visibility("hidden")));

#endif
