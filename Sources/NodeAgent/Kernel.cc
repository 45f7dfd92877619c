#include "Kernel.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace agent {

int threadID() { return static_cast<int>(syscall(SYS_gettid)); }

int64_t now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec;
}

int64_t calendar(int64_t monotonic) {
    timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec - (now() - monotonic);
}

int64_t sooner(int64_t a, int64_t b) { return a < 0 ? b : b < 0 || a < b ? a : b; }

long readFile(const char* path, char* buffer, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    size_t length = 0;
    while (length < size - 1) {
        long count = read(file, buffer + length, size - 1 - length);
        if (count <= 0) break;
        length += static_cast<size_t>(count);
    }
    close(file);
    buffer[length] = 0;
    return static_cast<long>(length);
}

static const char* afterName(const char* stat) {
    const char* bracket = strrchr(stat, ')');
    return bracket && bracket[1] == ' ' ? bracket + 2 : nullptr;
}

char parseState(const char* stat) {
    const char* rest = afterName(stat);
    return rest ? *rest : '\0';
}

uint64_t parseStartTime(const char* stat) {
    const char* field = afterName(stat);  // field 3
    for (int number = 3; field && number < 22; number++) {
        field = strchr(field, ' ');
        if (field) field++;
    }
    return field ? decimal(field) : 0;
}

uint64_t startTime() {
    char stat[1024];
    return readFile("/proc/self/stat", stat, sizeof stat) > 0 ? parseStartTime(stat) : 0;
}

void closeIfOpen(int& descriptor) {
    if (descriptor >= 0) close(descriptor);
    descriptor = -1;
}

namespace {
struct DirectoryEntry {  // struct linux_dirent64 of getdents64(2)
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[1];
};
}  // namespace

void eachEntry(int directory, bool (*visit)(const char* name, void* context), void* context) {
    alignas(8) char buffer[4096];
    for (;;) {
        long count = syscall(SYS_getdents64, directory, buffer, sizeof buffer);
        if (count <= 0) return;
        for (long at = 0; at < count;) {
            auto* entry = reinterpret_cast<DirectoryEntry*>(buffer + at);
            if (entry->name[0] != '.' && !visit(entry->name, context)) return;
            at += entry->length;
        }
    }
}

uint64_t decimal(const char* text) {
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++) number = number * 10 + static_cast<uint64_t>(*text - '0');
    return number;
}

}  // namespace agent
