#include "agent/commands/follow_start.h"

#include <algorithm>
#include <deque>

namespace plasmite {
namespace {

// Takes out what is held: matches are found.
Result<void> settle(WhereStage& where, std::deque<uint64_t>& found) {
  while (where.holds_any()) {
    const auto ready = where.wait(WhereStage::Clock::time_point::max());
    if (!ready) return std::unexpected(ready.error());
    const WhereStage::Judged judged = where.take();
    if (judged.matches) found.push_back(judged.message.seq);
  }
  return {};
}

// Sequences of the last `count` matches in [first_seq, newest_seq].
Result<std::deque<uint64_t>> last_matches(const Pool& pool, uint64_t first_seq, uint64_t newest_seq,
                                          uint64_t count, const TailFilter& filter) {
  std::deque<uint64_t> found;
  auto cursor = pool.cursor(Start::at_seq(first_seq));
  if (!cursor) return std::unexpected(cursor.error());
  for (;;) {
    const auto message = cursor->next();
    if (!message) return std::unexpected(message.error());
    const bool is_last = !*message || (*message)->seq >= newest_seq;
    if (*message && (*message)->seq <= newest_seq && matches(filter.tags, **message) &&
        (!filter.shown || filter.shown(**message))) {
      if (filter.where == nullptr)
        found.push_back((*message)->seq);
      else
        filter.where->put(**message);
    }
    if (filter.where != nullptr && (is_last || filter.where->is_full())) {
      if (auto ok = settle(*filter.where, found); !ok) return std::unexpected(ok.error());
    }
    while (found.size() > count) found.pop_front();
    if (is_last) return found;
  }
}

}  // namespace

bool matches(const TagFilter& filter, const MessageView& message) {
  return std::ranges::all_of(filter,
                             [&](const std::string& tag) { return message.tags.contains(tag); });
}

Result<FollowStart> start_at_tail(const Pool& pool, uint64_t count, const TailFilter& filter,
                                  bool only_one) {
  const auto info = pool.info();
  if (!info) return std::unexpected(info.error());
  if (!info->oldest_seq || !info->newest_seq) {
    return FollowStart{.start = Start::at_seq(info->next_seq),
                       .print_from_match = only_one ? count : 1};
  }
  const uint64_t oldest = *info->oldest_seq;
  const uint64_t newest = std::min(*info->newest_seq, filter.last_seq);
  if (newest < oldest) return FollowStart{.start = Start::oldest()};  // behind the end
  // Without a filter the last `count` sequences are the answer, but for holes that power loss or
  // damage left; then the window grows until it has enough. With tags everything is looked at:
  // nobody knows how rare they are. The same is true of --where, but looking costs ten times more.
  constexpr uint64_t kFirstWindowOfWhere = 512;
  const uint64_t all = newest - oldest + 1;
  uint64_t window = filter.where != nullptr ? std::min(std::max(count, kFirstWindowOfWhere), all)
                    : filter.tags.empty()   ? std::min(count, all)
                                            : all;
  std::deque<uint64_t> found;
  uint64_t until = newest;  // behind it everything was looked at
  for (;;) {
    const uint64_t first = newest - window + 1;
    if (first <= oldest && filter.none() && !only_one) return FollowStart{.start = Start::oldest()};
    const auto older = last_matches(pool, first, until, count - found.size(), filter);
    if (!older) return std::unexpected(older.error());
    found.insert(found.begin(), older->begin(), older->end());
    if (found.size() >= count || first <= oldest) break;
    until = first - 1;
    window = window > all / 2 ? all : 2 * window;
  }
  const uint64_t start_seq = found.empty() ? newest + 1 : found.front();
  return FollowStart{.start = Start::at_seq(start_seq), .print_from_match = only_one ? count : 1};
}

}  // namespace plasmite
