// Tells on stderr which messages a follower could not have: at most one notice per second; gaps within
// that second go into one notice, which lists each of them. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/command_context.h"
#include "core/pool/pool.h"

namespace plasmite {

class DropNotices {
 public:
  using Clock = std::chrono::steady_clock;

  DropNotices(ColorMode color, std::string pool, std::string pool_path)
      : color_(color), pool_(std::move(pool)), pool_path_(std::move(pool_path)) {}

  void add(const Gap& gap);

  // Prints what is pending if its second has passed.
  void print_due(Clock::time_point now);

  // Prints what is pending: the follower ends.
  void print_rest();

  // When print_due() has something to do; nothing pending: never.
  std::optional<Clock::time_point> due() const;

 private:
  struct Pending {
    uint64_t dropped_count;
    uint64_t last_seen_seq;  // before the first gap
    uint64_t next_seen_seq;  // after the last one
    Gap::Cause cause;
    bool mixed_causes;
    std::vector<Gap> gaps;
  };

  // A notice that lists as many goes out at once: the list stays bounded, and exact.
  static constexpr size_t kMostGaps = 256;

  ColorMode color_;
  std::string pool_;
  std::string pool_path_;
  std::optional<Pending> pending_;
  Clock::time_point next_notice_{};  // not before this
};

}  // namespace plasmite
