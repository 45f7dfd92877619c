// The relocation types of the two machines through which a call or an address of a function of another library is resolved, from the
// ELF psABI supplements (x86-64 table 4.9; AArch64 section 5.7.11).
#pragma once
#include <stdint.h>

namespace agent {

struct Relocations {
    uint16_t machine;    // e_machine
    uint32_t jumpSlot;   // calls through the procedure linkage table
    uint32_t globalData; // addresses and -fno-plt calls
};

constexpr Relocations relocationsOfAmd64 = {62, 7, 6};
constexpr Relocations relocationsOfAArch64 = {183, 1026, 1025};

#if defined(__x86_64__)
constexpr Relocations relocations = relocationsOfAmd64;
#elif defined(__aarch64__)
constexpr Relocations relocations = relocationsOfAArch64;
#else
#error "the agent knows the relocations of x86_64 and aarch64 only"
#endif

}  // namespace agent
