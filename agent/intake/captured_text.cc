#include "agent/intake/captured_text.h"

#include <utility>

namespace plasmite {

CapturedText::CapturedText(const SourceContext& context, SourceWriter& writer, std::string stream,
                           std::string id)
    : context_(context),
      writer_(writer),
      stream_(std::move(stream)),
      id_(std::move(id)),
      max_record_bytes_(writer.max_record_bytes()),
      lines_(options()),
      buffer_(lines_.max_line_bytes()) {}

TextLinesOptions CapturedText::options() const {
  return {.stream = stream_,
          .max_record_bytes = max_record_bytes_,
          .tags = &writer_.tags(),
          .part_id_prefix = id_ + (limits_ == 0 ? "-" : "-" + std::to_string(limits_) + "-"),
          .from_terminal = false};
}

Result<LineBuffer::Fill> CapturedText::read(int fd) {
  const auto filled = buffer_.fill(fd);
  if (!filled || *filled == LineBuffer::Fill::again) return filled;
  if (*filled == LineBuffer::Fill::data) bytes_ += buffer_.last_read().size();
  if (auto stored = store(*filled == LineBuffer::Fill::end); !stored)
    return std::unexpected(std::move(stored.error()));
  return filled;
}

Result<void> CapturedText::finish() { return store(/*at_end=*/true); }

Result<void> CapturedText::store(bool at_end) {
  while (const auto piece = buffer_.next()) {
    if (auto added = add(*piece); !added) return added;
  }
  if (at_end) {
    if (const auto rest = buffer_.take_rest()) {
      if (auto added = add(*rest); !added) return added;
    }
  }
  return writer_.commit();
}

Result<void> CapturedText::add(const LineBuffer::Piece& piece) {
  if (writer_.max_record_bytes() < max_record_bytes_) {  // the pool was made anew, smaller
    max_record_bytes_ = writer_.max_record_bytes();
    ++limits_;
    lines_before_ += lines_.lines();
    lines_ = TextLines(options());
  }
  auto added = lines_.add(piece, writer_.appender());
  if (added || added.error().kind() != ErrorKind::Usage) return added;
  // It became smaller while this line was on its way.
  writer_.count_rejected(RejectReason::refused);
  if (context_.rejects != nullptr)
    context_.rejects->keep(context_.config.name, RejectReason::refused, piece.text.text);
  return {};
}

}  // namespace plasmite
