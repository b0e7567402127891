// Reads a file descriptor and cuts what arrives into lines, without copying them. Byte-exact: the
// pieces and their line ends put together are the input, and the pieces are the same however the
// input was cut into reads. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "core/base/error.h"
#include "core/record/json_text.h"

namespace plasmite {

class LineBuffer {
 public:
  // A line longer than max_line_bytes (>= 4) is handed out in parts, cut between characters where
  // the bytes are UTF-8. Memory is bounded by read_bytes + max_line_bytes + padding.
  explicit LineBuffer(size_t max_line_bytes, size_t read_bytes = 256u << 10);

  enum class Fill : uint8_t { data, end, again };  // again: EAGAIN or EINTR
  // One read(2). Call it when next() has nothing more; views handed out before become invalid.
  Result<Fill> fill(int fd);
  // The bytes that fill() just read, as they came; valid until the next fill().
  std::string_view last_read() const {
    return {buffer_.get() + end_ - last_read_bytes_, last_read_bytes_};
  }

  // What was read and not handed out, as it came; valid until the next fill().
  PaddedText unread() const { return {{buffer_.get() + begin_, end_ - begin_}}; }
  uint64_t unread_offset() const { return begin_offset_; }  // of its first byte in the input
  // Passes over the first `bytes` of it. Line ends among them are not counted: for what stands in
  // front of the first line, or for who reads no lines at all.
  void skip(size_t bytes);

  struct Piece {
    PaddedText text;  // without the LF
    bool starts_line;
    bool ends_line;   // both true: a whole line; else a part of one over the limit
    bool terminated;  // an LF followed; false for parts and for the last, unterminated line
  };
  // Whole lines, or a part when the limit is passed.
  std::optional<Piece> next();
  // After the end of input, when next() has nothing more: the unterminated last line (or the last
  // part of it), if there is one.
  std::optional<Piece> take_rest();

  uint64_t line_number() const { return line_number_; }  // 1-based, of the piece last handed out
  uint64_t offset() const { return offset_; }            // of its first byte in the input

 private:
  Piece hand_out(size_t bytes, bool ends_line, bool terminated);

  size_t max_line_bytes_;
  size_t read_bytes_;
  size_t capacity_;  // without the padding
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0;    // of what was not handed out yet
  size_t scanned_ = 0;  // up to here there is no LF, so that slow input is not searched again
  size_t end_ = 0;
  size_t last_read_bytes_ = 0;
  uint64_t begin_offset_ = 0;  // of begin_ in the input
  bool in_line_ = false;       // the piece before was a part of the line at begin_
  uint64_t line_number_ = 0;
  uint64_t offset_ = 0;
};

}  // namespace plasmite
