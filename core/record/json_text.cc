#include "core/record/json_text.h"

#include <simdjson.h>

#include <optional>
#include <string>
#include <utility>

#include "core/base/check.h"
#include "core/record/json_grammar.h"
#include "core/record/json_tokens.h"

namespace plasmite {

namespace {

Error too_large(size_t bytes, size_t limit) {
  return Error(ErrorKind::Usage, "record exceeds size limit")
      .with_cause("the record has " + std::to_string(bytes) + " bytes, the limit is " +
                  std::to_string(limit))
      .with_hint("Raise the limit with --max-record, or split the record.");
}

Error no_memory() {
  return Error(ErrorKind::Io, "not enough memory to parse JSON")
      .with_hint("Free memory, or lower --max-record.");
}

// Of a text that was refused: the grammar is walked once more to say why and where.
Error refused(std::string_view text) {
  const std::optional<JsonDefect> defect = find_json_defect(text);
  if (!defect) {
    return Error(ErrorKind::Usage, "data must be object")
        .with_hint("Put the value into an object, like {\"value\": ...}.");
  }
  return Error(ErrorKind::Usage, "invalid json")
      .with_offset(defect->offset)
      .with_cause(std::string(defect->what) + " at byte " + std::to_string(defect->offset))
      .with_hint(defect->too_deep
                     ? "Containers may be nested " + std::to_string(kMaxJsonDepth) + " deep."
                     : "A record is one JSON object (RFC 8259) in UTF-8.");
}

}  // namespace

struct JsonValidator::Parser {
  size_t max_record_bytes;
  JsonTokens tokens;
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
  switch (parser_->tokens.judge(text, parser_->max_record_bytes)) {
    case JsonVerdict::object:
      return JsonText(text);
    case JsonVerdict::spaced_object:
      break;
    case JsonVerdict::refused:
      return std::unexpected(refused(text));
    case JsonVerdict::no_memory:
      return std::unexpected(no_memory());
  }
  char* shorter = arena.reserve(text.size() + kJsonPadding);
  size_t size = 0;
  // Fails for strings that do not end, which are none here.
  const auto error = simdjson::minify(text.data(), text.size(), shorter, size);
  PLASMITE_CHECK(error == simdjson::SUCCESS);
  return JsonText(arena.commit(size));
}

}  // namespace plasmite
