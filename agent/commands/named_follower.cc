#include "agent/commands/named_follower.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "agent/output/json_writer.h"
#include "agent/output/notice.h"
#include "agent/output/stdio.h"

namespace plasmite {
namespace {

constexpr std::chrono::seconds kSyncEvery{1};

struct Reset {
  std::string_view cause;
  std::string_view because;
};

// Why a position that was saved does not say where to go on; none: it does.
std::optional<Reset> why_useless(const FollowerPosition& position, const PoolInfo& info) {
  if (position.was_damaged()) return Reset{"damaged", "its position was damaged"};
  if (!position.place()) return std::nullopt;
  if (position.place()->pool_id != info.id) return Reset{"other_pool", "the pool is another one"};
  // The same pool with fewer messages: a copy from before was put back.
  if (position.place()->next_seq > info.next_seq)
    return Reset{"older_pool", "the pool is older than its position"};
  return std::nullopt;
}

void tell(ColorMode color, const PoolInfo& info, const std::string& ref, const std::string& name,
          const Reset& reset) {
  JsonWriter details;
  details.begin_object();
  details.key("cause").string(reset.cause);
  details.key("name").string(name);
  details.key("pool_path").string(info.path.string());
  details.end_object();
  const std::string message = "follower '" + name + "' begins anew: " + std::string(reset.because);
  print_notice(color, {.command = "follow",
                       .kind = "follower_reset",
                       .message = message,
                       .pool = ref,
                       .details_json = details.text()});
}

// A position must not outlive the output it stands for. Pipes and terminals keep nothing.
void sync_output() {
  struct stat status{};
  if (::fstat(kStdout, &status) == 0 && S_ISREG(status.st_mode)) ::fdatasync(kStdout);
}

}  // namespace

Result<NamedFollower> NamedFollower::open(ColorMode color, const Pool& pool, const std::string& ref,
                                          const std::string& name) {
  auto position = FollowerPosition::open(pool.path(), name);
  if (!position) return std::unexpected(std::move(position.error()));
  const auto info = pool.info();
  if (!info) return std::unexpected(info.error());
  const auto reset = why_useless(*position, *info);
  if (reset) tell(color, *info, ref, name, *reset);
  NamedFollower follower(std::move(*position), {.pool_id = info->id, .next_seq = 0});
  if (reset) {
    // Nothing of this pool was printed under this name: from its oldest message on.
    auto start = follower.begin(pool, Start::oldest());
    if (!start) return std::unexpected(std::move(start.error()));
    follower.resumes_at_ = *start;
  } else if (const auto& place = follower.position_.place()) {
    follower.place_ = *place;
    follower.resumes_at_ = Start::at_seq(place->next_seq);
  }
  return follower;
}

Result<Start> NamedFollower::begin(const Pool& pool, Start start) {
  // In this order: what comes between the two is behind `end` and not before the start.
  const auto end = pool.cursor(Start::newest());
  if (!end) return std::unexpected(end.error());
  uint64_t seq = end->expected_seq();
  if (start.kind == Start::Kind::seq) {
    // One that is still to come: the name begins when it is there.
    if (start.seq > seq) return start;
    seq = start.seq;
  } else if (start.kind != Start::Kind::newest) {
    auto cursor = pool.cursor(start);
    if (!cursor) return std::unexpected(cursor.error());
    const auto first = cursor->next();
    if (!first) return std::unexpected(first.error());
    if (*first) seq = std::min(seq, (*first)->seq);
  }
  if (auto saved = written(seq); !saved) return std::unexpected(std::move(saved.error()));
  return Start::at_seq(seq);
}

Result<void> NamedFollower::written(uint64_t next_seq) {
  if (position_.place() == place_ && next_seq == place_.next_seq) return {};
  place_.next_seq = next_seq;
  if (auto saved = position_.save(place_); !saved) return saved;
  unsynced_ = true;
  const auto now = Clock::now();
  return now >= last_sync_ + kSyncEvery ? sync_due(now) : Result<void>();
}

Result<void> NamedFollower::sync_due(Clock::time_point now) {
  if (!unsynced_ || now < last_sync_ + kSyncEvery) return {};
  return sync();
}

std::optional<NamedFollower::Clock::time_point> NamedFollower::due() const {
  if (!unsynced_) return std::nullopt;
  return last_sync_ + kSyncEvery;
}

Result<void> NamedFollower::sync() {
  if (!std::exchange(unsynced_, false)) return {};
  last_sync_ = Clock::now();
  sync_output();
  return position_.sync();
}

}  // namespace plasmite
