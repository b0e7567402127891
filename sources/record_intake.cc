#include "sources/record_intake.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/record/utf8.h"

namespace plasmite {

namespace {

constexpr size_t kSnippetBytes = 200;

std::string snippet_of(std::string_view text) {
  if (text.size() <= kSnippetBytes) return std::string(text);
  constexpr std::string_view kDots = "...";
  std::string snippet(text.substr(0, utf8_cut(text, kSnippetBytes - kDots.size())));
  return snippet += kDots;
}

// Without the beginning of a character at its end, of which the rest was not looked at.
std::string_view without_cut_character(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte >= 0x80 && byte < 0xC0) continue;
    const Utf8Step step = utf8_step(text.substr(text.size() - back));
    const bool is_lead = byte >= 0xC2 && byte < 0xF5;
    return is_lead && !step.valid && step.length == back ? text.substr(0, text.size() - back)
                                                         : text;
  }
  return text;
}

std::string with_replacements(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    result += step.valid ? text.substr(0, step.length) : kReplacementCharacter;
    text.remove_prefix(step.length);
  }
  return result;
}

}  // namespace

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

RecordIntake::RecordIntake(Appender& appender, IntakeOptions options)
    : appender_(appender), options_(std::move(options)), validator_(options_.max_record_bytes) {}

Result<JsonText> RecordIntake::check(PaddedText text) {
  Result<JsonText> json = validator_.validate_object(text, appender_.arena());
  if (json || rules_.bad_utf8 != IntakeRules::BadUtf8::is_replaced || is_utf8(text.text))
    return json;
  return check_replaced(text.text);
}

Result<JsonText> RecordIntake::check_replaced(std::string_view text) {
  const std::string replaced = with_replacements(text);
  char* copy = appender_.arena().reserve(replaced.size() + kJsonPadding);
  std::memcpy(copy, replaced.data(), replaced.size());
  std::memset(copy + replaced.size(), 0, kJsonPadding);
  // The validator may take room behind the copy, which only has to be readable.
  appender_.arena().commit(replaced.size() + kJsonPadding);
  return validator_.validate_object({{copy, replaced.size()}}, appender_.arena());
}

Result<void> RecordIntake::store(JsonText json, RecordPosition at) {
  ++records_;
  if (Result<void> added = appender_.add(json, &options_.tags); !added)
    return bad_record(json.view(), at, "Refused", added.error());
  if (appender_.full()) return appender_.commit();
  return {};
}

Result<void> RecordIntake::take(PaddedText text, RecordPosition at) {
  const Result<JsonText> json = check(text);
  return json ? store(*json, at) : reject(text.text, at, json.error());
}

Result<void> RecordIntake::take_copy(std::string_view text, RecordPosition at) {
  if (text.size() > options_.max_record_bytes) return reject_oversized(text, at, /*is_cut=*/false);
  char* copy = appender_.arena().reserve(text.size() + kJsonPadding);
  std::memcpy(copy, text.data(), text.size());
  std::memset(copy + text.size(), 0, kJsonPadding);
  appender_.arena().commit(text.size() + kJsonPadding);
  return take({{copy, text.size()}}, at);
}

Result<void> RecordIntake::reject(std::string_view text, RecordPosition at, const Error& error) {
  ++records_;
  // Too little memory is no fault of the record.
  if (error.kind() != ErrorKind::Usage) return std::unexpected(error);
  const bool oversize = text.size() > options_.max_record_bytes;
  return bad_record(text, at, oversize ? "Oversize" : "Parse", error);
}

Result<void> RecordIntake::reject_oversized(std::string_view text, RecordPosition at, bool is_cut) {
  ++records_;
  return bad_record(
      text, at, "Oversize",
      Error(ErrorKind::Usage, "record exceeds size limit")
          .with_cause("the limit is " + std::to_string(options_.max_record_bytes) + " bytes")
          .with_hint("Raise the limit with --max-record, or split the record."),
      is_cut);
}

Result<void> RecordIntake::bad_record(std::string_view text, RecordPosition at,
                                      std::string_view error_kind, const Error& error,
                                      bool is_cut) {
  const bool stops = options_.on_bad_record == OnBadRecord::stop;
  if (options_.on_skip && (!stops || options_.tells_at_stop))
    report(text, at, error_kind, error, is_cut);
  if (stops) return std::unexpected(describe(text, at, error));
  ++failed_;
  return {};
}

void RecordIntake::report(std::string_view text, RecordPosition at, std::string_view error_kind,
                          const Error& error, bool is_cut) {
  std::string message = error.message();
  if (!error.causes().empty()) message += ": " + error.causes().front();
  options_.on_skip({.index = records_,
                    .line = at.line == 0 ? std::nullopt : std::optional(at.line),
                    .offset = at.offset,
                    .mode = rules_.mode,
                    .error_kind = error_kind,
                    .message = std::move(message),
                    .snippet = snippet_of(text),
                    .text = text,
                    .is_cut = is_cut});
}

// The same error, said about a place in the input.
Error RecordIntake::describe(std::string_view text, RecordPosition at, const Error& error) const {
  ErrorKind kind = error.kind();
  std::string message = error.message();
  if (message == "invalid json") {
    message = "invalid json input";
    if (rules_.texts_end_early) text = without_cut_character(text);
    if (rules_.bad_utf8 == IntakeRules::BadUtf8::fails_input && !is_utf8(text)) {
      kind = ErrorKind::Io;
      message = "input is not UTF-8";
    }
  }
  std::string cause =
      at.line > 0 ? "line " + std::to_string(at.line) : "record " + std::to_string(records_);
  if (!error.causes().empty()) cause += ": " + error.causes().front();
  std::string hint = error.hint().empty() ? "" : error.hint() + " ";
  hint += "What came before is stored; ";
  hint += rules_.advice;
  Error result = Error(kind, std::move(message))
                     .with_offset(at.offset)
                     .with_cause(std::move(cause))
                     .with_hint(std::move(hint));
  if (!error.path().empty()) result = std::move(result).with_path(error.path());
  return result;
}

}  // namespace plasmite
