#include "agent/commands/follow_start.h"

#include <algorithm>
#include <deque>

namespace plasmite {
namespace {

struct Match {
  int64_t time_ns;
  uint64_t seq;
};

// The last matches of a pool.
struct Tail {
  std::deque<Match> matches;
  uint64_t newest_seq = 0;  // what is behind it was not looked at
  bool is_all = false;      // everything retained is wanted; `matches` was not filled then
};

// Takes out what is held: matches are found.
Result<void> settle(WhereStage& where, std::deque<Match>& found) {
  while (where.holds_any()) {
    const auto ready = where.wait(WhereStage::Clock::time_point::max());
    if (!ready) return std::unexpected(ready.error());
    const WhereStage::Judged judged = where.take();
    if (judged.matches) found.push_back({judged.message.time_ns, judged.message.seq});
  }
  return {};
}

// The last `count` matches in [first_seq, newest_seq].
Result<std::deque<Match>> last_matches(const Pool& pool, uint64_t first_seq, uint64_t newest_seq,
                                       uint64_t count, const TailFilter& filter) {
  std::deque<Match> found;
  auto cursor = pool.cursor(Start::at_seq(first_seq));
  if (!cursor) return std::unexpected(cursor.error());
  for (;;) {
    const auto message = cursor->next();
    if (!message) return std::unexpected(message.error());
    const bool is_last = !*message || (*message)->seq >= newest_seq;
    if (*message && (*message)->seq <= newest_seq && matches(filter.tags, **message) &&
        (!filter.shown || filter.shown(**message))) {
      if (filter.where == nullptr)
        found.push_back({(*message)->time_ns, (*message)->seq});
      else
        filter.where->put(**message, filter.pool);
    }
    if (filter.where != nullptr && (is_last || filter.where->is_full())) {
      if (auto ok = settle(*filter.where, found); !ok) return std::unexpected(ok.error());
    }
    while (found.size() > count) found.pop_front();
    if (is_last) return found;
  }
}

// `all_is_enough`: if that is everything retained, which ones need not be known.
Result<Tail> find_tail(const Pool& pool, uint64_t count, const TailFilter& filter,
                       bool all_is_enough) {
  const auto info = pool.info();
  if (!info) return std::unexpected(info.error());
  Tail tail;
  if (!info->oldest_seq || !info->newest_seq) {
    tail.newest_seq = info->next_seq - 1;
    return tail;
  }
  const uint64_t oldest = *info->oldest_seq;
  tail.newest_seq = std::min(*info->newest_seq, filter.last_seq);
  if (tail.newest_seq < oldest) {  // behind the end
    tail.is_all = true;
    return tail;
  }
  // Without a filter the last `count` sequences are the answer, but for holes that power loss or
  // damage left; then the window grows until it has enough. With tags everything is looked at:
  // nobody knows how rare they are. The same is true of --where, but looking costs ten times more.
  constexpr uint64_t kFirstWindowOfWhere = 512;
  const uint64_t all = tail.newest_seq - oldest + 1;
  uint64_t window = filter.where != nullptr ? std::min(std::max(count, kFirstWindowOfWhere), all)
                    : filter.tags.empty()   ? std::min(count, all)
                                            : all;
  uint64_t until = tail.newest_seq;  // behind it everything was looked at
  for (;;) {
    const uint64_t first = tail.newest_seq - window + 1;
    if (first <= oldest && filter.none() && all_is_enough) {
      tail.is_all = true;
      return tail;
    }
    const auto older = last_matches(pool, first, until, count - tail.matches.size(), filter);
    if (!older) return std::unexpected(older.error());
    tail.matches.insert(tail.matches.begin(), older->begin(), older->end());
    if (tail.matches.size() >= count || first <= oldest) return tail;
    until = first - 1;
    window = window > all / 2 ? all : 2 * window;
  }
}

}  // namespace

bool matches(const TagFilter& filter, const MessageView& message) {
  return std::ranges::all_of(filter,
                             [&](const std::string& tag) { return message.tags.contains(tag); });
}

Result<Start> start_at_tail(const Pool& pool, uint64_t count, const TailFilter& filter,
                            bool exactly) {
  const auto tail = find_tail(pool, count, filter, /*all_is_enough=*/!exactly);
  if (!tail) return std::unexpected(tail.error());
  if (tail->is_all) return Start::oldest();
  return Start::at_seq(tail->matches.empty() ? tail->newest_seq + 1 : tail->matches.front().seq);
}

Result<std::vector<Start>> start_at_merged_tail(std::span<const TailSearch> pools, uint64_t count) {
  struct OfPool {
    int64_t time_ns;
    size_t pool;
    uint64_t seq;
    auto operator<=>(const OfPool&) const = default;
  };
  std::vector<Start> starts;
  std::vector<OfPool> newest;  // of all pools so far
  for (size_t i = 0; i < pools.size(); ++i) {
    const auto tail = find_tail(*pools[i].pool, count, pools[i].filter, /*all_is_enough=*/false);
    if (!tail) return std::unexpected(tail.error());
    starts.push_back(tail->is_all ? Start::oldest() : Start::at_seq(tail->newest_seq + 1));
    for (const Match& match : tail->matches) newest.push_back({match.time_ns, i, match.seq});
    if (newest.size() <= count) continue;
    const auto first_kept = newest.end() - static_cast<ptrdiff_t>(count);
    std::ranges::nth_element(newest, first_kept);
    newest.erase(newest.begin(), first_kept);
  }
  for (const OfPool& match : newest) {
    Start& start = starts[match.pool];
    if (start.kind == Start::Kind::seq) start.seq = std::min(start.seq, match.seq);
  }
  return starts;
}

}  // namespace plasmite
