#include "sinks/text_writer.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace plasmite {

TextWriter::TextWriter(TextWriterOptions options)
    : options_(std::move(options)), joiner_(options_.joiner) {
  PLASMITE_CHECK(options_.listener != nullptr);
  streams_[0].options = options_.out;
  streams_[1].options = options_.err;
}

bool TextWriter::shows(const MessageView& message) {
  const TapRecord record = reader_.read(message);
  const auto* line = std::get_if<TapLine>(&record);
  return line != nullptr && line->ends_line();
}

Result<MessageSink::Written> TextWriter::write(const MessageView& message) {
  const TapRecord record = reader_.read(message);
  const auto written = write_record(record, message);
  if (!written) return std::unexpected(written.error());
  if (!*written) return Written::nobody_reads;
  const auto* line = std::get_if<TapLine>(&record);
  return line != nullptr && line->ends_line() ? Written::shown : Written::passed_over;
}

Result<bool> TextWriter::write_record(const TapRecord& record, const MessageView& message) {
  if (const auto* line = std::get_if<TapLine>(&record)) return write_line(*line, message);
  if (std::holds_alternative<TapOtherLifecycle>(record)) return true;
  if (std::holds_alternative<std::monostate>(record)) return pass_over(message.seq);
  if (auto flushed = flush(); !flushed || !*flushed) return flushed;
  if (const auto* start = std::get_if<TapRunStart>(&record)) {
    ends_.take(*start);
    options_.listener->on_run_start(*start);
  }
  if (const auto* end = std::get_if<TapRunEnd>(&record)) options_.listener->on_run_end(*end);
  if (const auto* lost = std::get_if<TapRunLost>(&record)) options_.listener->on_run_lost(*lost);
  return true;
}

Result<bool> TextWriter::pass_over(uint64_t seq) {
  if (std::exchange(told_of_others_, true)) return true;
  auto flushed = flush();
  options_.listener->on_other_message(seq);
  return flushed;
}

Result<bool> TextWriter::flush() {
  for (Stream& stream : streams_)
    if (auto flushed = flush(stream); !flushed || !*flushed) return flushed;
  return true;
}

Result<bool> TextWriter::finish() {
  joiner_.take_rest(ready_);
  if (auto written = write_joined(); !written || !*written) return written;
  return flush();
}

std::string_view TextWriter::end_of(const TapLine& line, TagsView tags) const {
  if (!line.ends_line()) return {};
  return line.eol ? *line.eol : ends_.of(tags);
}

std::optional<uint64_t> TextWriter::oldest_unwritten() const {
  std::optional<uint64_t> oldest = joiner_.oldest_held();
  for (const Stream& stream : streams_) {
    if (stream.oldest_unwritten)
      oldest = std::min(oldest.value_or(UINT64_MAX), *stream.oldest_unwritten);
  }
  return oldest;
}

Result<bool> TextWriter::write_alone(const TapLine& line, const MessageView& message) {
  auto written = append({.stream = line.stream,
                         .bytes = line.bytes,
                         .eol = end_of(line, message.tags),
                         .ends_line = line.ends_line(),
                         .seq = message.seq});
  return written && *written ? flush() : written;
}

Result<bool> TextWriter::write_line(const TapLine& line, const MessageView& message) {
  const std::string_view eol = end_of(line, message.tags);
  if (!line.part) {
    return append({.stream = line.stream,
                   .bytes = line.bytes,
                   .eol = eol,
                   .ends_line = true,
                   .seq = message.seq});
  }
  joiner_.add(line, message.seq, eol, ready_);
  return write_joined();
}

Result<bool> TextWriter::write_joined() {
  const std::vector<JoinedPiece> pieces = std::exchange(ready_, {});
  for (const JoinedPiece& piece : pieces) {
    auto written = append({.stream = piece.stream,
                           .bytes = piece.bytes,
                           .eol = piece.eol,
                           .ends_line = piece.ends_line,
                           .seq = piece.first_seq});
    if (!written || !*written) return written;
    if (!piece.parts_missing) continue;
    if (written = flush(); !written || !*written) return written;
    options_.listener->on_incomplete_line(piece.stream, piece.id);
  }
  return true;
}

Result<bool> TextWriter::append(const Text& text) {
  Stream& stream = stream_of(text.stream);
  if (!stream.open) return true;
  if (Stream& other = streams_[text.stream == TapStream::out ? 1 : 0];
      options_.same_place && !other.block.empty()) {
    if (auto flushed = flush(other); !flushed || !*flushed) return flushed;
  }
  stream.oldest_unwritten = std::min(stream.oldest_unwritten.value_or(UINT64_MAX), text.seq);
  if (LineRenderer* const renderer = stream.options.renderer) {
    renderer->append_text(stream.block, text.bytes);
    if (text.ends_line) renderer->append_end(stream.block, text.eol);
  } else if (text.bytes.size() < kBlockBytes) {
    stream.block += text.bytes;
    stream.block += text.eol;
  } else {
    // Long lines go out from where they are.
    if (auto written = output(stream, stream.block); !written || !*written) return written;
    stream.block = text.eol;
    if (auto written = output(stream, text.bytes); !written || !*written) return written;
  }
  return stream.block.size() >= kBlockBytes ? flush(stream) : Result<bool>(true);
}

Result<bool> TextWriter::flush(Stream& stream) {
  auto written = output(stream, stream.block);
  stream.block.clear();
  if (!stream.failed) stream.oldest_unwritten.reset();
  return written;
}

Result<bool> TextWriter::output(Stream& stream, std::string_view bytes) {
  if (!stream.open || bytes.empty()) return true;
  auto written = stream.options.output(bytes);
  if (written && !*written) {
    stream.open = false;
    written = &stream != &streams_[0];
  }
  stream.failed |= !written || !*written;
  return written;
}

}  // namespace plasmite
