// Bits go wrong while a pool is written and read: writers never get stuck, readers never see what
// was not written.
#include <gtest/gtest.h>

#include <random>

#include "core/pool/pool.h"
#include "tests/support/damage.h"

namespace plasmite {
namespace {

class FlipBetweenAppends : public testing::Test {
 protected:
  const uint64_t seed_ = test_seed();
  std::mt19937_64 random_{seed_};
  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
  Pool pool_ = must(Pool::create(path_, {.size_bytes = kMinPoolBytes}));
  const RawPool raw_{path_};
};

// Two flips in one frame are common here, more of them happen: the checksum must see them all.
TEST_F(FlipBetweenAppends, OutsideTheLivePageEveryAppendSucceeds) {
  Cursor cursor = must(pool_.cursor(Start::at_seq(1)));
  std::vector<std::string> written;
  uint64_t accounted = 0;
  for (int i = 0; i < 20'000; ++i) {
    written.push_back(body_of(written.size() + 1, 2 + random_() % 800));
    const std::string value = std::to_string(i);
    std::optional<CheckpointView> checkpoint;
    if (random_() % 4 == 0) checkpoint = {"source", value};
    const auto receipt = pool_.append({.body = written.back()}, {.checkpoint = checkpoint});
    ASSERT_TRUE(receipt) << i << receipt.error().message();
    ASSERT_EQ(receipt->first_seq, written.size());
    const uint64_t begin = raw_.geometry().checkpoint_offset;
    const uint64_t at = begin + random_() % (raw_.size() - kPageBytes - begin);
    raw_.flip(at, random_() % 8);
    if (random_() % 20 != 0 && i + 1 < 20'000) continue;
    const Reading reading = read_to_end(cursor);
    ASSERT_FALSE(reading.error) << reading.error->message();
    for (const ReadRecord& record : reading.records) {
      ASSERT_GT(record.seq, accounted);
      ASSERT_EQ(record.body, written[record.seq - 1]);
      accounted = record.seq;
    }
  }
  EXPECT_GT(accounted, written.size() - 100) << "records are still delivered";
}

TEST_F(FlipBetweenAppends, InTheLivePageAnAppendSucceedsOrSaysCorrupt) {
  int refused = 0;
  for (int i = 0; i < 5'000; ++i) {
    const std::string body = body_of(static_cast<uint64_t>(i), 2 + random_() % 800);
    LivePage intact = raw_.live();
    raw_.flip(kLivePageOffset + random_() % sizeof(LivePage), random_() % 8);
    if (const auto receipt = pool_.append({.body = body}); !receipt) {
      ASSERT_TRUE(receipt.error().kind() == ErrorKind::Corrupt ||
                  receipt.error().kind() == ErrorKind::NotFound)
          << receipt.error().message();
      ++refused;
    }
    raw_.live() = intact;
    raw_.live().attempt_time = 0;
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace plasmite
