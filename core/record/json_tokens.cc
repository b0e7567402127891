#include "core/record/json_tokens.h"

#include <algorithm>
#include <bit>
#include <bitset>
#include <cstring>

#include "core/record/json_grammar.h"
#include "core/record/json_text.h"

namespace plasmite {

static_assert(simdjson::SIMDJSON_PADDING <= kJsonPadding);
static_assert(std::endian::native == std::endian::little, "see TokenWalk::take()");

namespace {

constexpr size_t kFirstCapacity = 64u << 10;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_blank(std::string_view text) { return std::ranges::all_of(text, is_space); }

// Tokens as the first stage found them, at least one. Lives in registers while it is walked.
class TokenWalk {
 public:
  TokenWalk(std::string_view text, const uint32_t* begins, uint32_t count)
      : text_(text.data()),
        size_(text.size()),
        next_(begins),
        end_(begins + count),
        has_escapes_(std::memchr(text.data(), '\\', text.size()) != nullptr) {}

  // Whether they are one object. White space in front of the first one is for the caller to see.
  bool is_object() {
    // With a bracket as the last token, only who closes one may have come to the end.
    if (text_[*next_] != '{' || text_[end_[-1]] != '}') return false;
    begin_ = *next_++;
    char first = '{';
    for (;;) {
      // `first` begins an element of the innermost container, or the one value of the text.
      if (in_object_) {
        if (first != '"' || !string() || take() != ':') return false;
        first = take();
      }
      if (first == '{' || first == '[') {
        if (depth_ == kMaxJsonDepth) return false;
        enter(first == '{');
        first = take();
        if (first != closing()) continue;
        leave();
      } else if (!scalar(first)) {
        return false;
      }
      // Behind a value: brackets close, and a comma leads to the next element.
      for (;;) {
        if (depth_ == 0) return next_ == end_;
        if (next_ == end_) return false;
        first = take();
        if (first == ',') break;
        if (first != closing()) return false;
        leave();
      }
      first = take();
    }
  }

  bool has_space() const { return static_cast<int32_t>(spaces_) < 0; }

 private:
  // The first byte of the next token, which there is.
  char take() {
    begin_ = *next_++;
    uint16_t bytes;  // in front of it, where no string goes on, and its own
    std::memcpy(&bytes, text_ + begin_ - 1, sizeof(bytes));
    spaces_ |= (bytes & 0xFFu) - 0x21u;
    return static_cast<char>(bytes >> 8);
  }

  // The token last taken, and white space behind it.
  std::string_view token() const {
    const size_t end = next_ == end_ ? size_ : *next_;
    return {text_ + begin_, end - begin_};
  }

  void enter(bool object) {
    outer_are_objects_[depth_++] = in_object_;
    in_object_ = object;
  }
  void leave() { in_object_ = outer_are_objects_[--depth_]; }
  char closing() const { return in_object_ ? '}' : ']'; }

  bool scalar(char first) const {
    switch (first) {
      case '"':
        return string();
      case 't':
        return literal("true");
      case 'f':
        return literal("false");
      case 'n':
        return literal("null");
      default:
        return number();
    }
  }

  // It ends before the next token, and the first stage looked at everything but the escapes.
  bool string() const {
    if (!has_escapes_) return true;
    const std::string_view string = token();
    return json_escapes_are_valid(string.substr(1, string.rfind('"') - 1));
  }

  bool number() const {
    const std::string_view number = token();
    const size_t length = json_number_length(number);
    return length == number.size() || (length > 0 && is_blank(number.substr(length)));
  }

  bool literal(std::string_view word) const {
    return token().starts_with(word) && is_blank(token().substr(word.size()));
  }

  const char* text_;
  size_t size_;
  const uint32_t* next_;
  const uint32_t* end_;
  bool has_escapes_;
  size_t begin_ = 0;     // of the token last taken
  uint32_t spaces_ = 0;  // the sign bit is set by the first space
  bool in_object_ = false;
  uint32_t depth_ = 0;
  std::bitset<kMaxJsonDepth> outer_are_objects_;
};

}  // namespace

JsonVerdict JsonTokens::judge(std::string_view text, size_t max_bytes) {
  if ((!stage1_ || text.size() > capacity_) && !grow(text.size(), max_bytes))
    return JsonVerdict::no_memory;
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  if (stage1_->stage1(bytes, text.size(), simdjson::stage1_mode::regular) != simdjson::SUCCESS)
    return JsonVerdict::refused;
  const uint32_t* begins = stage1_->structural_indexes.get();
  TokenWalk walk(text, begins, stage1_->n_structural_indexes);
  if (!walk.is_object()) return JsonVerdict::refused;
  const bool has_space = walk.has_space() || begins[0] != 0 || is_space(text.back());
  return has_space ? JsonVerdict::spaced_object : JsonVerdict::object;
}

bool JsonTokens::grow(size_t bytes, size_t max_bytes) {
  const size_t capacity =
      std::max(bytes, std::min(std::max(2 * capacity_, kFirstCapacity), max_bytes));
  capacity_ = 0;
  // Depth is a matter of the second stage.
  if (simdjson::get_active_implementation()->create_dom_parser_implementation(
          capacity, /*max_depth=*/1, stage1_) != simdjson::SUCCESS)
    return false;
  capacity_ = capacity;
  return true;
}

}  // namespace plasmite
