#include "Allocator.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "Engine.h"
#include "Replacement.h"

namespace agent {

namespace {

// Before each block: how many bytes it has, its list, and how far behind the start of its memory it lies (alignments above 16).
struct Header {
    uint64_t size;
    uint32_t list;
    uint32_t offset;
};
static_assert(sizeof(Header) == 16, "keeps blocks aligned to 16");

struct Free {
    Free* next;
};

constexpr size_t step = size_t(16) << 20;        // made writable at a time
constexpr size_t dropFrom = size_t(256) << 10;   // free blocks of this size give their pages back
constexpr int lists = 320;                       // 2^40 bytes are in list 64 + 29 * 8 + 8

char* reserved = nullptr;
char* reservedEnd = nullptr;
char* top = nullptr;       // the first byte never used
char* writable = nullptr;  // the first byte not yet writable
Free* freeLists[lists];

bool isOurs(const void* block) { return block >= reserved && block < reservedEnd; }

// Sixteens up to 1 KB, then eight sizes to each doubling: at most an eighth is lost.
uint32_t listOf(size_t size, size_t& rounded) {
    if (size <= 1024) {
        rounded = size ? (size + 15) & ~size_t(15) : 16;
        return static_cast<uint32_t>(rounded / 16);
    }
    int power = 63 - __builtin_clzll(size - 1);  // 2^power < size <= 2^(power + 1)
    size_t part = size_t(1) << (power - 3);
    size_t parts = (size - (size_t(1) << power) + part - 1) / part;
    rounded = (size_t(1) << power) + parts * part;
    return static_cast<uint32_t>(64 + (power - 10) * 8) + static_cast<uint32_t>(parts);
}

bool extend(size_t size) {
    if (size > static_cast<size_t>(reservedEnd - top)) return false;
    if (top + size <= writable) return true;
    size_t more = (static_cast<size_t>(top + size - writable) + step - 1) / step * step;
    if (more > static_cast<size_t>(reservedEnd - writable)) more = static_cast<size_t>(reservedEnd - writable);
    if (mprotect(writable, more, PROT_READ | PROT_WRITE) != 0) return false;
    writable += more;
    return true;
}

void* take(size_t size) {
    if (size > size_t(1) << 40) return nullptr;
    size_t rounded;
    uint32_t list = listOf(size, rounded);
    if (Free* block = freeLists[list]) {
        freeLists[list] = block->next;
        return block;
    }
    if (!extend(sizeof(Header) + rounded)) return nullptr;
    auto* header = reinterpret_cast<Header*>(top);
    *header = {rounded, list, sizeof(Header)};
    top += sizeof(Header) + rounded;
    return header + 1;
}

Header* headerOf(void* block) { return static_cast<Header*>(block) - 1; }

// What libc gave before the fork stays where it is.
void release(void* block) {
    if (!isOurs(block)) return;
    Header header = *headerOf(block);
    char* start = static_cast<char*>(block) - header.offset + sizeof(Header);
    Header* first = headerOf(start);
    if (first->size >= dropFrom) {
        auto from = (reinterpret_cast<uintptr_t>(start) + 4096 + 65535) & ~uintptr_t(65535);
        auto to = (reinterpret_cast<uintptr_t>(start) + first->size) & ~uintptr_t(65535);
        if (to > from) madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
    }
    auto* free = reinterpret_cast<Free*>(start);
    free->next = freeLists[first->list];
    freeLists[first->list] = free;
}

void* none() {
    errno = ENOMEM;
    return nullptr;
}

void* copyMalloc(size_t size) {
    void* block = take(size);
    return block ? block : none();
}

void* copyCalloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return none();
    void* block = copyMalloc(bytes);
    if (block) memset(block, 0, bytes);
    return block;
}

size_t sizeOf(void* block) {
    if (!block) return 0;
    if (isOurs(block)) return headerOf(block)->size;
    return engine.usableSize ? engine.usableSize(block) : 0;
}

void* copyRealloc(void* block, size_t size) {
    if (!block) return copyMalloc(size);
    if (!size) {
        release(block);
        return nullptr;
    }
    size_t before = sizeOf(block);
    if (isOurs(block) && size <= before && size > before / 2) return block;
    void* moved = copyMalloc(size);
    if (!moved) return nullptr;
    memcpy(moved, block, before < size ? before : size);
    release(block);
    return moved;
}

void* copyAligned(size_t alignment, size_t size) {
    if (alignment <= 16) return copyMalloc(size);
    auto* block = static_cast<char*>(copyMalloc(size + alignment));
    if (!block) return nullptr;
    auto aligned = (reinterpret_cast<uintptr_t>(block) + alignment - 1) & ~(alignment - 1);
    auto* place = reinterpret_cast<char*>(aligned);
    if (place == block) return block;
    Header first = *headerOf(block);
    auto moved = static_cast<size_t>(place - block);
    *headerOf(place) = {first.size - moved, first.list, static_cast<uint32_t>(moved + sizeof(Header))};
    return place;
}

int copyPosixAligned(void** place, size_t alignment, size_t size) {
    void* block = copyAligned(alignment, size);
    if (!block) return ENOMEM;
    *place = block;
    return 0;
}

// operator new: the copy ends where there is no memory; nothing is thrown here.
void* copyNew(size_t size) {
    void* block = take(size);
    if (!block) __builtin_trap();
    return block;
}

void* copyNewAligned(size_t size, size_t alignment) { return copyAligned(alignment, size); }

const Replacement replacements[] = {
    {"malloc", address(copyMalloc)},
    {"free", address(release)},
    {"calloc", address(copyCalloc)},
    {"realloc", address(copyRealloc)},
    {"memalign", address(copyAligned)},
    {"aligned_alloc", address(copyAligned)},
    {"posix_memalign", address(copyPosixAligned)},
    {"malloc_usable_size", address(sizeOf)},
    {"_Znwm", address(copyNew)},
    {"_Znam", address(copyNew)},
    {"_ZnwmRKSt9nothrow_t", address(copyMalloc)},
    {"_ZnamRKSt9nothrow_t", address(copyMalloc)},
    {"_ZnwmSt11align_val_t", address(copyNewAligned)},
    {"_ZnamSt11align_val_t", address(copyNewAligned)},
    {"_ZdlPv", address(release)},
    {"_ZdaPv", address(release)},
    {"_ZdlPvm", address(release)},
    {"_ZdaPvm", address(release)},
    {"_ZdlPvSt11align_val_t", address(release)},
    {"_ZdaPvSt11align_val_t", address(release)},
    {"_ZdlPvmSt11align_val_t", address(release)},
    {"_ZdaPvmSt11align_val_t", address(release)},
};

}  // namespace

bool openAllocator() {
    if (!engine.usableSize) return false;
    for (size_t size = size_t(1) << 38; size >= size_t(1) << 32; size >>= 1) {
        void* memory = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) continue;
        reserved = top = writable = static_cast<char*>(memory);
        reservedEnd = reserved + size;
        return true;
    }
    return false;
}

void* allocatorReplacement(const char* function) {
    return find(replacements, function);
}

}  // namespace agent
