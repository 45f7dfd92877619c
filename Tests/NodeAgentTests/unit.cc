// The parts of the agent that need no Node: unit GOLDEN-DIRECTORY. Exits with the number of failures.
#include <dirent.h>
#include <elf.h>
#include <initializer_list>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "Allocator.h"
#include "Engine.h"
#include "Json.h"
#include "Kernel.h"
#include "NodeOptions.h"
#include "Relocations.h"
#include "Text.h"
#include "Usage.h"
#include "Waits.h"

using namespace agent;

static int passed = 0, failed = 0;

#define expect(condition) \
    do { \
        if (condition) passed++; \
        else { \
            failed++; \
            printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #condition); \
        } \
    } while (0)

static bool parses(const char* text) {
    char* copy = strdup(text);  // so that a read behind the end is seen by the sanitizer
    size_t length = strlen(text);
    char* exact = static_cast<char*>(malloc(length ? length : 1));
    memcpy(exact, copy, length);
    Message message;
    bool result = message.parse(exact, length);
    free(exact);
    free(copy);
    return result;
}

static void relocationTypes() {
    expect(relocationsOfAmd64.machine == EM_X86_64 && relocationsOfAArch64.machine == EM_AARCH64);
    expect(relocationsOfAmd64.jumpSlot == R_X86_64_JUMP_SLOT && relocationsOfAmd64.globalData == R_X86_64_GLOB_DAT);
    expect(relocationsOfAArch64.jumpSlot == R_AARCH64_JUMP_SLOT && relocationsOfAArch64.globalData == R_AARCH64_GLOB_DAT);
}

