// `follow --replay`: when each message is due so that they come at the pace at which they were
// stored. A plain calculation: the caller has the clock. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace plasmite {

class ReplayPace {
 public:
  using Clock = std::chrono::steady_clock;

  // Twice as fast: 2. Zero: no pauses. Not negative, finite.
  explicit ReplayPace(double speed) : speed_(speed) {}

  // When the next message, which was stored at `time_ns`, is due; in the past: at once. The
  // schedule is kept, so that small delays do not add up; after more than a second of delay (a
  // reader that paused) it goes on from there instead of rushing.
  Clock::time_point due(int64_t time_ns, Clock::time_point now);

 private:
  struct Last {
    int64_t time_ns;
    Clock::time_point due;
  };

  double speed_;
  std::optional<Last> last_;
};

}  // namespace plasmite
