// The life of the copy: out of the service's way, `go`, snapshot, end.
#pragma once

namespace agent {

struct Slot;
struct CopyOrder;

[[noreturn]] void liveAsCopy(Slot& slot, const CopyOrder& order);

}  // namespace agent
