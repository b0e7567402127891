#include "sources/json_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace plasmite {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// What may stand around a record in its line, so that a record of exactly the limit still fits.
constexpr size_t kAroundRecord = 1;

IntakeRules rules_of(Framing framing) {
  IntakeRules rules{.mode = framing_mode(framing)};
  rules.texts_end_early = framing == Framing::value;
  if (framing == Framing::sequence) rules.bad_utf8 = IntakeRules::BadUtf8::is_replaced;
  if (framing == Framing::values) {
    rules.bad_utf8 = IntakeRules::BadUtf8::fails_record;
    rules.advice =
        "--in jsonl reads one value per line, and with --errors skip leaves out what cannot be.";
  }
  return rules;
}

}  // namespace

JsonSource::JsonSource(Appender& appender, Framing framing, IntakeOptions options)
    : intake_(appender, std::move(options)),
      // Detection wants to see its window in one piece.
      buffer_(std::max(intake_.max_record_bytes() + kAroundRecord, kDetectionBytes)),
      framing_(framing) {}

Result<JsonSource::Progress> JsonSource::pump(int fd) {
  const Result<LineBuffer::Fill> filled = buffer_.fill(fd);
  if (!filled) return std::unexpected(filled.error());
  if (*filled == LineBuffer::Fill::again) return Progress::again;
  const bool at_end = *filled == LineBuffer::Fill::end;
  Result<void> taken = take_read(at_end);
  // Before the next read, which moves the bytes; and before an error, so that it cannot undo what
  // was good. If storing fails, too, that is the error that matters.
  if (Result<void> stored = intake_.commit(); !stored)
    return std::unexpected(std::move(stored.error()));
  if (!taken) return std::unexpected(std::move(taken.error()));
  return at_end ? Progress::end : Progress::data;
}

Result<void> JsonSource::take_read(bool at_end) {
  if (!begun_ && !pass_byte_order_mark(at_end)) return {};
  if (framing_ == Framing::detect) {
    const auto detected = detect_framing(buffer_.unread().text, at_end);
    if (!detected) return {};
    may_be_sequence_ = *detected == Framing::joined_lines;
    framing_ = *detected;
  }
  if (std::holds_alternative<std::monostate>(framer_)) begin(framing_);
  if (auto* lines = std::get_if<JsonLines>(&framer_)) return take_lines(*lines, at_end);
  return push_unread(at_end);
}

// False: it takes more bytes to tell whether there is one.
bool JsonSource::pass_byte_order_mark(bool at_end) {
  const std::string_view text = buffer_.unread().text;
  if (!at_end && text.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(text))
    return false;
  if (text.starts_with(kByteOrderMark)) buffer_.skip(kByteOrderMark.size());
  begun_ = true;
  return true;
}

void JsonSource::begin(Framing framing) {
  framing_ = framing;
  intake_.set_rules(rules_of(framing));
  const uint64_t offset = buffer_.unread_offset();
  switch (framing) {
    case Framing::detect:  // was decided before
    case Framing::lines:
    case Framing::joined_lines:
      framer_.emplace<JsonLines>(intake_, /*joins_lines=*/framing == Framing::joined_lines);
      break;
    case Framing::value:
    case Framing::values:
    case Framing::sequence:
      framer_.emplace<JsonValues>(intake_,
                                  framing == Framing::value    ? ValueRule::one
                                  : framing == Framing::values ? ValueRule::many
                                                               : ValueRule::separated,
                                  offset);
      break;
    case Framing::events:
      framer_.emplace<EventStream>(
          intake_.max_record_bytes(), RecordPosition{.offset = offset, .line = 1},
          [this](const EventStream::Event& event) { return take_event(event); });
      break;
  }
}

Result<void> JsonSource::push_unread(bool at_end) {
  const PaddedText bytes = buffer_.unread();
  buffer_.skip(bytes.text.size());
  Result<void> taken;
  if (auto* values = std::get_if<JsonValues>(&framer_)) {
    taken = values->push(bytes);
    if (taken && at_end) taken = values->finish();
  } else if (auto* events = std::get_if<EventStream>(&framer_)) {
    taken = events->push(bytes.text);
    if (taken && at_end) taken = events->finish();
  }
  return taken;
}

Result<void> JsonSource::take_event(const EventStream::Event& event) {
  if (event.oversized) return intake_.reject_oversized(event.data, event.at);
  if (is_blank(event.data)) return {};
  return intake_.take_copy(event.data, event.at);
}

Result<void> JsonSource::take_lines(JsonLines& lines, bool at_end) {
  if (may_be_sequence_) {
    if (const auto line = line_with_separator()) return become_sequence(lines, *line, at_end);
  }
  if (Result<void> taken = take_whole_lines(lines, UINT64_MAX); !taken) return taken;
  may_be_sequence_ = may_be_sequence_ && buffer_.unread_offset() < kDetectionBytes &&
                     buffer_.line_number() < kDetectionLines;
  if (!at_end) return {};
  if (const auto piece = buffer_.take_rest()) {
    const RecordPosition at{.offset = buffer_.offset(), .line = buffer_.line_number()};
    if (Result<void> taken = lines.take(*piece, at); !taken) return taken;
  }
  return lines.finish();
}

Result<void> JsonSource::take_whole_lines(JsonLines& lines, uint64_t until_offset) {
  while (buffer_.unread_offset() < until_offset) {
    const auto piece = buffer_.next();
    if (!piece) break;
    const RecordPosition at{.offset = buffer_.offset(), .line = buffer_.line_number()};
    if (Result<void> taken = lines.take(*piece, at); !taken) return taken;
  }
  return {};
}

// The first record of a sequence may come without a separator, and then looks like a line. But in
// lines of JSON there are no separators, so one within the window settles it. The offset of the
// beginning of its line.
std::optional<uint64_t> JsonSource::line_with_separator() const {
  const uint64_t begin = buffer_.unread_offset();
  const std::string_view window = buffer_.unread().text.substr(0, kDetectionBytes - begin);
  const size_t separator = window.find(kRecordSeparator);
  if (separator == std::string_view::npos) return std::nullopt;
  const std::string_view before = window.substr(0, separator);
  const auto lines =
      buffer_.line_number() + static_cast<uint64_t>(std::count(before.begin(), before.end(), '\n'));
  if (lines >= kDetectionLines) return std::nullopt;
  return begin + before.rfind('\n') + 1;  // npos + 1 is 0
}

// Lines before that one are records already. One that waits for more lines is the first record of
// the sequence, or the beginning of it.
Result<void> JsonSource::become_sequence(JsonLines& lines, uint64_t line_offset, bool at_end) {
  if (Result<void> taken = take_whole_lines(lines, line_offset); !taken) return taken;
  may_be_sequence_ = false;
  const JsonLines::Waiting waiting = lines.take_waiting();
  std::string text = waiting.text;
  begin(Framing::sequence);
  if (text.empty()) return push_unread(at_end);
  framer_.emplace<JsonValues>(intake_, ValueRule::separated, waiting.offset);
  text.append(kJsonPadding, '\0');
  const std::string_view padded = text;
  const PaddedText bytes{padded.substr(0, padded.size() - kJsonPadding)};
  if (Result<void> pushed = std::get<JsonValues>(framer_).push(bytes); !pushed) return pushed;
  return push_unread(at_end);
}

}  // namespace plasmite
