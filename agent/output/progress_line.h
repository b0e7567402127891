// One line on stderr that says how far a long work has come, and is gone when it is done. Only on a
// terminal; the first one after half a second, so short works show nothing, then at most five times
// a second, however often it is asked. Never wider than the terminal. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace plasmite {

class ProgressLine {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds kFirstAfter{500};
  static constexpr std::chrono::milliseconds kBetween{200};

  // `shown` false: it never writes anything.
  ProgressLine(bool shown, Clock::time_point now) : shown_(shown), next_(now + kFirstAfter) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { clear(); }

  // Whether it is time to show() something.
  bool is_due(Clock::time_point now) const { return shown_ && now >= next_; }
  void show(std::string_view text, Clock::time_point now);

  // Before anything else is written to the terminal. It comes back with the next show().
  void clear();

 private:
  bool shown_;
  bool visible_ = false;
  Clock::time_point next_;
};

// "43%  12.3M of 28.1M  84512 messages  9s left". `total_bytes` 0: not known, and then only what
// was done.
struct FeedProgress {
  uint64_t bytes = 0;
  uint64_t total_bytes = 0;
  uint64_t messages = 0;
  std::chrono::milliseconds elapsed{0};
};
std::string feed_progress_text(const FeedProgress& progress);

}  // namespace plasmite
