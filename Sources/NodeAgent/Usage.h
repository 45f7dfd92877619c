// The figures of node-memwatch, from the heap that is in use right after each full collection. Pure.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace agent {

struct Collection {
    int64_t time;      // its end, CLOCK_MONOTONIC
    int64_t duration;  // 0 = unknown
    size_t used;
    size_t limit;
};

struct Leak {
    int64_t start, end;  // CLOCK_MONOTONIC
    uint64_t growth;
};

struct Usage {
    uint64_t fullCollections = 0;
    uint64_t base = 0;       // after the latest
    double recent = 0;       // running mean over 10
    double ancient = 0;      // running mean over 120
    uint64_t least = 0;      // from the third on
    uint64_t most = 0;
    int growths = 0;
    Leak begun{};

    // True where the heap has now grown over five collections in a row; the count begins anew then.
    bool add(const Collection& collection, Leak& leak);
    // How far the recent mean lies above the older one, in tenths of a percent.
    int64_t trend() const;
};

}  // namespace agent
