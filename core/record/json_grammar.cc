#include "core/record/json_grammar.h"

#include <bitset>
#include <cstdint>

#include "core/record/json_text.h"
#include "core/record/utf8.h"

namespace plasmite {

namespace {

constexpr size_t kMaxMessageDepth = kMaxJsonDepth + 1;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

size_t digits_length(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && is_digit(text[length])) ++length;
  return length;
}

// The value of four hex digits, or none.
std::optional<uint32_t> hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  uint32_t value = 0;
  for (char c : text.substr(0, 4)) {
    const size_t digit = std::string_view("0123456789abcdefABCDEF").find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value << 4 | static_cast<uint32_t>(digit < 16 ? digit : digit - 6);
  }
  return value;
}

// Every step returns false after setting defect_, and nothing is looked at any more.
class Walk {
 public:
  // max_depth: kMaxMessageDepth at most.
  Walk(std::string_view text, size_t max_depth) : text_(text), max_depth_(max_depth) {}

  std::optional<JsonDefect> run() {
    skip_space();
    if (at_end()) return JsonDefect{at_, "there is no value"};
    while (value() && !finished_) continue;
    return defect_;
  }

  // The text is the content of a string.
  bool escapes() {
    while ((at_ = text_.find('\\', at_)) != std::string_view::npos)
      if (!escape()) return false;
    return true;
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  void skip_space() {
    while (!at_end() && is_space(text_[at_])) ++at_;
  }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool fail(std::string_view what) { return fail_at(at_, what); }
  bool fail_at(size_t offset, std::string_view what) {
    defect_ = JsonDefect{offset, offset == text_.size() ? "the text ends too early" : what};
    return false;
  }

  // One value; for a container its opening only. Then everything up to the next value.
  bool value() {
    skip_space();
    switch (peek()) {
      case '{':
      case '[':
        return open();
      case '"':
        return string() && after_value();
      case 't':
        return literal("true") && after_value();
      case 'f':
        return literal("false") && after_value();
      case 'n':
        return literal("null") && after_value();
      default:
        return number() && after_value();
    }
  }

  bool open() {
    if (depth_ == max_depth_) {
      defect_ = JsonDefect{at_, "containers are nested too deep", /*too_deep=*/true};
      return false;
    }
    const bool object = text_[at_++] == '{';
    is_object_[depth_++] = object;
    skip_space();
    if (peek() == (object ? '}' : ']')) return after_value();
    return !object || key();
  }

  bool key() {
    skip_space();
    if (peek() != '"') return fail("a key in double quotes is expected");
    if (!string()) return false;
    skip_space();
    return take(':') || fail("':' is expected after a key");
  }

  bool after_value() {
    for (;;) {
      skip_space();
      if (depth_ == 0) {
        finished_ = true;
        return at_end() || fail("more text follows the value");
      }
      const bool object = is_object_[depth_ - 1];
      if (take(',')) return !object || key();
      if (!take(object ? '}' : ']'))
        return fail(object ? "',' or '}' is expected" : "',' or ']' is expected");
      --depth_;
    }
  }

  bool literal(std::string_view word) {
    for (char c : word)
      if (!take(c)) return fail("a value is expected (text goes in double quotes)");
    return true;
  }

  bool number() {
    const size_t length = json_number_length(text_.substr(at_));
    if (length == 0) {
      if (peek() == '-') return fail_at(at_ + 1, "a digit is expected");
      return fail("a value is expected (text goes in double quotes)");
    }
    at_ += length;
    if (is_digit(peek())) return fail("a number does not begin with 0");
    if (!at_end() && std::string_view(".eE").contains(peek())) return unfinished_number();
    return true;
  }

  // At a '.' or 'e' that does not belong to the number before it, because no digit follows.
  bool unfinished_number() {
    size_t digit_at = at_ + 1;
    if (text_[at_] != '.' && digit_at < text_.size() &&
        std::string_view("+-").contains(text_[digit_at]))
      ++digit_at;
    if (digit_at < text_.size() && is_digit(text_[digit_at])) return true;  // "1.5.5": see there
    return fail_at(digit_at, "a digit is expected in the number");
  }

  bool string() {
    ++at_;  // the opening quote
    while (!at_end()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (!escape()) return false;
      } else if (static_cast<uint8_t>(c) < 0x20) {
        return fail("a control character in a string must be escaped");
      } else {
        const Utf8Step step = utf8_step(text_.substr(at_));
        if (!step.valid) return fail("the bytes are not UTF-8");
        at_ += step.length;
      }
    }
    return fail({});
  }

  bool escape() {
    const size_t begin = at_++;
    if (at_end()) return fail({});
    if (text_[at_] != 'u') {
      if (!std::string_view("\"\\/bfnrt").contains(text_[at_]))
        return fail("no escape is written like this");
      ++at_;
      return true;
    }
    ++at_;
    const std::optional<uint32_t> unit = hex_unit();
    if (!unit) return false;
    if (*unit < 0xD800 || *unit > 0xDFFF) return true;
    // Half of a character: the other half must follow, in this order.
    if (*unit >= 0xDC00) return fail_at(begin, "half of a surrogate pair stands alone");
    if (!text_.substr(at_).starts_with("\\u"))
      return fail_at(begin, "half of a surrogate pair stands alone");
    at_ += 2;
    const std::optional<uint32_t> low = hex_unit();
    if (!low) return false;
    return (*low >= 0xDC00 && *low <= 0xDFFF) ||
           fail_at(begin, "half of a surrogate pair stands alone");
  }

  std::optional<uint32_t> hex_unit() {
    const std::optional<uint32_t> unit = hex4(text_.substr(at_));
    if (unit)
      at_ += 4;
    else
      fail("four hex digits are expected after \\u");
    return unit;
  }

  std::string_view text_;
  size_t max_depth_;
  size_t at_ = 0;
  size_t depth_ = 0;
  std::bitset<kMaxMessageDepth> is_object_;
  bool finished_ = false;
  std::optional<JsonDefect> defect_;
};

}  // namespace

size_t json_number_length(std::string_view text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  const size_t whole = digits_length(text.substr(at));
  if (whole == 0) return 0;
  at += text[at] == '0' ? 1 : whole;
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = digits_length(text.substr(at + 1));
    if (fraction == 0) return at;
    at += 1 + fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const bool has_sign = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-');
    const size_t begin = at + (has_sign ? 2 : 1);
    const size_t exponent = digits_length(text.substr(begin));
    if (exponent > 0) at = begin + exponent;
  }
  return at;
}

bool json_escapes_are_valid(std::string_view content) {
  return Walk(content, kMaxJsonDepth).escapes();
}

std::optional<JsonDefect> find_json_defect(std::string_view text) {
  return Walk(text, kMaxJsonDepth).run();
}

std::optional<JsonDefect> find_message_defect(std::string_view text) {
  return Walk(text, kMaxMessageDepth).run();
}

}  // namespace plasmite
