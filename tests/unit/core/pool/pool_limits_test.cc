#include "core/pool/pool_limits.h"

#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

#include "core/pool/pool.h"

namespace plasmite {
namespace {

TEST(PoolLimits, AreThoseOfARealPool) {
  for (const uint64_t size : {64ull << 10, 300ull << 10, 1ull << 20, 5ull << 20}) {
    const std::string path = "/tmp/pool-limits-" + std::to_string(::getpid()) + ".plasmite";
    auto pool = Pool::create(path, {.size_bytes = size});
    ASSERT_TRUE(pool);
    const auto limits = pool_limits(size);
    ASSERT_TRUE(limits);
    EXPECT_EQ(limits->max_record_bytes, pool->info()->max_record_bytes);
    uint64_t taken = 0;
    while (pool->append_batch({}, {.checkpoint = CheckpointView{"c" + std::to_string(taken), "v"}}))
      ++taken;
    EXPECT_EQ(limits->checkpoints, taken);
    EXPECT_TRUE(Pool::remove(path));
  }
}

TEST(PoolLimits, OfImpossibleSizesAreUsageErrors) {
  EXPECT_EQ(pool_limits(kMinPoolBytes - 1).error().kind(), ErrorKind::Usage);
  EXPECT_EQ(pool_limits(kMaxPoolBytes + 1).error().kind(), ErrorKind::Usage);
}

TEST(SmallestPoolFor, TakesWhatIsWantedAndAStepLessDoesNot) {
  EXPECT_EQ(smallest_pool_for({}), kMinPoolBytes);
  for (const uint64_t wanted : {1ull << 16, 1ull << 20, 16ull << 20}) {
    const auto size = smallest_pool_for({.max_record_bytes = wanted});
    ASSERT_TRUE(size);
    EXPECT_GE(pool_limits(*size)->max_record_bytes, wanted);
    EXPECT_LT(pool_limits(*size > (1u << 20) ? *size - (1u << 20) : *size / 2)->max_record_bytes,
              wanted);
  }
  EXPECT_EQ(smallest_pool_for({.checkpoints = 32}), 1u << 20);
  EXPECT_FALSE(smallest_pool_for({.checkpoints = 33}));
  EXPECT_FALSE(smallest_pool_for({.max_record_bytes = 1ull << 30}));
}

}  // namespace
}  // namespace plasmite