static void json() {
    Message message;
    const char* text = " {\"type\" : \"capture\", \"id\":7,\"timeout\":1.25, \"whole\":true,\"events\":[\"gc\", {\"a\":[1]},\"leak\"]} ";
    expect(message.parse(text, strlen(text)));
    expect(message.is("type", "capture") && !message.is("type", "capturE") && !message.is("typ", "capture"));
    expect(message.whole("id", -1) == 7 && message.whole("timeout", -1) == -1 && message.whole("none", 5) == 5);
    expect(message.nanoseconds("timeout", 0) == 1250000000 && message.nanoseconds("id", 0) == 7000000000);
    expect(message.lists("events", "gc") && message.lists("events", "leak") && !message.lists("events", "a") && !message.lists("id", "gc"));
    expect(parses("{}") && parses("{\"a\":-1.5e+3}") && parses("{\"a\":\"\\u00e9\\n\"}") && parses("{\"a\":{\"b\":[null,true,false]}}"));
    for (const char* bad : {"", "{", "}", "[]", "1", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\":01x}", "{\"a\":1.}", "{\"a\":-}",
                            "{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"", "{\"a\":\"\n\"}", "{\"a\":tru}", "{'a':1}", "{\"a\":[1,]}",
                            "{\"a\":[[[[[[[[[[1]]]]]]]]]]}", "{\"a\":\"\\"})
        expect(!parses(bad));
    char many[400] = "{\"0\":0";
    for (int at = 1; at < 17; at++) sprintf(many + strlen(many), ",\"%d\":0", at);
    strcat(many, "}");
    expect(!parses(many));
    unsigned seed = 1;
    for (int round = 0; round < 20000; round++) {  // nothing but that it ends and reads nothing that is not there
        char noise[64];
        static const char letters[] = "{}[]\",:\\u0123456789truefalsn ae-.\n";
        int length = static_cast<int>((seed = seed * 1103515245 + 12345) >> 16) % 63;
        for (int at = 0; at < length; at++) noise[at] = letters[((seed = seed * 1103515245 + 12345) >> 16) % (sizeof letters - 1)];
        noise[length] = 0;
        parses(noise);
    }
}

static void text() {
    char memory[256];
    Text text(memory, sizeof memory);
    text.raw("{").member("a", "q\"\\\n\x01").member("b", int64_t(-9223372036854775807LL - 1)).member("c", ~uint64_t(0)).member("d", true);
    text.duration("e", 1500000).duration("f", 12000000499).open("g", '[').element().number(uint64_t(1)).element().number(uint64_t(2)).raw("]}");
    const char* wanted = "{\"a\":\"q\\\"\\\\\\u000a\\u0001\",\"b\":-9223372036854775808,\"c\":18446744073709551615,\"d\":true,"
                         "\"e\":0.001500,\"f\":12.000000,\"g\":[1,2]}";
    expect(text.length() == strlen(wanted) && memcmp(text.bytes(), wanted, text.length()) == 0 && !text.overflowed());
    Text tiny(memory, 4);
    tiny.string("long");
    expect(tiny.overflowed() && tiny.length() == 4);
}

static void processStatus() {
    char stat[] = "71 (a b) c) R 1 71 71 0 -1 4194304 11 12 13 14 15 16 17 18 20 0 7 0 1329664 1 2";
    expect(parseState(stat) == 'R' && parseStartTime(stat) == 1329664);
    expect(parseState("71") == 0 && parseStartTime("71 (a) R 1") == 0);
    expect(startTime() > 0);
}

static bool isOurs(const char* path) { return strcmp(path, "/opt/a b/agent.node") == 0; }

static bool leaves(const char* options, int taken, const char* rest) {
    char memory[512];
    return withoutOurs(options, isOurs, memory, sizeof memory) == taken && (taken < 0 || strcmp(memory, rest) == 0);
}

static void nodeOptions() {
    expect(leaves("\"--require=/opt/a b/agent.node\"", 1, ""));
    expect(leaves("--require=\"/opt/a b/agent.node\" --x", 1, "--x"));
    expect(leaves("--x=\"1 2\" --require \"/opt/a b/agent.node\"   -y", 1, "--x=\"1 2\" -y"));
    expect(leaves("-r \"/opt/\\a b/agent.node\" -r other.js", 1, "-r other.js"));
    expect(leaves("--require /opt/other --require", 0, "--require /opt/other --require"));
    expect(leaves("--x \"open", -1, "") && leaves("\"a\\", -1, "") && leaves("", 0, ""));
    expect(isPackageManager("/usr/bin/npm") && isPackageManager("/usr/lib/node_modules/npm/bin/npx-cli.js") && isPackageManager("pnpm.cjs"));
    expect(isPackageManager("/app/.yarn/releases/yarn-4.1.0.cjs") && isPackageManager("corepack.js"));
    expect(!isPackageManager("/srv/npm/server.js") && !isPackageManager("npmx") && !isPackageManager(""));
}

static void usage() {
    Usage usage;
    Leak leak{};
    int leaks = 0;
    for (int at = 0; at < 6; at++) leaks += usage.add({at * 1000, 1, size_t(1000 + at * 100), 0}, leak);
    expect(leaks == 1 && leak.start == 1000 && leak.end == 5000 && leak.growth == 400);
    expect(usage.least == 1200 && usage.most == 1500 && usage.base == 1500 && usage.trend() == 0);
    expect(!usage.add({6000, 1, 1400, 0}, leak) && usage.growths == 0);
    for (int at = 0; at < 200; at++) usage.add({7000 + at, 1, 2000, 0}, leak);
    expect(usage.recent > 1999 && usage.ancient > 1800 && usage.trend() >= 0);
}

static void waits() {
    for (const char* name : {"pthread_cond_signal", "pthread_cond_wait", "pthread_mutex_lock", "pthread_rwlock_wrlock", "sem_wait", "syscall"})
        expect(waitReplacement(name));
    expect(!waitReplacement("pthread_mutex_unlock") && !waitReplacement("malloc") && !waitReplacement(""));
}

static void allocator() {
    findEngine();
    expect(openAllocator() && !allocatorReplacement("mallo") && allocatorReplacement("_Znwm"));
    auto take = reinterpret_cast<void* (*)(size_t)>(allocatorReplacement("malloc"));
    auto release = reinterpret_cast<void (*)(void*)>(allocatorReplacement("free"));
    auto zeroed = reinterpret_cast<void* (*)(size_t, size_t)>(allocatorReplacement("calloc"));
    auto resize = reinterpret_cast<void* (*)(void*, size_t)>(allocatorReplacement("realloc"));
    auto aligned = reinterpret_cast<void* (*)(size_t, size_t)>(allocatorReplacement("aligned_alloc"));
    auto sizeOf = reinterpret_cast<size_t (*)(void*)>(allocatorReplacement("malloc_usable_size"));
    for (size_t size = 0; size < size_t(3) << 30; size += size / 7 + 1) {  // each list, and most of them twice
        void* first = take(size);
        void* second = size % 3 ? take(size) : aligned(size_t(1) << (size % 13), size);
        expect(first && second && first != second && sizeOf(first) >= size && sizeOf(second) >= size);
        expect(sizeOf(first) <= size + size / 8 + 16 && reinterpret_cast<uintptr_t>(first) % 16 == 0);
        memset(first, 1, size < 5000 ? size : 5000);
        if (size) static_cast<char*>(second)[size - 1] = 2;
        release(second);
        release(first);
        expect(take(size) == first);  // the list gives back what was put there last
        release(first);
    }
    auto* bytes = static_cast<unsigned char*>(take(400000));
    memset(bytes, 7, 400000);
    release(bytes);
    bytes = static_cast<unsigned char*>(zeroed(1000, 400));
    bool clean = true;
    for (int at = 0; at < 400000; at++) clean = clean && bytes[at] == 0;
    expect(clean && !zeroed(~size_t(0), 16) && !take(~size_t(0)));
    bytes[0] = bytes[399999] = 9;
    bytes = static_cast<unsigned char*>(resize(bytes, 4000000));
    expect(bytes[0] == 9 && bytes[399999] == 9);
    bytes = static_cast<unsigned char*>(resize(bytes, 10));
    expect(bytes[0] == 9 && sizeOf(bytes) < 100);
    for (size_t alignment = 16; alignment <= 65536; alignment *= 2) {
        void* block = aligned(alignment, 100);
        expect(reinterpret_cast<uintptr_t>(block) % alignment == 0 && sizeOf(block) >= 100);
        release(block);
    }
    void* old = malloc(50);  // libc's, from before the fork
    memset(old, 5, 50);
    auto* moved = static_cast<char*>(resize(old, 5000));
    expect(moved[49] == 5);
    release(old);
    free(old);
}

static void golden(const char* directory) {
    DIR* files = opendir(directory);
    expect(files);
    int count = 0;
    while (dirent* entry = files ? readdir(files) : nullptr) {
        if (!strstr(entry->d_name, ".json")) continue;
        char path[1024], bytes[4096];
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        long length = readFile(path, bytes, sizeof bytes);
        Message message;
        expect(length > 0 && message.parse(bytes, static_cast<size_t>(length)) && message.has("type"));
        if (strncmp(entry->d_name, "request-", 8) == 0) expect(message.whole("id", -1) > 0);
        count++;
    }
    expect(count >= 25);
    if (files) closedir(files);
}

int main(int, char** arguments) {
    relocationTypes();
    json();
    text();
    processStatus();
    nodeOptions();
    usage();
    waits();
    allocator();
    golden(arguments[1]);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
