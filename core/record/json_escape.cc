#include "core/record/json_escape.h"

#include <cstdint>

#include "core/record/utf8.h"

namespace plasmite {

namespace {

bool needs_escape(char c) { return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\'; }

// How many bytes at the front need no escape. Whole blocks are looked at without a branch per byte,
// which the compiler turns into vector compares on every target.
size_t plain_prefix(std::string_view text) {
  constexpr size_t kBlock = 32;
  size_t at = 0;
  while (text.size() - at >= kBlock) {
    uint8_t found = 0;
    for (size_t i = 0; i < kBlock; ++i) found |= static_cast<uint8_t>(needs_escape(text[at + i]));
    if (found) break;
    at += kBlock;
  }
  while (at < text.size() && !needs_escape(text[at])) ++at;
  return at;
}

void append_escape(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  static constexpr std::string_view kNamed = "\"\\\b\t\n\f\r";
  static constexpr std::string_view kNames = "\"\\btnfr";
  if (const size_t at = kNamed.find(c); at != kNamed.npos) {
    out += '\\';
    out += kNames[at];
    return;
  }
  out += "\\u00";
  out += kHex[static_cast<uint8_t>(c) >> 4];
  out += kHex[static_cast<uint8_t>(c) & 15];
}

void append_escaped(std::string& out, std::string_view text) {
  for (;;) {
    const size_t plain = plain_prefix(text);
    out.append(text.data(), plain);
    if (plain == text.size()) return;
    append_escape(out, text[plain]);
    text.remove_prefix(plain + 1);
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view utf8) {
  out += '"';
  append_escaped(out, utf8);
  out += '"';
}

void append_json_string_lossy(std::string& out, std::string_view bytes, bool* was_lossy) {
  const bool lossy = !is_utf8(bytes);
  if (was_lossy) *was_lossy = lossy;
  if (!lossy) return append_json_string(out, bytes);
  out += '"';
  while (!bytes.empty()) {
    size_t good = 0;
    Utf8Step step{0, true};
    while (good < bytes.size() && (step = utf8_step(bytes.substr(good))).valid) good += step.length;
    append_escaped(out, bytes.substr(0, good));
    bytes.remove_prefix(good);
    if (bytes.empty()) break;
    out += kReplacementCharacter;
    bytes.remove_prefix(step.length);
  }
  out += '"';
}

std::string base64_encode(std::string_view bytes) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t have = bytes.size() - at < 3 ? bytes.size() - at : 3;
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < have ? static_cast<uint8_t>(bytes[at + i]) : 0u);
    for (size_t i = 0; i < 4; ++i) out += i <= have ? kAlphabet[group >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

}  // namespace plasmite
