#include "tests/acceptance/eight_writers/record_text.h"

#include <array>
#include <charconv>

namespace plasmite::acceptance {
namespace {

constexpr size_t kNoiseBytes = 1u << 16;
constexpr size_t kMinTextBytes = 130;
constexpr size_t kTextSpread = 64;

uint64_t mix(uint64_t value) {  // splitmix64
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

// Printable ASCII, so that it may be cut anywhere; the record adds a character of two bytes.
const std::string& noise() {
  static const std::string text = [] {
    constexpr std::array<std::string_view, 8> kPieces = {"a", "Z", "7", " ", "/", "=", "-", "."};
    std::string made;
    for (uint64_t i = 0; made.size() < kNoiseBytes + kMinTextBytes + kTextSpread; ++i)
      made += kPieces[mix(i) % kPieces.size()];
    return made;
  }();
  return text;
}

void append_number(std::string& out, uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end.ptr);
}

bool take(std::string_view& rest, std::string_view expected) {
  if (!rest.starts_with(expected)) return false;
  rest.remove_prefix(expected.size());
  return true;
}

template <class Number>
bool take_number(std::string_view& rest, Number& number) {
  const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (end.ec != std::errc()) return false;
  rest.remove_prefix(static_cast<size_t>(end.ptr - rest.data()));
  return true;
}

}  // namespace

void append_record_text(std::string& out, RecordName name) {
  const uint64_t mixed = mix((uint64_t{name.writer} << 32) | name.number);
  const size_t from = mixed % kNoiseBytes;
  const size_t length = kMinTextBytes + (mixed >> 32) % kTextSpread;
  out += R"({"w":)";
  append_number(out, name.writer);
  out += R"(,"n":)";
  append_number(out, name.number);
  out += R"(,"text":")";
  out.append(noise(), from, length);
  out += R"(é"})";
}

bool parse_followed_line(std::string_view line, std::string& scratch, FollowedRecord& record) {
  if (!take(line, R"({"data":)")) return false;
  std::string_view data = line;
  if (!take(data, R"({"w":)") || !take_number(data, record.name.writer)) return false;
  if (!take(data, R"(,"n":)") || !take_number(data, record.name.number)) return false;
  scratch.clear();
  append_record_text(scratch, record.name);
  if (!take(line, scratch)) return false;
  return take(line, R"(,"meta":{"tags":[]},"seq":)") && take_number(line, record.seq) &&
         take(line, R"(,"time":")") && line.ends_with(R"(Z"})");
}

}  // namespace plasmite::acceptance
