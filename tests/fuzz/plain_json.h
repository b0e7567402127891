// What the fuzz targets compare with: simple, slow, by the letter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plasmite {

inline std::string base64_decode(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int have = 0;
  for (char c : text) {
    if (c == '=') break;
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bits = bits << 6 | static_cast<uint32_t>(kAlphabet.find(c));
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>(bits >> have & 0xFF);
  }
  return out;
}

// For valid JSON.
inline std::string without_space_outside_strings(std::string_view text) {
  std::string out;
  bool in_string = false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') in_string = !in_string;
    if (in_string || !std::string_view(" \t\r\n").contains(c)) out += c;
    if (in_string && c == '\\') out += text[++at];
  }
  return out;
}

}  // namespace plasmite
