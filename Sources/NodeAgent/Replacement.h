// A function of libc or libstdc++ by its symbol, and what the copy calls in its place.
#pragma once
#include <stddef.h>
#include <string.h>

namespace agent {

struct Replacement {
    const char* function;
    void* replacement;
};

template <typename Function>
void* address(Function* function) { return reinterpret_cast<void*>(function); }

template <size_t count>
void* find(const Replacement (&replacements)[count], const char* function) {
    for (const Replacement& entry : replacements)
        if (strcmp(entry.function, function) == 0) return entry.replacement;
    return nullptr;
}

}  // namespace agent
