#include "core/record/json_text.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/record/json_grammar.h"

namespace plasmite {

static_assert(simdjson::SIMDJSON_PADDING <= kJsonPadding);

namespace {

// simdjson counts the containers that have something in them, and refuses when this many are open.
// With kMaxJsonDepth it accepts nothing too deep, but refuses a filled container at the last level;
// those few texts are judged again with one level more and counted by hand.
constexpr size_t kFirstDepth = kMaxJsonDepth;
constexpr size_t kSecondDepth = kMaxJsonDepth + 1;

constexpr size_t kFirstCapacity = 64u << 10;

// One parser with its memory: grows to the longest text, then allocates nothing more.
class Judge {
 public:
  explicit Judge(size_t depth) : depth_(depth) {}

  simdjson::error_code parse(std::string_view text, size_t max_bytes) {
    if (text.size() > capacity_)
      if (const auto error = grow(text.size(), max_bytes)) return error;
    return parser_
        .parse_into_document(document_, text.data(), text.size(), /*realloc_if_needed=*/false)
        .error();
  }

 private:
  // The document is allocated here, too: by itself simdjson would make it fit each text that is
  // longer than all before, one allocation for each.
  simdjson::error_code grow(size_t bytes, size_t max_bytes) {
    const size_t capacity =
        std::max(bytes, std::min(std::max(2 * capacity_, kFirstCapacity), max_bytes));
    capacity_ = 0;
    if (const auto error = parser_.allocate(capacity, depth_)) return error;
    if (const auto error = document_.allocate(capacity)) return error;
    capacity_ = capacity;
    return simdjson::SUCCESS;
  }

  size_t depth_;
  size_t capacity_ = 0;
  simdjson::dom::parser parser_;
  simdjson::dom::document document_;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// True if any byte could be white space, inside a string or outside. One pass without a branch per
// byte, which the compiler vectorises; most records do without the second one through minify().
bool has_space_or_control(std::string_view text) {
  constexpr size_t kBlock = 32;
  size_t at = 0;
  for (; text.size() - at >= kBlock; at += kBlock) {
    uint8_t found = 0;
    for (size_t i = 0; i < kBlock; ++i)
      found |= static_cast<uint8_t>(static_cast<uint8_t>(text[at + i]) <= 0x20);
    if (found) return true;
  }
  for (; at < text.size(); ++at)
    if (static_cast<uint8_t>(text[at]) <= 0x20) return true;
  return false;
}

// The end of the string that begins at `begin`, behind its closing quote.
size_t string_end(std::string_view text, size_t begin) {
  size_t at = begin + 1;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return std::min(at + 1, text.size());
}

// How deep the containers of a valid text are nested.
int depth_of(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = string_end(text, at);
      continue;
    }
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if (c == '}' || c == ']') --depth;
    ++at;
  }
  return deepest;
}

// Writes `text` to `copy` with a 0 and blanks in place of every number outside strings. False if
// one of them is not a number by the grammar. Everything else, valid or not, is copied as it is.
bool blank_numbers(std::string_view text, char* copy) {
  std::memcpy(copy, text.data(), text.size());
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = string_end(text, at);
    } else if (is_space(c) || std::string_view("{}[]:,").contains(c)) {
      ++at;
    } else {
      const size_t end = std::min(text.find_first_of(" \t\n\r{}[]:,\"", at), text.size());
      const std::string_view token = text.substr(at, end - at);
      if (c == '-' || (c >= '0' && c <= '9')) {
        if (json_number_length(token) != token.size()) return false;
        std::memset(copy + at, ' ', token.size());
        copy[at] = '0';
      }
      at = end;
    }
  }
  return true;
}

Error too_large(size_t bytes, size_t limit) {
  return Error(ErrorKind::Usage, "record exceeds size limit")
      .with_cause("the record has " + std::to_string(bytes) + " bytes, the limit is " +
                  std::to_string(limit))
      .with_hint("Raise the limit with --max-record, or split the record.");
}

// The parser says what kind of thing is wrong, but not where: the grammar is walked again for that.
Error invalid(std::string_view text, simdjson::error_code code) {
  if (code == simdjson::MEMALLOC)
    return Error(ErrorKind::Io, "not enough memory to parse JSON")
        .with_hint("Free memory, or lower --max-record.");
  Error error(ErrorKind::Usage, "invalid json");
  const std::optional<JsonDefect> defect = find_json_defect(text);
  if (!defect) {
    return std::move(error)
        .with_cause(simdjson::error_message(code))
        .with_hint("A record is one JSON object (RFC 8259) in UTF-8.");
  }
  return std::move(error)
      .with_offset(defect->offset)
      .with_cause(std::string(defect->what) + " at byte " + std::to_string(defect->offset))
      .with_hint(code == simdjson::DEPTH_ERROR
                     ? "Containers may be nested " + std::to_string(kMaxJsonDepth) + " deep."
                     : "A record is one JSON object (RFC 8259) in UTF-8.");
}

}  // namespace

struct JsonValidator::Parser {
  explicit Parser(size_t max_bytes) : max_record_bytes(max_bytes) {}

  simdjson::error_code judge(std::string_view text) {
    simdjson::error_code error = first.parse(text, max_record_bytes);
    if (error != simdjson::DEPTH_ERROR) return error;
    if (!second) second.emplace(kSecondDepth);
    error = second->parse(text, max_record_bytes);
    // An empty container one level below the limit is the one thing that passes it.
    if (!error && depth_of(text) > kMaxJsonDepth) return simdjson::DEPTH_ERROR;
    return error;
  }

  // simdjson refuses numbers that fit neither 64-bit integers nor doubles. The grammar has no such
  // limits, and the text is stored as it is: so numbers are checked by hand, and the parser judges
  // everything else with harmless numbers in their place.
  simdjson::error_code judge_without_numbers(std::string_view text, TextArena& arena) {
    char* copy = arena.reserve(text.size() + kJsonPadding);
    if (!blank_numbers(text, copy)) return simdjson::NUMBER_ERROR;
    std::memset(copy + text.size(), 0, kJsonPadding);
    return judge({copy, text.size()});
  }

  size_t max_record_bytes;
  Judge first{kFirstDepth};
  std::optional<Judge> second;
};

JsonValidator::JsonValidator(size_t max_record_bytes)
    : parser_(std::make_unique<Parser>(max_record_bytes)) {}
JsonValidator::~JsonValidator() = default;
JsonValidator::JsonValidator(JsonValidator&&) noexcept = default;
JsonValidator& JsonValidator::operator=(JsonValidator&&) noexcept = default;

Result<JsonText> JsonValidator::validate_object(PaddedText input, TextArena& arena) {
  const std::string_view text = input.text;
  if (text.size() > parser_->max_record_bytes)
    return std::unexpected(too_large(text.size(), parser_->max_record_bytes));
  simdjson::error_code error = parser_->judge(text);
  if (error == simdjson::NUMBER_ERROR) error = parser_->judge_without_numbers(text, arena);
  if (error) return std::unexpected(invalid(text, error));
  if (text[text.find_first_not_of(" \t\n\r")] != '{') {
    return std::unexpected(Error(ErrorKind::Usage, "data must be object")
                               .with_hint("Put the value into an object, like {\"value\": ...}."));
  }
  if (!has_space_or_control(text)) return JsonText(text);
  char* shorter = arena.reserve(text.size() + kJsonPadding);
  size_t size = 0;
  error = simdjson::minify(text.data(), text.size(), shorter, size);
  if (error) return std::unexpected(invalid(text, error));
  if (size == text.size()) return JsonText(text);
  return JsonText(arena.commit(size));
}

}  // namespace plasmite
