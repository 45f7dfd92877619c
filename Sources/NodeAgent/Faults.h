// Faults that a test may ask a copy for; in the build with HEAPSNAPD_FAULTS only.
#pragma once

namespace agent {

struct CopyOrder;

#ifdef HEAPSNAPD_FAULTS
bool asksFor(const CopyOrder& order, const char* fault);
void injectEarlyFault(const CopyOrder& order);
void injectFault(const CopyOrder& order);
#else
inline bool asksFor(const CopyOrder&, const char*) { return false; }
inline void injectEarlyFault(const CopyOrder&) {}
inline void injectFault(const CopyOrder&) {}
#endif

}  // namespace agent
