#include "agent/commands/follow_end.h"

#include <algorithm>
#include <limits>

namespace plasmite {

std::optional<std::chrono::nanoseconds> FollowEnd::wait_at_most(int64_t now_ns) const {
  constexpr std::chrono::milliseconds kStoring{50};
  constexpr std::chrono::seconds kClockMayBeSet{1};
  if (seq_has_passed) return std::nullopt;
  if (!time_ns) return std::chrono::nanoseconds::max();
  // No differences of such times: they may be as far apart as numbers go.
  if (*time_ns < now_ns - std::chrono::nanoseconds(kStoring).count()) return std::nullopt;
  const int64_t left_ns = *time_ns > now_ns ? *time_ns - now_ns : 0;
  return std::min<std::chrono::nanoseconds>(std::chrono::nanoseconds(left_ns) + kStoring,
                                            kClockMayBeSet);
}

Result<std::optional<uint64_t>> last_seq_before_end(const Pool& pool, const FollowEnd& end) {
  std::optional<uint64_t> last = end.seq;
  if (!end.time_ns || *end.time_ns == std::numeric_limits<int64_t>::max()) return last;
  auto cursor = pool.cursor(Start::at_time(*end.time_ns + 1));
  if (!cursor) return std::unexpected(cursor.error());
  const auto first_behind = cursor->next();
  if (!first_behind) return std::unexpected(first_behind.error());
  if (*first_behind) last = std::min(last.value_or(UINT64_MAX), (*first_behind)->seq - 1);
  return last;
}

}  // namespace plasmite
