#include "agent/commands/time_merge.h"

#include <algorithm>
#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/must.h"

namespace plasmite {
namespace {

// Pools as a merge sees them, and a clock that goes on with every look at it.
class TimeMergeTest : public testing::Test {
 protected:
  struct Pool {
    std::deque<MessageView> messages;
    uint64_t next_seq = 1;
    uint64_t asked = 0;
    std::optional<ErrorKind> fails;            // when it is empty
    std::function<void()> before_it_is_asked;  // somebody stores something just then, once
  };

  void add_pools(size_t count) {
    pools_.resize(count);
    for (size_t i = 0; i < count; ++i) add_pool(i);
  }
  void add_pool(size_t i) {
    merge_.add(i, [this, i]() -> Result<std::optional<MessageView>> {
      Pool& pool = pools_[i];
      ++pool.asked;
      if (const auto happens = std::exchange(pool.before_it_is_asked, nullptr)) happens();
      if (pool.messages.empty()) {
        if (pool.fails) return std::unexpected(Error(*pool.fails, "gone"));
        return std::nullopt;
      }
      const MessageView message = pool.messages.front();
      pool.messages.pop_front();
      return message;
    });
  }
  void store(size_t i, int64_t time_ns) {
    pools_[i].messages.push_back(
        {.seq = pools_[i].next_seq++, .time_ns = time_ns, .tags = {}, .body = {}});
  }
  void store_now(size_t i) { store(i, ++now_ns_); }

  struct Seen {
    size_t pool;
    int64_t time_ns;
    bool operator==(const Seen&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
      return out << seen.pool << "@" << seen.time_ns;
    }
  };
  std::optional<Seen> next() {
    const auto found = merge_.next();
    if (!found) give_up(found.error().error, std::source_location::current());
    if (!*found) return std::nullopt;
    return Seen{(*found)->reader, (*found)->message.time_ns};
  }
  std::vector<Seen> all() {
    std::vector<Seen> seen;
    while (const auto one = next()) seen.push_back(*one);
    return seen;
  }

