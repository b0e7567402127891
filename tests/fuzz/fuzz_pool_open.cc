// Arbitrary bytes as a pool file that is opened and appended to: works or says why, and what was
// appended can be read (unless the live page lies).
#include "core/base/check.h"
#include "core/pool/pool.h"
#include "tests/fuzz/pool_image.h"

namespace plasmite {
namespace {

void use(Pool& pool, bool believes_lies) {
  if (const auto info = pool.info()) {
    PLASMITE_CHECK(info->used_bytes <= info->ring_size || believes_lies);
    PLASMITE_CHECK(info->oldest_seq.has_value() == info->newest_seq.has_value());
  }
  if (const auto checkpoints = pool.checkpoints()) {
    for (const Checkpoint& checkpoint : *checkpoints)
      PLASMITE_CHECK(checkpoint.name.size() <= kMaxCheckpointNameBytes &&
                     checkpoint.value.size() <= kMaxCheckpointValueBytes);
  }
}

void append(Pool& pool, bool believes_lies) {
  const RecordView record{.body = R"({"new":1})"};
  const auto receipt =
      pool.append(record, {.checkpoint = CheckpointView{.name = "source", .value = "new"}});
  if (!receipt) return;
  PLASMITE_CHECK(receipt->count == 1);
  const auto message = pool.get(receipt->first_seq);
  if (believes_lies) return;
  PLASMITE_CHECK(message && message->seq == receipt->first_seq && message->body == record.body);
  const auto checkpoint = pool.checkpoint("source");
  PLASMITE_CHECK(checkpoint && *checkpoint && (*checkpoint)->value == "new");
}

void check(FuzzInput input) {
  static PoolImage image;
  for (const Access access : {Access::read, Access::append}) {
    const bool believes_lies = image.write(input);
    // The second time the file has been recovered already, if it was to be.
    for (int time = 0; time < 2; ++time) {
      auto pool = Pool::open(image.path(),
                             {.access = access, .lock_timeout = std::chrono::milliseconds(100)});
      if (!pool) {
        PLASMITE_CHECK(pool.error().kind() != ErrorKind::Internal);
        continue;
      }
      use(*pool, believes_lies);
      if (access == Access::append) {
        append(*pool, believes_lies);
        use(*pool, believes_lies);
        (void)pool->flush();
      }
    }
  }
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
