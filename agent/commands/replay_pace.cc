#include "agent/commands/replay_pace.h"

#include <algorithm>
#include <limits>

namespace plasmite {

ReplayPace::Clock::time_point ReplayPace::due(int64_t time_ns, Clock::time_point now) {
  // Nobody waits longer, and it is safe to add to any clock.
  constexpr std::chrono::duration<double, std::nano> kLongest = std::chrono::hours(24) * 365 * 100;
  constexpr std::chrono::seconds kPaused{1};
  if (speed_ == 0) return now;
  Clock::time_point due = now;
  if (last_) {
    int64_t gap_ns = 0;  // in whole numbers: times do not fit into a double
    if (__builtin_sub_overflow(time_ns, last_->time_ns, &gap_ns))
      gap_ns = std::numeric_limits<int64_t>::max();
    const std::chrono::duration<double, std::nano> pause(
        static_cast<double>(std::max<int64_t>(gap_ns, 0)) / speed_);
    due = last_->due +
          std::chrono::nanoseconds(static_cast<int64_t>(std::min(pause, kLongest).count()));
    if (now - due > kPaused) due = now;
  }
  last_ = Last{.time_ns = time_ns, .due = due};
  return due;
}

}  // namespace plasmite
