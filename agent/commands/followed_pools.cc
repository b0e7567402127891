#include "agent/commands/followed_pools.h"

#include <algorithm>
#include <utility>

#include "agent/values.h"

namespace plasmite {

FollowedPools::FollowedPools(bool merged) : merged_(merged), merge_(wall_clock_ns) {}

size_t FollowedPools::add(std::unique_ptr<FollowedPool> pool) {
  const auto free = std::ranges::find_if(pools_, [](const auto& taken) { return !taken; });
  const auto number = static_cast<size_t>(free - pools_.begin());
  if (free == pools_.end()) pools_.emplace_back();
  pools_[number] = std::move(pool);
  ++count_;
  return number;
}

void FollowedPools::begin(size_t number) {
  Cursor& cursor = *pools_[number]->cursor;
  open_.push_back(number);
  cursors_.push_back(&cursor);
  if (merged_) merge_.add(number, [&cursor] { return cursor.next(); });
}

void FollowedPools::close(size_t number) {
  const auto at = std::ranges::find(open_, number);
  if (at == open_.end()) return;
  cursors_.erase(cursors_.begin() + (at - open_.begin()));
  open_.erase(at);
  if (merged_) merge_.remove(number);
}

void FollowedPools::remove(size_t number) {
  close(number);
  pools_[number].reset();
  --count_;
}

std::expected<std::optional<FollowedPools::Found>, FollowedPools::Failed> FollowedPools::next() {
  if (merged_) return merge_.next();
  auto message = cursors_.front()->next();
  if (!message) return std::unexpected(Failed{0, std::move(message.error())});
  if (!*message) return std::nullopt;
  return Found{.reader = 0, .message = **message};
}

std::expected<void, FollowedPools::Failed> FollowedPools::wait(
    std::chrono::steady_clock::time_point deadline) {
  if (!merged_) {
    auto waited = cursors_.front()->wait(deadline);
    if (!waited) return std::unexpected(Failed{0, std::move(waited.error())});
    return {};
  }
  auto waited = Cursor::wait_any(cursors_, deadline);
  if (waited) return {};
  return std::unexpected(Failed{open_[waited.error().index], std::move(waited.error().error)});
}

}  // namespace plasmite
