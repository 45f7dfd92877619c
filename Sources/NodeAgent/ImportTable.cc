#include "ImportTable.h"

#include <atomic>
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "Allocator.h"
#include "Relocations.h"
#include "Waits.h"

namespace agent {

namespace {

struct Import {
    void** place;
    void* replacement;
    bool allocates;
};
constexpr int mostImports = 1024;
struct ImportTable {
    int count = 0;
    Import imports[mostImports];
};
// A copy may be made on a JavaScript thread (near the heap limit) while the agent's thread looks anew: it reads the finished one.
ImportTable tables[2];
std::atomic<ImportTable*> finished{nullptr};

struct Dynamic {
    const ElfW(Rela)* plt = nullptr;
    size_t pltBytes = 0;
    const ElfW(Rela)* data = nullptr;
    size_t dataBytes = 0;
    const ElfW(Sym)* symbols = nullptr;
    const char* names = nullptr;
    bool usesRela = true;
};

// glibc has added the load address to these pointers already, musl has not.
const char* absolute(ElfW(Addr) base, ElfW(Addr) pointer) {
    return reinterpret_cast<const char*>(pointer < base ? base + pointer : pointer);
}

Dynamic readDynamic(ElfW(Addr) base, const ElfW(Dyn)* entry) {
    Dynamic found;
    for (; entry->d_tag != DT_NULL; entry++) {
        const char* pointer = absolute(base, entry->d_un.d_ptr);
        switch (entry->d_tag) {
        case DT_JMPREL: found.plt = reinterpret_cast<const ElfW(Rela)*>(pointer); break;
        case DT_PLTRELSZ: found.pltBytes = entry->d_un.d_val; break;
        case DT_PLTREL: found.usesRela = entry->d_un.d_val == DT_RELA; break;
        case DT_RELA: found.data = reinterpret_cast<const ElfW(Rela)*>(pointer); break;
        case DT_RELASZ: found.dataBytes = entry->d_un.d_val; break;
        case DT_SYMTAB: found.symbols = reinterpret_cast<const ElfW(Sym)*>(pointer); break;
        case DT_STRTAB: found.names = pointer; break;
        default: break;
        }
    }
    return found;
}

void collect(ImportTable& table, ElfW(Addr) base, const Dynamic& dynamic, const ElfW(Rela)* first, size_t bytes) {
    if (!first) return;
    for (const ElfW(Rela)* entry = first; entry < first + bytes / sizeof *first; entry++) {
        uint32_t type = static_cast<uint32_t>(ELF64_R_TYPE(entry->r_info));
        if (type != relocations.jumpSlot && type != relocations.globalData) continue;
        const char* name = dynamic.names + dynamic.symbols[ELF64_R_SYM(entry->r_info)].st_name;
        void* waits = waitReplacement(name);
        void* allocates = waits ? nullptr : allocatorReplacement(name);
        if ((!waits && !allocates) || table.count == mostImports) continue;
        table.imports[table.count++] = {reinterpret_cast<void**>(base + entry->r_offset), waits ? waits : allocates, !waits};
    }
}

// libc's own calls to itself, the loader's, and ours must keep their meaning.
bool isLeftAlone(const char* path) {
    const char* file = strrchr(path, '/');
    file = file ? file + 1 : path;
    static const char* const prefixes[] = {"libc.", "libc-", "libpthread", "ld-", "linux-vdso", "linux-gate", "libdl", "librt"};
    for (const char* prefix : prefixes)
        if (strncmp(file, prefix, strlen(prefix)) == 0) return true;
    return false;
}

bool holdsThisCode(const dl_phdr_info* object) {
    auto here = reinterpret_cast<ElfW(Addr)>(&findImports);
    for (int at = 0; at < object->dlpi_phnum; at++) {
        const ElfW(Phdr)& header = object->dlpi_phdr[at];
        ElfW(Addr) start = object->dlpi_addr + header.p_vaddr;
        if (header.p_type == PT_LOAD && here >= start && here < start + header.p_memsz) return true;
    }
    return false;
}

int visit(dl_phdr_info* object, size_t, void* context) {
    if (isLeftAlone(object->dlpi_name ? object->dlpi_name : "") || holdsThisCode(object)) return 0;
    for (int at = 0; at < object->dlpi_phnum; at++) {
        if (object->dlpi_phdr[at].p_type != PT_DYNAMIC) continue;
        Dynamic dynamic = readDynamic(
            object->dlpi_addr, reinterpret_cast<const ElfW(Dyn)*>(object->dlpi_addr + object->dlpi_phdr[at].p_vaddr));
        if (!dynamic.symbols || !dynamic.names || !dynamic.usesRela) continue;
        auto& table = *static_cast<ImportTable*>(context);
        collect(table, object->dlpi_addr, dynamic, dynamic.plt, dynamic.pltBytes);
        collect(table, object->dlpi_addr, dynamic, dynamic.data, dynamic.dataBytes);
    }
    return 0;
}

}  // namespace

void findImports() {
    ImportTable* spare = finished.load() == &tables[0] ? &tables[1] : &tables[0];
    spare->count = 0;
    dl_iterate_phdr(visit, spare);
    finished.store(spare);
}

void replaceImports() {
    const ImportTable* table = finished.load();
    if (!table) return;
    auto page = static_cast<uintptr_t>(getpagesize());
    bool ownMemory = openAllocator();
    for (int at = 0; at < table->count; at++) {
        if (table->imports[at].allocates && !ownMemory) continue;
        auto address = reinterpret_cast<uintptr_t>(table->imports[at].place) & ~(page - 1);
        if (mprotect(reinterpret_cast<void*>(address), page, PROT_READ | PROT_WRITE) != 0) continue;
        *table->imports[at].place = table->imports[at].replacement;
    }
}

}  // namespace agent
