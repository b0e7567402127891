// JSON text that is known to be one valid JSON object on one line: the only thing core/append takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/text_arena.h"

namespace plasmite {

inline constexpr size_t kMaxRecordBytes = 1u << 20;  // default record limit, --max-record
inline constexpr int kMaxJsonDepth = 128;            // containers inside each other, the root counts
inline constexpr size_t kJsonPadding = 64;           // readable bytes the parser needs behind a text

// A view; whoever made it says how long the bytes live.
class JsonText {
 public:
  std::string_view view() const { return text_; }
  // For our own encoders (captured lines, journal entries, lifecycle records), whose output is valid by
  // construction; debug builds of tests re-validate. Never for bytes from outside.
  static JsonText from_encoder(std::string_view text) { return JsonText(text); }

 private:
  friend class JsonValidator;
  explicit JsonText(std::string_view text) : text_(text) {}
  std::string_view text_;
};

// A text whose end is followed by kJsonPadding readable bytes (of any value).
struct PaddedText {
  std::string_view text;
};

// Validates and, where needed, puts on one line. Owns the parser's memory: keep one per thread.
// Not thread-safe.
class JsonValidator {
 public:
  explicit JsonValidator(size_t max_record_bytes = kMaxRecordBytes);
  ~JsonValidator();
  JsonValidator(JsonValidator&&) noexcept;
  JsonValidator& operator=(JsonValidator&&) noexcept;

  // RFC 8259, UTF-8, at most kMaxJsonDepth deep, an object at the top, numbers of any size. White
  // space outside strings is removed, into `arena`, only if there is some; otherwise the result is
  // the input itself. Usage errors: "invalid json" (cause: what and, where known, the byte offset),
  // "data must be object", "record exceeds size limit".
  Result<JsonText> validate_object(PaddedText input, TextArena& arena);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace plasmite
