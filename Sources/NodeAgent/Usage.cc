#include "Usage.h"

namespace agent {

// The constants, and that the first nine count as they are, are node-memwatch's; its first sample counted as growth from zero, here it
// is only what the second is compared with.
bool Usage::add(const Collection& collection, Leak& leak) {
    bool leaks = false;
    if (fullCollections && collection.used > base) {
        if (growths == 0) begun = {collection.time, 0, collection.used};
        if (++growths == 5) {
            growths = 0;
            leak = {begun.start, collection.time, collection.used - begun.growth};
            leaks = true;
        }
    } else {
        growths = 0;
    }
    base = collection.used;
    fullCollections++;
    auto value = static_cast<double>(base);
    if (fullCollections < 10) {
        recent = ancient = value;
    } else {
        double span = fullCollections < 120 ? static_cast<double>(fullCollections) : 120;
        recent = (recent * 9 + value) / 10;
        ancient = (ancient * (span - 1) + value) / span;
    }
    if (fullCollections >= 3) {
        if (!least || base < least) least = base;
        if (base > most) most = base;
    }
    return leaks;
}

int64_t Usage::trend() const {
    if (ancient <= 0) return 0;
    double thousandths = (recent - ancient) / ancient * 1000;
    return static_cast<int64_t>(thousandths < 0 ? thousandths - 0.5 : thousandths + 0.5);
}

}  // namespace agent
