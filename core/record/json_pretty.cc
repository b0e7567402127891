#include "core/record/json_pretty.h"

#include <algorithm>
#include <cstdint>

#include "core/record/utf8.h"

namespace plasmite {

namespace {

constexpr std::string_view kCyan = "36", kGreen = "32", kYellow = "33", kMagenta = "35",
                           kDefault = "39";

// Deeper levels than JSON text in a pool can have are not indented further, so that a hostile file
// of brackets cannot make the output quadratic.
constexpr size_t kMaxIndentLevels = 128;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_punctuation(char c) {
  return c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':';
}

// Control characters that JSON allows unescaped, and characters that reorder text or break lines: a
// terminal would act on them instead of showing them.
bool is_unprintable(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C || code == 0x200E ||
         code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

uint32_t decode(std::string_view character) {
  auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(character[i])); };
  switch (character.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3:
      return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
             (byte(3) & 0x3F);
  }
}

void append_unicode_escape(std::string& out, uint32_t code) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[code >> shift & 15];
}

class Printer {
 public:
  Printer(std::string& out, std::string_view json, const PrettyOptions& options)
      : out_(out), rest_(json), options_(options) {}

  void print() {
    while (skip_space(), !rest_.empty()) {
      if (rest_.front() == '"')
        print_string();
      else if (is_punctuation(rest_.front()))
        print_punctuation();
      else
        print_scalar();
    }
  }

 private:
  void skip_space() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }

  void token(std::string_view color, std::string_view text) {
    if (options_.color) {
      out_ += "\x1b[";
      out_ += color;
      out_ += 'm';
    }
    if (options_.for_terminal)
      append_printable(text);
    else
      out_ += text;
    if (options_.color) out_ += "\x1b[0m";
  }

  void append_printable(std::string_view text) {
    while (!text.empty()) {
      const Utf8Step step = utf8_step(text);
      const std::string_view character = text.substr(0, step.length);
      text.remove_prefix(step.length);
      if (!step.valid)
        out_ += kReplacementCharacter;
      else if (const uint32_t code = decode(character); is_unprintable(code))
        append_unicode_escape(out_, code);
      else
        out_ += character;
    }
  }

  void newline() {
    out_ += '\n';
    out_.append(2 * std::min(level_, kMaxIndentLevels), ' ');
  }

  // A string before a colon is a key; the look-ahead is the white space between, mostly none.
  void print_string() {
    size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    const std::string_view text = rest_.substr(0, end + 1);
    rest_.remove_prefix(text.size());
    skip_space();
    token(!rest_.empty() && rest_.front() == ':' ? kCyan : kGreen, text);
  }

  void print_scalar() {
    size_t end = 1;
    while (end < rest_.size() && !is_space(rest_[end]) && !is_punctuation(rest_[end]) &&
           rest_[end] != '"')
      ++end;
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end);
    const bool boolean = text == "true" || text == "false";
    token(boolean ? kMagenta : text == "null" ? kDefault : kYellow, text);
  }

  void print_punctuation() {
    const std::string_view text = rest_.substr(0, 1);
    rest_.remove_prefix(1);
    switch (text.front()) {
      case '{':
      case '[':
        open(text);
        return;
      case '}':
      case ']':
        if (level_ > 0) --level_;
        newline();
        token(kDefault, text);
        return;
      case ',':
        token(kDefault, text);
        newline();
        return;
      default:
        token(kDefault, text);
        out_ += ' ';
    }
  }

  void open(std::string_view bracket) {
    token(kDefault, bracket);
    skip_space();
    const char closing = bracket == "{" ? '}' : ']';
    if (!rest_.empty() && rest_.front() == closing) {
      token(kDefault, rest_.substr(0, 1));
      rest_.remove_prefix(1);
      return;
    }
    ++level_;
    newline();
  }

  std::string& out_;
  std::string_view rest_;
  const PrettyOptions& options_;
  size_t level_ = 0;
};

}  // namespace

void append_pretty_json(std::string& out, std::string_view json, const PrettyOptions& options) {
  Printer(out, json, options).print();
}

}  // namespace plasmite
