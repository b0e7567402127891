#include "agent/commands/tap_captured_stream.h"

#include <unistd.h>

#include <string_view>
#include <utility>

namespace plasmite {
namespace {

// Of a stream that never pauses; more than a pipe holds.
constexpr uint64_t kMaxBytesAtOnce = 2u << 20;

// Not behind a line feed, nor behind an escape sequence that is no colour: full-screen programs
// leave the cursor where they want it.
bool ends_in_text(std::string_view bytes) {
  if (bytes.ends_with('\n')) return false;
  const size_t escape = bytes.rfind("\x1b[");
  if (escape == std::string_view::npos) return true;
  const size_t end = bytes.find_first_not_of("0123456789;:<=>?", escape + 2);
  return end != bytes.size() - 1 || bytes[end] == 'm';
}

}  // namespace

CapturedStream::CapturedStream(CapturedStreamOptions options)
    : pipe_(std::move(options.pipe)),
      store_(options.store),
      lines_(std::move(options.lines)),
      buffer_(lines_.max_line_bytes()),
      onward_(options.onward_fd),
      to_terminal_(::isatty(options.onward_fd) == 1) {}

pollfd CapturedStream::wanted() const {
  if (!is_passed_on()) return {.fd = onward_.poll_fd(), .events = POLLOUT, .revents = 0};
  return {.fd = pipe_.get(), .events = POLLIN, .revents = 0};
}

void CapturedStream::serve() {
  if (is_passed_on()) {
    (void)read();
  } else {
    onward_.resume();
  }
}

// True: there was something to read.
bool CapturedStream::read() {
  auto filled = buffer_.fill(pipe_.get());
  if (!filled) store_.fail(std::move(filled.error()));
  if (!filled || *filled == LineBuffer::Fill::end) {
    store_.add_lines(lines_, buffer_, /*at_end=*/true);
    pipe_.reset();
    return false;
  }
  if (*filled == LineBuffer::Fill::again) return false;
  const std::string_view bytes = buffer_.last_read();
  bytes_ += bytes.size();
  store_.add_lines(lines_, buffer_, /*at_end=*/false);
  onward_.offer(bytes);
  ends_in_shown_text_ = to_terminal_ && ends_in_text(bytes);
  return true;
}

void CapturedStream::read_what_is_there() {
  const uint64_t enough = bytes_ + kMaxBytesAtOnce;
  while (is_open() && is_passed_on() && bytes_ < enough && read()) {
  }
}

void CapturedStream::finish() {
  const uint64_t enough = bytes_ + kMaxBytesAtOnce;
  while (is_open() && bytes_ < enough) {
    if (!is_passed_on()) onward_.resume();
    if (!is_passed_on()) onward_.close();  // nobody takes it
    if (!read()) break;
  }
  if (is_open()) store_.add_lines(lines_, buffer_, /*at_end=*/true);
  onward_.close();
}

}  // namespace plasmite
