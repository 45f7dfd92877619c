// The few calls to the kernel that several files need. libc's own names are used only where glibc (2.28 and later) and musl both
// export them under that name; everything else goes through syscall(2).
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace agent {

int threadID();
// Nanoseconds of CLOCK_MONOTONIC.
int64_t now();
// Unix time in nanoseconds of a moment of CLOCK_MONOTONIC.
int64_t calendar(int64_t monotonic);
// The earlier of two moments, where -1 is never.
int64_t sooner(int64_t a, int64_t b);
// A file of /proc or /sys, whole, ended by a zero; -1 where it cannot be read. What does not fit is cut off.
long readFile(const char* path, char* buffer, size_t size);
// Field 22 of /proc/self/stat, in clock ticks since boot; 0 where it cannot be read.
uint64_t startTime();
// Field 22 of a text such as `71 (a b) c) S 1 71 71 0 -1 4194304 ...`: the name may hold spaces and brackets.
uint64_t parseStartTime(const char* stat);
// The state letter of the same text, or 0.
char parseState(const char* stat);
void closeIfOpen(int& descriptor);

// Calls `visit(name, context)` for each entry of an open directory until it answers false. No allocation.
void eachEntry(int directory, bool (*visit)(const char* name, void* context), void* context);

// The decimal number that text begins with.
uint64_t decimal(const char* text);

}  // namespace agent
