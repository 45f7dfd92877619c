#include "Text.h"

#include <string.h>

namespace agent {

Text& Text::raw(const char* bytes, size_t count) {
    for (size_t at = 0; at < count; at++) put(bytes[at]);
    return *this;
}

Text& Text::raw(const char* text) { return raw(text, strlen(text)); }

Text& Text::string(const char* text) { return string(text, strlen(text)); }

Text& Text::string(const char* bytes, size_t count) {
    static const char digits[] = "0123456789abcdef";
    put('"');
    for (size_t at = 0; at < count; at++) {
        auto byte = static_cast<unsigned char>(bytes[at]);
        if (byte == '"' || byte == '\\') {
            put('\\');
            put(static_cast<char>(byte));
        } else if (byte < 0x20) {
            raw("\\u00").put(digits[byte >> 4]);
            put(digits[byte & 15]);
        } else {
            put(static_cast<char>(byte));
        }
    }
    put('"');
    return *this;
}

Text& Text::number(uint64_t value) {
    char digits[20];
    int count = 0;
    do {
        digits[count++] = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value);
    while (count) put(digits[--count]);
    return *this;
}

Text& Text::number(int64_t value) {
    if (value >= 0) return number(static_cast<uint64_t>(value));
    put('-');
    return number(~static_cast<uint64_t>(value) + 1);
}

Text& Text::seconds(int64_t nanoseconds) {
    if (nanoseconds < 0) nanoseconds = 0;
    int64_t microseconds = (nanoseconds + 500) / 1000;
    number(microseconds / 1000000);
    put('.');
    for (int64_t place = 100000, rest = microseconds % 1000000; place; place /= 10) put(static_cast<char>('0' + rest / place % 10));
    return *this;
}

Text& Text::element() {
    if (length_ && memory_[length_ - 1] != '{' && memory_[length_ - 1] != '[') put(',');
    return *this;
}

Text& Text::key(const char* name) {
    element().string(name);
    put(':');
    return *this;
}

Text& Text::open(const char* name, char bracket) {
    key(name).put(bracket);
    return *this;
}

}  // namespace agent
