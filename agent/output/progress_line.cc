#include "agent/output/progress_line.h"

#include <algorithm>

#include "agent/output/human.h"
#include "agent/output/stdio.h"

namespace plasmite {
namespace {

std::string time_left(const FeedProgress& progress) {
  const uint64_t left_bytes = progress.total_bytes - progress.bytes;
  const uint64_t elapsed_ms = static_cast<uint64_t>(progress.elapsed.count());
  // In floating point: a rough guess, and the product could overflow.
  const double left_ms = static_cast<double>(left_bytes) / static_cast<double>(progress.bytes) *
                         static_cast<double>(elapsed_ms);
  const uint64_t seconds = static_cast<uint64_t>(std::min(left_ms, 1e12)) / 1000;
  constexpr uint64_t kMinute = 60, kHour = 60 * kMinute;
  if (seconds < kMinute) return std::to_string(seconds) + "s left";
  if (seconds < kHour) return std::to_string(seconds / kMinute) + "m left";
  return std::to_string(seconds / kHour) + "h left";
}

}  // namespace

void ProgressLine::show(std::string_view text, Clock::time_point now) {
  if (!shown_) return;
  // All of it ASCII: one column each. A line that wraps could not be taken back, and the last
  // column stays free, where some terminals do.
  constexpr size_t kUsual = 80;
  const size_t told = terminal_columns(kStderr);
  const size_t columns = told > 1 ? told : kUsual;
  write_stderr("\r" + std::string(text.substr(0, columns - 1)) + "\x1b[K");
  visible_ = true;
  next_ = now + kBetween;
}

void ProgressLine::clear() {
  if (visible_) write_stderr("\r\x1b[K");
  visible_ = false;
}

std::string feed_progress_text(const FeedProgress& progress) {
  const std::string messages = "  " + counted(progress.messages, "message");
  if (progress.total_bytes == 0) return human_size(progress.bytes) + messages;
  // A file that grows may be read beyond the size it had.
  const uint64_t done = std::min(progress.bytes, progress.total_bytes);
  const double part = static_cast<double>(done) / static_cast<double>(progress.total_bytes);
  std::string text = std::to_string(static_cast<int>(part * 100)) + "%  " + human_size(done) +
                     " of " + human_size(progress.total_bytes) + messages;
  if (done > 0)
    text += "  " + time_left({.bytes = done,
                              .total_bytes = progress.total_bytes,
                              .messages = progress.messages,
                              .elapsed = progress.elapsed});
  return text;
}

}  // namespace plasmite
