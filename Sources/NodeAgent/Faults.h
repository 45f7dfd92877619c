// Faults that a test may ask a copy for; in the build with HEAPSNAPD_FAULTS only.
#pragma once

namespace agent {

struct CopyOrder;

#ifdef HEAPSNAPD_FAULTS
void injectFault(const CopyOrder& order);
#else
inline void injectFault(const CopyOrder&) {}
#endif

}  // namespace agent
