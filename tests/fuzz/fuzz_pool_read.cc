// Arbitrary bytes as a pool file that is read: cursors end, go forward, stay inside the ring, and
// keep what they promise about sequences, times and gaps.
#include <optional>

#include "core/base/check.h"
#include "core/pool/pool.h"
#include "tests/fuzz/pool_image.h"

namespace plasmite {
namespace {

struct Read {
  uint64_t records = 0;
  std::optional<uint64_t> first_seq;
  std::optional<int64_t> last_time;
};

Read read_all(const Pool& pool, const PoolInfo& info, Start start) {
  Read read;
  auto cursor = pool.cursor(start);
  if (!cursor) return read;
  uint64_t last_seq = 0;
  for (;;) {
    const auto next = cursor->next();
    if (!next || !*next) return read;
    const MessageView& message = **next;
    if (const auto gap = cursor->take_gap()) {
      PLASMITE_CHECK(gap->first <= gap->last && gap->last < message.seq && gap->first > last_seq);
    }
    PLASMITE_CHECK(message.seq > last_seq || read.records == 0);
    PLASMITE_CHECK(message.body.size() <= info.ring_size);
    if (start.kind == Start::Kind::seq) PLASMITE_CHECK(message.seq >= start.seq);
    if (start.kind == Start::Kind::time) PLASMITE_CHECK(message.time_ns >= start.time_ns);
    size_t tag_bytes = 0;
    message.tags.for_each([&](std::string_view tag) { tag_bytes += tag.size(); });
    PLASMITE_CHECK(tag_bytes <= info.ring_size);
    if (!read.first_seq) read.first_seq = message.seq;
    read.last_time = message.time_ns;
    last_seq = message.seq;
    // The smallest frame has 32 bytes: more records than that were read twice.
    PLASMITE_CHECK(++read.records <= info.ring_size / 32);
  }
}

void check(FuzzInput input) {
  static PoolImage image;
  image.write(input);
  const auto pool = Pool::open(
      image.path(), {.access = Access::read, .lock_timeout = std::chrono::milliseconds(100)});
  if (!pool) return;
  const auto info = pool->info();
  if (!info) return;
  const Read all = read_all(*pool, *info, Start::oldest());
  read_all(*pool, *info, Start::newest());
  for (uint64_t seq : {uint64_t{1}, info->next_seq / 2, info->next_seq - 1, UINT64_MAX})
    read_all(*pool, *info, Start::at_seq(seq));
  if (all.last_time && *all.last_time >= 0) {
    read_all(*pool, *info, Start::at_time(*all.last_time));
    read_all(*pool, *info, Start::at_time(*all.last_time / 2));
  }
  if (all.first_seq) {
    const auto message = pool->get(*all.first_seq);
    PLASMITE_CHECK(!message || message->seq == *all.first_seq);
  }
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
