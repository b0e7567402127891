#include "agent/output/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <span>

#include "core/record/utf8.h"

namespace plasmite {
namespace {

struct CodePoint {
  uint32_t value;
  size_t bytes;
  bool valid;  // false: `bytes` bytes that are not UTF-8, `value` is the first of them
};

struct Range {
  uint32_t first, last;
};

// Characters that show nothing, move the cursor or change the order of what is around them:
// categories Cc, Cf, Zl, Zp, Co and non-characters. U+200C and U+200D stay: scripts and emoji need
// them.
constexpr std::array kUnprintable = {
    Range{0x00, 0x1f},        Range{0x7f, 0x9f},       Range{0xad, 0xad},
    Range{0x600, 0x605},      Range{0x61c, 0x61c},     Range{0x6dd, 0x6dd},
    Range{0x70f, 0x70f},      Range{0x8e2, 0x8e2},     Range{0x180e, 0x180e},
    Range{0x200b, 0x200b},    Range{0x200e, 0x200f},   Range{0x2028, 0x202e},
    Range{0x2060, 0x206f},    Range{0xe000, 0xf8ff},   Range{0xfeff, 0xfeff},
    Range{0xfff0, 0xfffb},    Range{0xfffe, 0xffff},   Range{0x110bd, 0x110bd},
    Range{0x1bca0, 0x1bca3},  Range{0x1d173, 0x1d17a}, Range{0xe0000, 0xe007f},
    Range{0xf0000, 0x10ffff},
};

constexpr std::array kWide = {
    Range{0x1100, 0x115f},   Range{0x2e80, 0x303e},   Range{0x3041, 0x4dbf},
    Range{0x4e00, 0xa4cf},   Range{0xa960, 0xa97f},   Range{0xac00, 0xd7a3},
    Range{0xf900, 0xfaff},   Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},
    Range{0xffe0, 0xffe6},   Range{0x1f300, 0x1f64f}, Range{0x1f680, 0x1f6ff},
    Range{0x1f900, 0x1f9ff}, Range{0x20000, 0x3fffd},
};

constexpr std::array kCombining = {
    Range{0x300, 0x36f},   Range{0x200b, 0x200f}, Range{0x1ab0, 0x1aff}, Range{0x1dc0, 0x1dff},
    Range{0x20d0, 0x20ff}, Range{0xfe00, 0xfe0f}, Range{0xfe20, 0xfe2f},
};

bool in_ranges(std::span<const Range> ranges, uint32_t value) {
  const auto after = std::ranges::upper_bound(ranges, value, {}, &Range::first);
  return after != ranges.begin() && value <= std::prev(after)->last;
}

CodePoint decode(std::string_view text) {
  const Utf8Step step = utf8_step(text);
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (!step.valid || step.length == 1) return {byte(0), step.length, step.valid};
  uint32_t value = byte(0) & (0x7fu >> step.length);
  for (size_t i = 1; i < step.length; ++i) value = value << 6 | (byte(i) & 0x3fu);
  return {value, step.length, true};
}

bool is_plain_ascii(char c) { return c >= 0x20 && c < 0x7f; }

template <class... Arguments>
void append_format(std::string& out, const char* format, Arguments... arguments) {
  std::array<char, 24> buffer;
  const int length = std::snprintf(buffer.data(), buffer.size(), format, arguments...);
  out.append(buffer.data(), static_cast<size_t>(length));
}

void append_escape(std::string& out, uint32_t value) {
  switch (value) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  append_format(out, value < 0x80 ? "\\x%02x" : "\\u{%x}", value);
}

void append_json_escape(std::string& out, uint32_t value) {
  if (value < 0x10000) {
    append_format(out, "\\u%04x", value);
    return;
  }
  const uint32_t rest = value - 0x10000;
  append_format(out, "\\u%04x\\u%04x", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
}

}  // namespace

size_t append_escaped_for_terminal(std::string& out, std::string_view text) {
  const CodePoint point = decode(text);
  if (!point.valid) {
    for (const char c : text.substr(0, point.bytes))
      append_format(out, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
  } else if (in_ranges(kUnprintable, point.value)) {
    append_escape(out, point.value);
  } else {
    out += text.substr(0, point.bytes);
  }
  return point.bytes;
}

std::string escape_for_terminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (is_plain_ascii(text[0])) {
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(append_escaped_for_terminal(out, text));
  }
  return out;
}

std::string_view escape_json_for_terminal(std::string_view json, std::string& buffer) {
  // In valid JSON everything outside strings is ASCII, and inside strings an escape means the same
  // as the character: so the text is rewritten without knowing where its strings are.
  const auto suspicious = [](char c) {
    return !is_plain_ascii(c) && c != '\n' && c != '\t' && c != '\r';
  };
  if (std::ranges::none_of(json, suspicious)) return json;
  buffer.clear();
  while (!json.empty()) {
    if (!suspicious(json[0])) {
      buffer += json[0];
      json.remove_prefix(1);
      continue;
    }
    const CodePoint point = decode(json);
    if (!point.valid) {
      append_json_escape(buffer, 0xfffd);
    } else if (in_ranges(kUnprintable, point.value)) {
      append_json_escape(buffer, point.value);
    } else {
      buffer += json.substr(0, point.bytes);
    }
    json.remove_prefix(point.bytes);
  }
  return buffer;
}

size_t display_width(std::string_view utf8) {
  size_t width = 0;
  while (!utf8.empty()) {
    const CodePoint point = decode(utf8);
    if (!point.valid || !in_ranges(kCombining, point.value))
      width += point.valid && in_ranges(kWide, point.value) ? 2 : 1;
    utf8.remove_prefix(point.bytes);
  }
  return width;
}

}  // namespace plasmite