  int64_t now_ns_ = 1000;
  std::vector<Pool> pools_;
  TimeMerge merge_{[this] { return ++now_ns_; }};
};

TEST_F(TimeMergeTest, WhatIsThereComesInTheOrderOfTimes) {
  add_pools(3);
  for (const int64_t time : {10, 40, 50}) store(0, time);
  for (const int64_t time : {20, 60}) store(1, time);
  store(2, 30);
  EXPECT_EQ(all(), (std::vector<TimeMergeTest::Seen>{
                       {0, 10}, {1, 20}, {2, 30}, {0, 40}, {0, 50}, {1, 60}}));
  EXPECT_EQ(next(), std::nullopt);
}

TEST_F(TimeMergeTest, TiesComeInTheOrderOfThePools) {
  add_pools(3);
  for (const size_t pool : {2, 0, 1}) {
    store(pool, 10);
    store(pool, 10);  // the same batch
  }
  EXPECT_EQ(all(), (std::vector<TimeMergeTest::Seen>{
                       {0, 10}, {0, 10}, {1, 10}, {1, 10}, {2, 10}, {2, 10}}));
}

TEST_F(TimeMergeTest, OnePoolKeepsItsOrderWhateverItsTimesSay) {
  add_pools(2);
  for (const int64_t time : {50, 20, 40}) store(0, time);
  store(1, 30);
  EXPECT_EQ(all(), (std::vector<TimeMergeTest::Seen>{{1, 30}, {0, 50}, {0, 20}, {0, 40}}));
}

TEST_F(TimeMergeTest, ASilentPoolHoldsUpNobody) {
  add_pools(3);
  for (int i = 0; i < 5; ++i) {
    store_now(1);
    EXPECT_TRUE(next().has_value());
    EXPECT_EQ(next(), std::nullopt);
  }
}

TEST_F(TimeMergeTest, AMessageFromTheFutureIsNotWaitedFor) {
  add_pools(2);
  store(0, now_ns_ + 1'000'000'000);
  EXPECT_EQ(next()->pool, 0u);
}

// Asked in this order: 0 has nothing, then somebody stores in 0 and then in 1, and 1 is asked.
TEST_F(TimeMergeTest, WhoStoresInOnePoolAndThenInAnotherIsReadInThatOrder) {
  add_pools(2);
  EXPECT_EQ(next(), std::nullopt);
  pools_[1].before_it_is_asked = [this] {
    store_now(0);
    store_now(1);
  };
  EXPECT_EQ(next()->pool, 0u);
  EXPECT_EQ(next()->pool, 1u);
}

TEST_F(TimeMergeTest, TheSilentAreNotAskedForEveryOldMessage) {
  add_pools(2);
  for (int64_t time = 1; time <= 500; ++time) store(0, time);
  EXPECT_EQ(all().size(), 500u);
  EXPECT_LT(pools_[1].asked, 5u);
}

TEST_F(TimeMergeTest, APoolThatComesLaterTakesPartAtOnce) {
  add_pools(1);
  pools_.resize(2);
  for (const int64_t time : {10, 20, 30}) store(0, time);
  EXPECT_EQ(next()->time_ns, 10);
  store(1, 15);
  add_pool(1);
  EXPECT_EQ(all(), (std::vector<TimeMergeTest::Seen>{{1, 15}, {0, 20}, {0, 30}}));
}

TEST_F(TimeMergeTest, APoolThatFailsLeavesTheOthers) {
  add_pools(3);
  store(0, 10);
  store(1, 20);
  store(2, 30);
  pools_[1].fails = ErrorKind::NotFound;
  EXPECT_EQ(next()->time_ns, 10);
  EXPECT_EQ(next()->time_ns, 20);
  const auto failed = merge_.next();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reader, 1u);
  EXPECT_EQ(failed.error().error.kind(), ErrorKind::NotFound);
  merge_.remove(1);
  EXPECT_EQ(next()->time_ns, 30);
  EXPECT_EQ(next(), std::nullopt);
  for (const size_t i : {0, 2}) merge_.remove(i);
  EXPECT_TRUE(merge_.empty());
  EXPECT_EQ(next(), std::nullopt);
}

TEST_F(TimeMergeTest, ANumberCanBeUsedAgain) {
  add_pools(2);
  store(0, 10);
  store(1, 20);
  EXPECT_EQ(next()->time_ns, 10);
  merge_.remove(1);  // with a message that was looked at ahead
  pools_[1].messages.clear();
  add_pool(1);
  store(1, 5);
  EXPECT_EQ(all(), (std::vector<TimeMergeTest::Seen>{{1, 5}}));
}

// Random writers against the one rule: whatever was stored before a message was, comes before it.
TEST_F(TimeMergeTest, KeepsTheOrderInWhichThingsHappened) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto below = [&](size_t count) { return random() % count; };
    merge_ = TimeMerge([this] { return ++now_ns_; });
    pools_.clear();
    add_pools(2 + below(6));
    std::vector<TimeMergeTest::Seen> seen;
    size_t stored = 0;
    for (int step = 0; step < 300; ++step) {
      for (size_t n = below(3); n > 0; --n, ++stored) store_now(below(pools_.size()));
      pools_[below(pools_.size())].before_it_is_asked = [&, count = below(3)] {
        for (size_t n = 0; n < count; ++n, ++stored) store_now(below(pools_.size()));
      };
      if (const auto one = next()) seen.push_back(*one);
    }
    for (const auto& one : all()) seen.push_back(one);
    EXPECT_EQ(seen.size(), stored);
    EXPECT_TRUE(std::ranges::is_sorted(seen, {}, &TimeMergeTest::Seen::time_ns));
  }
}

}  // namespace
}  // namespace plasmite
