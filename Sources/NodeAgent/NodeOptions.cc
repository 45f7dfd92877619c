#include "NodeOptions.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "Kernel.h"

namespace agent {

namespace {

constexpr size_t mostText = 32768;

// One argument: where it lies in the text, and what it means without quotes.
struct Argument {
    size_t start, end;
    char text[4096];
};

// 1 = an argument, 0 = the end, -1 = malformed.
int nextArgument(const char* text, size_t& at, Argument& argument) {
    while (text[at] == ' ') at++;
    if (!text[at]) return 0;
    argument.start = at;
    bool quoted = false;
    size_t length = 0;
    for (; text[at] && (quoted || text[at] != ' '); at++) {
        if (text[at] == '"') {
            quoted = !quoted;
            continue;
        }
        if (text[at] == '\\' && quoted && !text[++at]) return -1;
        if (length < sizeof argument.text - 1) argument.text[length++] = text[at];
    }
    argument.text[length] = 0;
    argument.end = at;
    return quoted ? -1 : 1;
}

const char* inlineValue(const char* text) {
    if (strncmp(text, "--require=", 10) == 0) return text + 10;
    return strncmp(text, "-r=", 3) == 0 ? text + 3 : nullptr;
}

}  // namespace

int withoutOurs(const char* text, bool (*isOurs)(const char*), char* rest, size_t size) {
    static Argument argument, value;  // one caller: the main thread at load
    if (strlen(text) >= size) return -1;
    size_t at = 0, kept = 0;
    int taken = 0;
    for (;;) {
        int found = nextArgument(text, at, argument);
        if (found < 0) return -1;
        if (found == 0) break;
        size_t end = argument.end;
        bool ours = false;
        if (const char* path = inlineValue(argument.text)) {
            ours = isOurs(path);
        } else if (strcmp(argument.text, "--require") == 0 || strcmp(argument.text, "-r") == 0) {
            int second = nextArgument(text, at, value);
            if (second < 0) return -1;
            if (second == 1) {
                ours = isOurs(value.text);
                end = value.end;
            }
        }
        if (ours) {
            taken++;
            continue;
        }
        if (kept) rest[kept++] = ' ';
        memcpy(rest + kept, text + argument.start, end - argument.start);
        kept += end - argument.start;
    }
    rest[kept] = 0;
    return taken;
}

bool isPackageManager(const char* script) {
    const char* file = strrchr(script, '/');
    file = file ? file + 1 : script;
    char stem[32];
    size_t length = strncmp(file, "yarn-", 5) == 0 ? 4 : strcspn(file, ".");
    if (length >= sizeof stem) return false;
    memcpy(stem, file, length);
    stem[length] = 0;
    if (length > 4 && strcmp(stem + length - 4, "-cli") == 0) stem[length - 4] = 0;
    static const char* const names[] = {"npm", "npx", "yarn", "yarnpkg", "pnpm", "pnpx", "corepack"};
    for (const char* name : names)
        if (strcmp(stem, name) == 0) return true;
    return false;
}

namespace {

// The file behind a path, whatever links lead there: the name that the kernel gives its descriptor.
bool realName(const char* path, char* name, size_t size) {
    int file = open(path, O_PATH | O_CLOEXEC);
    if (file < 0) return false;
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    long length = readlink(link, name, size - 1);
    close(file);
    if (length <= 0) return false;
    name[length] = 0;
    return true;
}

bool isThisLibrary(const char* path) {
    Dl_info here;
    char ours[4096], theirs[4096];
    return dladdr(reinterpret_cast<void*>(&isThisLibrary), &here) && realName(here.dli_fname, ours, sizeof ours) &&
        realName(path, theirs, sizeof theirs) && strcmp(ours, theirs) == 0;
}

struct Properties {
    Environment* environment;

    Value* named(Value* object, const char* name) {
        Value* value = nullptr;
        return object && engine.getNamed(environment, object, name, &value) == 0 ? value : nullptr;
    }
    // Answers whether it is a string that fits.
    bool text(Value* value, char* buffer, size_t size) {
        size_t length = 0;
        return value && engine.stringValue(environment, value, buffer, size, &length) == 0 && length < size - 1;
    }
};

}  // namespace

void cleanEnvironment(Environment* environment) {
    static char text[mostText], rest[mostText];
    if (!engine.canReadEnvironment()) return;
    Properties read{environment};
    Value* global = nullptr;
    if (engine.getGlobal(environment, &global) != 0) return;
    Value* process = read.named(global, "process");
    Value* variables = read.named(process, "env");
    Value* script = nullptr;
    Value* arguments = read.named(process, "argv");
    bool manager = arguments && engine.getElement(environment, arguments, 1, &script) == 0 && read.text(script, text, sizeof text) &&
        isPackageManager(text);
    if (!manager && read.text(read.named(variables, "NODE_OPTIONS"), text, sizeof text) &&
        withoutOurs(text, isThisLibrary, rest, sizeof rest) > 0) {
        Value* value = nullptr;
        bool gone = false;
        if (*rest) {
            if (engine.createString(environment, rest, strlen(rest), &value) == 0)
                engine.setNamed(environment, variables, "NODE_OPTIONS", value);
        } else if (engine.createString(environment, "NODE_OPTIONS", 12, &value) == 0) {
            engine.deleteProperty(environment, variables, value, &gone);
        }
    }
    Value* exception = nullptr;
    engine.clearException(environment, &exception);
}

}  // namespace agent
