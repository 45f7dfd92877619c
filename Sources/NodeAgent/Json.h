// A bounded JSON reader for the messages of heapsnapd. It checks the whole text and remembers where the members of the outermost
// object lie; nested values are checked and skipped, arrays of strings can be asked for a word.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace agent {

class Message {
public:
    static constexpr int mostMembers = 16;
    static constexpr int mostDepth = 8;

    // False where the text is not one JSON object, is nested deeper than `mostDepth`, or has more members than `mostMembers`.
    bool parse(const char* bytes, size_t length);

    bool has(const char* key) const;
    // The value is a string, without any escape, equal to `text`.
    bool is(const char* key, const char* text) const;
    // A whole number from 0 up to 2^53; `fallback` where the member is missing or is none.
    int64_t whole(const char* key, int64_t fallback) const;
    // Seconds, with or without decimals, in nanoseconds.
    int64_t nanoseconds(const char* key, int64_t fallback) const;
    // The value is an array that holds the string `text`.
    bool lists(const char* key, const char* text) const;

private:
    struct Member {
        const char* key;
        size_t keyLength;
        const char* value;
        size_t valueLength;
    };
    const Member* find(const char* key) const;
    Member members_[mostMembers];
    int count_ = 0;
};

}  // namespace agent
