#include "library.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "csystemd.h"

struct library lib;
static char load_failure[256];

static void load(void) {
    void *library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
#define RESOLVE(name) if (library) { *(void **)&lib.name = dlsym(library, #name); if (!lib.name) library = NULL; }
    FUNCTIONS(RESOLVE)
    if (library) return;
    const char *error = dlerror();
    snprintf(load_failure, sizeof load_failure, "%s", error ? error : "libsystemd.so.0 is too old");
}

int systemd_available(systemd_reason *reason) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    if (!load_failure[0]) return 0;
    memcpy(reason->text, load_failure, sizeof reason->text);
    return -ENOPKG;
}
