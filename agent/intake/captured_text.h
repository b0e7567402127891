// Lines of text from a descriptor into a source's pool, as `pls tap` stores them
// (sources/text_lines.h). Not thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "agent/commands/tap_records.h"
#include "agent/intake/reject_pool.h"
#include "agent/intake/source.h"
#include "agent/intake/source_writer.h"
#include "core/base/error.h"
#include "sources/line_buffer.h"
#include "sources/text_lines.h"

namespace plasmite {

class CapturedText {
 public:
  // `id` makes the ids of lines in parts unique in the pool. The context and the writer must
  // outlive this.
  CapturedText(const SourceContext& context, SourceWriter& writer, std::string stream,
               std::string id);

  // One read(2); every whole line is stored then. At the end of the input, the rest, too. An error
  // is that of reading, or of the writer, which then says so.
  Result<LineBuffer::Fill> read(int fd);
  // The end, whoever else still writes: the unterminated rest is a line.
  Result<void> finish();

  StreamTotals totals() const { return {.bytes = bytes_, .lines = lines_before_ + lines_.lines()}; }

 private:
  TextLinesOptions options() const;
  Result<void> add(const LineBuffer::Piece& piece);
  Result<void> store(bool at_end);

  const SourceContext& context_;
  SourceWriter& writer_;
  std::string stream_;
  std::string id_;
  size_t max_record_bytes_;
  uint64_t limits_ = 0;  // how many we have had
  TextLines lines_;
  LineBuffer buffer_;
  uint64_t lines_before_ = 0;  // under other limits
  uint64_t bytes_ = 0;
};

}  // namespace plasmite
