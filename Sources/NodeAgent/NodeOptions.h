// Our own token in NODE_OPTIONS is not for the children of the service (contract 21).
#pragma once
#include <stddef.h>

#include "Engine.h"

namespace agent {

// Takes every `--require X`, `--require=X`, `-r X` out of `text` where `isOurs(X)`; the rest keeps its quotes. The grammar is that of
// src/node_options.cc (ParseNodeOptionsEnvVar): only spaces separate, double quotes group, a backslash escapes within them.
// Answers how many were taken; -1 where Node would refuse the text, or it is longer than 32 KiB.
int withoutOurs(const char* text, bool (*isOurs)(const char* path), char* rest, size_t size);

// True for npm, npx, yarn, pnpm and corepack, told from the script as Sources/Node/Process/PackageManager.swift does it.
bool isPackageManager(const char* script);

// Takes our token out of process.env, on the main thread; nothing is changed where the process is a package manager.
void cleanEnvironment(Environment* environment);

}  // namespace agent
