// The copy's own memory. libc's allocator may have been locked, in the moment of the fork, by a thread that the copy does not have
// (seen: 3 of 50 copies of a service whose threads never sleep hung on an arena of glibc). So the program's malloc, and what belongs to
// it, are replaced in the copy by an allocator that shares nothing with libc's. One thread: no locks.
#pragma once
#include <stddef.h>

namespace agent {

// Reserves address space. False where the system gives none: malloc stays libc's then.
bool openAllocator();

// The replacement of that function of libc or libstdc++; null where it stays as it is.
void* allocatorReplacement(const char* function);

}  // namespace agent
