// The snapshot itself, in the copy: V8 walks its heap and hands the JSON over piece by piece.
#pragma once

namespace agent {

struct Slot;
struct CopyOrder;
class Control;

// Answers the exit code.
int takeSnapshot(Slot& slot, const CopyOrder& order, Control& control);

}  // namespace agent
