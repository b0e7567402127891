// What becomes of a record once a framing has found it: it is validated, stored, and, if it cannot
// be, left out or the end of it all. Every framing of JSON hands its records to one of these.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/append/appender.h"
#include "core/base/error.h"
#include "core/pool/record.h"
#include "core/record/json_text.h"

namespace plasmite {

enum class OnBadRecord : uint8_t { stop, skip };

struct RecordPosition {
  uint64_t offset = 0;  // of its first byte (of the first byte of its line) in the input
  uint64_t line = 0;    // 1-based; 0: the framing knows no lines
};

// A record that was left out. Valid during the callback.
struct SkippedRecord {
  uint64_t index;                // 1-based, among all records of the input
  std::optional<uint64_t> line;  // 1-based, where the framing knows lines
  uint64_t offset;               // of the first byte of its line, or of its own
  std::string_view mode;         // the framing: "jsonl", "json", "jq", "seq", "event"
  // "Parse", "Oversize", or "Refused": valid, but too large for the pool.
  std::string_view error_kind;
  std::string message;
  std::string snippet;    // its beginning, at most 200 bytes; may be no UTF-8
  std::string_view text;  // all of it that is known; valid during the callback
  bool is_cut = false;    // the record is longer than that; nobody knows yet by how much
};

struct IntakeOptions {
  OnBadRecord on_bad_record = OnBadRecord::stop;
  TagBlock tags = {};  // of every record
  size_t max_record_bytes = kMaxRecordBytes;
  std::function<void(const SkippedRecord&)> on_skip = {};  // may be empty
  bool tells_at_stop = false;  // on_skip is also called for the record that ends it all
};

// Where the framings differ in what they say about a record.
struct IntakeRules {
  enum class BadUtf8 : uint8_t {
    fails_input,   // the stream is not text at all: Io, as a failed read
    fails_record,  // one record badly written: Usage
    is_replaced,   // by U+FFFD, and the record is stored
  };
  std::string_view mode = "jsonl";
  BadUtf8 bad_utf8 = BadUtf8::fails_input;
  // A bad record may be handed over before it was seen whole, cut at any byte.
  bool texts_end_early = false;
  std::string_view advice = "--errors skip leaves out what cannot be.";  // ends the hint of stop
};

class RecordIntake {
 public:
  // The appender must outlive this, and nobody else may use it meanwhile.
  RecordIntake(Appender& appender, IntakeOptions options);

  void set_rules(const IntakeRules& rules) { rules_ = rules; }
  size_t max_record_bytes() const { return options_.max_record_bytes; }

  // The two steps of take(), for who does something else with a text that fails the first one.
  // Nothing is counted by check(); the text must stay where it is until the next commit.
  Result<JsonText> check(PaddedText text);
  Result<void> store(JsonText json, RecordPosition at);

  // Stores the record or rejects it. The text must stay where it is until the next commit.
  Result<void> take(PaddedText text, RecordPosition at);
  // The same for a text that lives only during the call.
  Result<void> take_copy(std::string_view text, RecordPosition at);

  // Counts a bad record; `text` is as much of it as is known. With skip it is reported and all is
  // well. With stop the result is the error: Usage "invalid json input", "data must be object" or
  // "record exceeds size limit", Io for bytes that are not UTF-8, with the position and, in the
  // first cause, the number of the line or record. Errors that are not the record's fault are
  // returned as they are with either.
  Result<void> reject(std::string_view text, RecordPosition at, const Error& error);
  // `is_cut`: there is more of it than `text`.
  Result<void> reject_oversized(std::string_view text, RecordPosition at, bool is_cut = true);

  Result<void> commit() { return appender_.commit(); }

  uint64_t records() const { return records_; }  // good and bad
  uint64_t failed() const { return failed_; }    // those left out by skip

 private:
  Result<void> bad_record(std::string_view text, RecordPosition at, std::string_view error_kind,
                          const Error& error, bool is_cut = false);
  void report(std::string_view text, RecordPosition at, std::string_view error_kind,
              const Error& error, bool is_cut);
  Error describe(std::string_view text, RecordPosition at, const Error& error) const;
  Result<JsonText> check_replaced(std::string_view text);

  Appender& appender_;
  IntakeOptions options_;
  IntakeRules rules_;
  JsonValidator validator_;
  uint64_t records_ = 0;
  uint64_t failed_ = 0;
};

// What JSON calls white space, and nothing else.
bool is_blank(std::string_view text);

}  // namespace plasmite
