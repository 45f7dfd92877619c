// A JSON writer into memory that the caller owns: no allocation, and what does not fit sets `overflowed` instead of being written.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace agent {

class Text {
public:
    Text(char* memory, size_t capacity) : memory_(memory), capacity_(capacity) {}

    const char* bytes() const { return memory_; }
    size_t length() const { return length_; }
    size_t room() const { return capacity_ - length_; }
    bool overflowed() const { return overflowed_; }

    Text& raw(const char* text);
    Text& raw(const char* bytes, size_t count);
    Text& string(const char* text);
    Text& string(const char* bytes, size_t count);
    Text& number(uint64_t value);
    Text& number(int64_t value);
    // Six decimals: seconds with microseconds.
    Text& seconds(int64_t nanoseconds);

    // A member of an object. The comma before it is written where something other than `{` or `[` stands before.
    Text& key(const char* name);
    Text& open(const char* name, char bracket);
    Text& element();
    Text& member(const char* name, const char* text) { return key(name).string(text); }
    Text& member(const char* name, uint64_t value) { return key(name).number(value); }
    Text& member(const char* name, int64_t value) { return key(name).number(value); }
    Text& member(const char* name, int value) { return key(name).number(static_cast<int64_t>(value)); }
    Text& member(const char* name, bool value) { return key(name).raw(value ? "true" : "false"); }
    Text& duration(const char* name, int64_t nanoseconds) { return key(name).seconds(nanoseconds); }

private:
    void put(char character) {
        if (length_ < capacity_) memory_[length_++] = character;
        else overflowed_ = true;
    }
    char* memory_;
    size_t capacity_;
    size_t length_ = 0;
    bool overflowed_ = false;
};

}  // namespace agent
