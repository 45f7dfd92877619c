#include "Json.h"

#include <string.h>

namespace agent {

namespace {

// Reads along the text; each function answers whether what it is named after stood there, and moves behind it.
struct Reader {
    const char* at;
    const char* end;

    bool done() const { return at == end; }
    void space() {
        while (!done() && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    }
    bool character(char wanted) {
        space();
        if (done() || *at != wanted) return false;
        at++;
        return true;
    }
    bool word(const char* text) {
        size_t length = strlen(text);
        if (static_cast<size_t>(end - at) < length || memcmp(at, text, length) != 0) return false;
        at += length;
        return true;
    }
    static bool isDigit(char c) { return c >= '0' && c <= '9'; }
    static bool isHex(char c) { return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
    bool digits() {
        const char* start = at;
        while (!done() && isDigit(*at)) at++;
        return at > start;
    }
    bool number() {
        if (!done() && *at == '-') at++;
        if (!digits()) return false;
        if (!done() && *at == '.') {
            at++;
            if (!digits()) return false;
        }
        if (!done() && (*at == 'e' || *at == 'E')) {
            at++;
            if (!done() && (*at == '+' || *at == '-')) at++;
            if (!digits()) return false;
        }
        return true;
    }
    bool string() {
        if (!character('"')) return false;
        while (!done()) {
            auto c = static_cast<unsigned char>(*at++);
            if (c == '"') return true;
            if (c < 0x20) return false;
            if (c != '\\') continue;
            if (done()) return false;
            char escape = *at++;
            if (escape == 'u') {
                for (int digit = 0; digit < 4; digit++)
                    if (done() || !isHex(*at++)) return false;
            } else if (!strchr("\"\\/bfnrt", escape) || !escape) {
                return false;
            }
        }
        return false;
    }
    bool value(int depth) {
        space();
        if (done() || depth > Message::mostDepth) return false;
        switch (*at) {
        case '"': return string();
        case '{': return list('{', '}', depth);
        case '[': return list('[', ']', depth);
        case 't': return word("true");
        case 'f': return word("false");
        case 'n': return word("null");
        default: return number();
        }
    }
    bool list(char open, char close, int depth) {
        if (!character(open)) return false;
        if (character(close)) return true;
        do {
            if (open == '{') {
                space();
                if (!string() || !character(':')) return false;
            }
            if (!value(depth + 1)) return false;
        } while (character(','));
        return character(close);
    }
};

}  // namespace

bool Message::parse(const char* bytes, size_t length) {
    count_ = 0;
    Reader reader{bytes, bytes + length};
    if (!reader.character('{')) return false;
    if (!reader.character('}')) {
        do {
            reader.space();
            const char* key = reader.at + 1;
            if (!reader.string()) return false;
            auto keyLength = static_cast<size_t>(reader.at - key - 1);
            if (!reader.character(':')) return false;
            reader.space();
            const char* value = reader.at;
            if (!reader.value(2) || count_ == mostMembers) return false;
            members_[count_++] = {key, keyLength, value, static_cast<size_t>(reader.at - value)};
        } while (reader.character(','));
        if (!reader.character('}')) return false;
    }
    reader.space();
    return reader.done();
}

const Message::Member* Message::find(const char* key) const {
    size_t length = strlen(key);
    for (int at = 0; at < count_; at++)
        if (members_[at].keyLength == length && memcmp(members_[at].key, key, length) == 0) return &members_[at];
    return nullptr;
}

bool Message::has(const char* key) const { return find(key) != nullptr; }

bool Message::is(const char* key, const char* text) const {
    const Member* member = find(key);
    size_t length = strlen(text);
    return member && member->valueLength == length + 2 && member->value[0] == '"' && memcmp(member->value + 1, text, length) == 0;
}

int64_t Message::whole(const char* key, int64_t fallback) const {
    const Member* member = find(key);
    if (!member || member->valueLength > 16) return fallback;
    int64_t number = 0;
    for (size_t at = 0; at < member->valueLength; at++) {
        if (!Reader::isDigit(member->value[at])) return fallback;
        number = number * 10 + (member->value[at] - '0');
    }
    return number <= (int64_t(1) << 53) ? number : fallback;
}

int64_t Message::nanoseconds(const char* key, int64_t fallback) const {
    const Member* member = find(key);
    if (!member) return fallback;
    int64_t total = 0, unit = 1000000000;
    bool decimals = false;
    for (size_t at = 0; at < member->valueLength; at++) {
        char c = member->value[at];
        if (c == '.' && !decimals) {
            decimals = true;
        } else if (!Reader::isDigit(c) || total > int64_t(1000000) * 1000000000) {
            return fallback;
        } else if (decimals) {
            unit /= 10;
            total += (c - '0') * unit;
        } else {
            total = total * 10 + (c - '0') * unit;
        }
    }
    return total;
}

bool Message::lists(const char* key, const char* text) const {
    const Member* member = find(key);
    if (!member || member->value[0] != '[') return false;
    size_t length = strlen(text);
    Reader reader{member->value + 1, member->value + member->valueLength};
    for (;;) {
        reader.space();
        const char* start = reader.at;
        if (!reader.value(3)) return false;
        if (static_cast<size_t>(reader.at - start) == length + 2 && *start == '"' && memcmp(start + 1, text, length) == 0) return true;
        if (!reader.character(',')) return false;
    }
}

}  // namespace agent
