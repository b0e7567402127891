#include "tests/acceptance/eight_writers/follower_check.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace plasmite::acceptance {
namespace {

// The number after `"key":`, from `at` on; moves `at` behind it.
std::optional<uint64_t> number_after(std::string_view text, std::string_view key, size_t& at) {
  const std::string quoted = '"' + std::string(key) + "\":";
  const size_t found = text.find(quoted, at);
  if (found == std::string_view::npos) return std::nullopt;
  uint64_t number = 0;
  const char* begin = text.data() + found + quoted.size();
  const auto end = std::from_chars(begin, text.data() + text.size(), number);
  if (end.ec != std::errc()) return std::nullopt;
  at = static_cast<size_t>(end.ptr - text.data());
  return number;
}

void sort_and_join(std::vector<Range>& ranges) {
  std::ranges::sort(ranges, {}, &Range::first);
  std::vector<Range> joined;
  for (const Range& range : ranges) {
    if (!joined.empty() && range.first == joined.back().last + 1)
      joined.back().last = range.last;
    else
      joined.push_back(range);
  }
  ranges = std::move(joined);
}

}  // namespace

bool SeenRecords::note(uint64_t seq, RecordName name) {
  if (seq >= records_.size()) return false;
  const uint32_t packed = ((name.writer << 28) | name.number) + 1;
  uint32_t before = 0;
  if (!records_[seq].compare_exchange_strong(before, packed, std::memory_order_relaxed) &&
      before != packed)
    return false;
  if (seq > highest()) highest_.store(seq, std::memory_order_relaxed);  // for pacing only
  return true;
}

void FollowerCheck::line(std::string_view text) {
  FollowedRecord record;
  if (!parse_followed_line(text, scratch_, record) || record.name.writer >= kWriters)
    return wrong("not intact: " + std::string(text.substr(0, 300)));
  if (record.seq < next_seq_) return wrong("seq goes back: " + std::to_string(record.seq));
  if (record.seq > next_seq_) missing_.push_back({next_seq_, record.seq - 1});
  next_seq_ = record.seq + 1;
  if (!seen_.note(record.seq, record.name))
    return wrong("another record than others saw at seq " + std::to_string(record.seq));
  int64_t& last_number = last_number_[record.name.writer];
  if (record.name.number <= last_number) return wrong("a writer's records out of order");
  last_number = record.name.number;
  ++delivered_;
}

bool FollowerCheck::drop_notice(std::string_view text) {
  size_t at = 0;
  const auto dropped = number_after(text, "dropped_count", at);
  if (!dropped) return false;
  std::vector<Range> ranges;
  at = text.find(R"("gaps":[)");
  while (const auto first = at < text.size() ? number_after(text, "from", at) : std::nullopt) {
    const auto last = number_after(text, "to", at);
    if (!last || *last < *first) return false;
    ranges.push_back({*first, *last});
  }
  if (ranges.empty()) {  // a single gap: what stands on both sides of it says it all
    const auto before = number_after(text, "last_seen_seq", at = 0);
    const auto after = number_after(text, "next_seen_seq", at = 0);
    if (!before || !after) return false;
    ranges.push_back({*before + 1, *after - 1});
  }
  uint64_t sum = 0;
  for (const Range& range : ranges) sum += range.last - range.first + 1;
  reported_.insert(reported_.end(), ranges.begin(), ranges.end());
  return sum == *dropped;
}

void FollowerCheck::notices(std::string_view standard_error) {
  for (size_t at = 0; at < standard_error.size();) {
    const size_t end = std::min(standard_error.find('\n', at), standard_error.size());
    const std::string_view text = standard_error.substr(at, end - at);
    at = end + 1;
    if (!text.contains(R"("kind":"drop")") || !drop_notice(text))
      wrong("unexpected on stderr: " + std::string(text.substr(0, 300)));
  }
}

bool FollowerCheck::finish(uint64_t last_seq) {
  if (next_seq_ != last_seq + 1)
    wrong("ended before seq " + std::to_string(next_seq_) + " of " + std::to_string(last_seq));
  sort_and_join(missing_);
  sort_and_join(reported_);
  for (const Range& range : missing_) lost_ += range.last - range.first + 1;
  if (missing_ != reported_)
    wrong("missing and reported differ: " + std::to_string(missing_.size()) + " and " +
          std::to_string(reported_.size()) + " ranges");
  return problem_.empty();
}

void FollowerCheck::wrong(std::string what) {
  if (problem_.empty()) problem_ = std::move(what);
}

}  // namespace plasmite::acceptance
