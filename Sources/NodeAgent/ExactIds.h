// A hunt: for a bounded time an isolate keeps the ids of its objects, so that those of its copies are comparable. Until it ends the
// service allocates slower, so the agent ends it by its own clock, whoever is connected. Agent's thread only.
#pragma once
#include <stdint.h>

#include "Text.h"

namespace agent {

struct Slot;

constexpr int64_t longestHunt = 3600000000000;

// At the latest `duration` from now the ids are forgotten; one that is open is prolonged, never shortened.
void keepIDs(Slot& slot, int64_t duration);
void endHunts(int64_t isolate);  // -1: of all
// Ends what is over; answers when to look again (`now()`), or -1.
int64_t advanceHunts();
void idsForgotten(Slot& slot);
// Nothing where no hunt is open.
void writeHunt(Text& text, const Slot& slot);

}  // namespace agent
