#include "sources/line_buffer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/check.h"
#include "core/record/utf8.h"

namespace plasmite {

LineBuffer::LineBuffer(size_t max_line_bytes, size_t read_bytes)
    : max_line_bytes_(max_line_bytes),
      read_bytes_(read_bytes),
      capacity_(max_line_bytes + read_bytes),
      buffer_(std::make_unique_for_overwrite<char[]>(capacity_ + kJsonPadding)) {
  PLASMITE_CHECK(max_line_bytes >= 4 && read_bytes >= 1);
}

Result<LineBuffer::Fill> LineBuffer::fill(int fd) {
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    scanned_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  last_read_bytes_ = 0;
  // At most max_line_bytes are left when next() was asked until it had nothing more.
  PLASMITE_CHECK(end_ <= max_line_bytes_);
  const ssize_t got = ::read(fd, buffer_.get() + end_, read_bytes_);
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return Fill::again;
    // How a terminal says that nobody has its other side open any more.
    const int read_errno = errno;
    if (read_errno == EIO && ::isatty(fd) == 1) return Fill::end;
    Error error = errno_error(read_errno, "failed to read input");
    // Whatever the errno, it is the reading that failed: EPERM on an open descriptor is no question
    // of access, and ENOENT (from some filesystems) none of a missing pool.
    if (error.kind() != ErrorKind::Io) {
      Error io(ErrorKind::Io, error.message());
      for (const std::string& cause : error.causes()) io = std::move(io).with_cause(cause);
      return std::unexpected(std::move(io));
    }
    return std::unexpected(std::move(error));
  }
  if (got == 0) return Fill::end;
  last_read_bytes_ = static_cast<size_t>(got);
  end_ += last_read_bytes_;
  // What the parser may read behind the last text. Old bytes would do; never written ones would
  // not.
  std::memset(buffer_.get() + end_, 0, kJsonPadding);
  return Fill::data;
}

void LineBuffer::skip(size_t bytes) {
  PLASMITE_CHECK(bytes <= end_ - begin_);
  begin_ += bytes;
  begin_offset_ += bytes;
  scanned_ = std::max(scanned_, begin_);
}

std::optional<LineBuffer::Piece> LineBuffer::next() {
  const size_t have = end_ - begin_;
  const char* text = buffer_.get() + begin_;
  // The LF of a line of exactly max_line_bytes is the byte after them.
  const size_t limit = std::min(have, max_line_bytes_ + 1);
  const size_t done = scanned_ - begin_;
  if (done < limit) {
    if (const void* found = std::memchr(text + done, '\n', limit - done)) {
      const auto length = static_cast<size_t>(static_cast<const char*>(found) - text);
      Piece piece = hand_out(length, /*ends_line=*/true, /*terminated=*/true);
      ++begin_;  // the LF
      ++begin_offset_;
      scanned_ = begin_;
      return piece;
    }
    scanned_ = begin_ + limit;
  }
  if (have <= max_line_bytes_) return std::nullopt;
  const size_t part = utf8_cut({text, have}, max_line_bytes_);
  return hand_out(part, /*ends_line=*/false, /*terminated=*/false);
}

std::optional<LineBuffer::Piece> LineBuffer::take_rest() {
  if (begin_ == end_) return std::nullopt;
  return hand_out(end_ - begin_, /*ends_line=*/true, /*terminated=*/false);
}

LineBuffer::Piece LineBuffer::hand_out(size_t bytes, bool ends_line, bool terminated) {
  const Piece piece{.text = {{buffer_.get() + begin_, bytes}},
                    .starts_line = !in_line_,
                    .ends_line = ends_line,
                    .terminated = terminated};
  if (!in_line_) ++line_number_;
  offset_ = begin_offset_;
  in_line_ = !ends_line;
  begin_ += bytes;
  begin_offset_ += bytes;
  scanned_ = std::max(scanned_, begin_);
  return piece;
}

}  // namespace plasmite
