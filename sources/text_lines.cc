#include "sources/text_lines.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "core/record/json_escape.h"
#include "core/record/utf8.h"
#include "sources/text_escape.h"

namespace plasmite {
namespace {

constexpr std::string_view kPrefix = R"({"kind":"line","line":")";

// More carriage returns than this before a line feed are text.
constexpr size_t kMaxCarriageReturns = 15;

// Everything in a record but the escaped text, its base64 form, the stream and the id prefix:
// {"eol":"…","kind":"line","line":"","line_base64":"","part":{"id":"…-…","n":…,"last":false},"stream":""}
constexpr size_t kMaxFrameBytes = 200;

// The most that a byte of text can take: \u0001 for itself and 4/3 of base64 because of a
// neighbour.
constexpr size_t kMaxGrowth = 8;

std::string_view trailing_carriage_returns(std::string_view text) {
  size_t count = 0;
  while (count < std::min(text.size(), kMaxCarriageReturns) &&
         text[text.size() - 1 - count] == '\r')
    ++count;
  return text.substr(text.size() - count);
}

}  // namespace

TextLines::TextLines(TextLinesOptions options) : options_(std::move(options)) {
  PLASMITE_CHECK(options_.max_record_bytes >= kMinTextLineRecordBytes);
  PLASMITE_CHECK(options_.stream.size() <= 64 && options_.part_id_prefix.size() <= 64);
  usual_carriage_returns_ = options_.from_terminal ? 1 : 0;
  stream_tail_ = R"(,"stream":)";
  append_json_string(stream_tail_, options_.stream);
  stream_tail_ += '}';
  suffix_ = '"' + stream_tail_;
  max_text_bytes_ = options_.max_record_bytes - kMaxFrameBytes - options_.stream.size() -
                    options_.part_id_prefix.size();
}

Result<void> TextLines::add(const LineBuffer::Piece& piece, Appender& appender) {
  const std::string_view text = piece.text.text;
  if (piece.starts_line) ++lines_;
  const bool whole = piece.starts_line && piece.ends_line;
  if (whole && piece.terminated && ends_as_usual(text) &&
      text.size() * kMaxGrowth <= max_text_bytes_) {
    // Nearly every line: built where it will be stored from.
    const std::string_view kept = text.substr(0, text.size() - usual_carriage_returns_);
    const size_t room = kPrefix.size() + 6 * kept.size() + kEscapeSlack + suffix_.size();
    char* const begin = appender.arena().reserve(room);
    std::memcpy(begin, kPrefix.data(), kPrefix.size());
    const EscapedText escaped = escape_text(begin + kPrefix.size(), PaddedText{kept});
    if (!escaped.non_ascii || is_utf8(kept)) {
      std::memcpy(escaped.end, suffix_.data(), suffix_.size());
      const auto size = static_cast<size_t>(escaped.end - begin) + suffix_.size();
      return append(appender.arena().commit(size), appender);
    }
  }
  Ending ending;
  if (piece.ends_line) {
    ending.carriage_returns = trailing_carriage_returns(text);
    ending.newline = piece.terminated;
    ending.usual = piece.terminated && ending.carriage_returns.size() == usual_carriage_returns_;
  }
  const std::string_view kept = text.substr(0, text.size() - ending.carriage_returns.size());
  if (whole && fits(kept)) return add_record(kept, ending, appender);
  ending.in_parts = true;
  ending.last = piece.ends_line;
  return add_in_parts(kept, ending, piece.starts_line, appender);
}

Result<void> TextLines::add_all(LineBuffer& buffer, Appender& appender, bool at_end) {
  while (const auto piece = buffer.next()) {
    if (auto added = add(*piece, appender); !added) return added;
  }
  if (at_end) {
    if (const auto rest = buffer.take_rest()) {
      if (auto added = add(*rest, appender); !added) return added;
    }
  }
  if (appender.empty()) return {};
  return appender.commit();
}

Result<void> TextLines::add_in_parts(std::string_view text, Ending ending, bool starts_line,
                                     Appender& appender) {
  if (starts_line) {
    ++long_lines_;
    part_number_ = 0;
  }
  const Ending at_end = ending;
  do {
    const size_t bytes = part_bytes(text);
    const bool last = at_end.last && bytes == text.size();
    ending = last ? at_end : Ending{.in_parts = true, .last = false};
    if (auto added = add_record(text.substr(0, bytes), ending, appender); !added) return added;
    ++part_number_;
    text.remove_prefix(bytes);
  } while (!text.empty());
  return {};
}

Result<void> TextLines::add_record(std::string_view text, const Ending& ending,
                                   Appender& appender) {
  record_ = '{';
  if (!ending.usual) {
    record_ += R"("eol":")";
    for (size_t i = 0; i < ending.carriage_returns.size(); ++i) record_ += R"(\r)";
    if (ending.newline) record_ += R"(\n)";
    record_ += R"(",)";
  }
  record_ += R"("kind":"line","line":)";
  bool was_lossy = false;
  append_json_string_lossy(record_, text, &was_lossy);
  if (was_lossy) {
    record_ += R"(,"line_base64":")";
    record_ += base64_encode(text);
    record_ += '"';
  }
  if (ending.in_parts) {
    record_ += R"(,"part":{"id":)";
    append_json_string(record_, options_.part_id_prefix + std::to_string(long_lines_));
    record_ += R"(,"n":)";
    record_ += std::to_string(part_number_);
    record_ += ending.last ? R"(,"last":true})" : R"(,"last":false})";
  }
  record_ += stream_tail_;
  return append(appender.arena().copy(record_), appender);
}

Result<void> TextLines::append(std::string_view json, Appender& appender) const {
  if (auto added = appender.add(JsonText::from_encoder(json), options_.tags); !added) return added;
  if (!appender.full()) return {};
  return appender.commit();
}

// A text in front of an LF: with exactly as many carriage returns as lines here usually have.
bool TextLines::ends_as_usual(std::string_view text) const {
  if (usual_carriage_returns_ == 0) return !text.ends_with('\r');
  return text.ends_with('\r') && !text.ends_with("\r\r");
}

bool TextLines::fits(std::string_view text) const {
  if (text.size() > max_text_bytes_) return false;
  const bool utf8 = is_utf8(text);
  const size_t base64 = utf8 ? 0 : (text.size() + 2) / 3 * 4;
  return text.size() + escape_growth(text, /*replaced=*/!utf8) + base64 <= max_text_bytes_;
}

// How much of the text's front becomes a record, cut between characters.
size_t TextLines::part_bytes(std::string_view text) const {
  size_t bytes = std::min(text.size(), max_text_bytes_);
  if (bytes < text.size()) bytes = utf8_cut(text, bytes);
  while (!fits(text.substr(0, bytes)))
    bytes = utf8_cut(text, std::max(bytes / 2, max_text_bytes_ / kMaxGrowth));
  return bytes;
}

}  // namespace plasmite
