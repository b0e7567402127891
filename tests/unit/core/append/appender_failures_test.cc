// What an appender does when a publish or a sync fails, and when its pool is another one meanwhile.
#include <numeric>

#include "core/pool/pool_resize.h"
#include "tests/support/reading.h"
#include "tests/support/scoped_probes.h"
#include "tests/unit/core/append/appender_fixture.h"

namespace plasmite {
namespace {

TEST_F(AppenderTest, WhatWasPublishedBeforeAnErrorIsAcknowledgedAndTheRestIsNot) {
  Appender appender = make();
  for (int i = 0; i < 4; ++i) must(add(appender, object_of(pool_.max_batch_bytes() - 32)));
  ScopedProbes probes;
  int locks = 0;
  probes.fail = [&](Call call) { return call == Call::flock && ++locks == 3 ? ENOLCK : 0; };
  const auto result = appender.commit(CheckpointView{"source", "1"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Io);
  EXPECT_EQ(committed_.size(), 2u);
  EXPECT_EQ(appender.records_committed(), 2u);
  EXPECT_TRUE(appender.empty()) << "dropped: the caller knows how many made it";
  EXPECT_EQ(stored().size(), 2u);
  EXPECT_FALSE(must(pool_.checkpoint("source")));
  must(add(appender, "{}"));
  must(appender.commit());
  EXPECT_EQ(stored().back(), "{}");
}

// Fails the given call the first `times` times.
std::function<int(Call)> failing(Call which, int times, int error) {
  return [=](Call call) mutable { return call == which && times-- > 0 ? error : 0; };
}

TEST_F(AppenderTest, WithPatienceAFailedPublishIsTriedAgainWithTheSameRecords) {
  std::vector<ErrorKind> failures;
  Appender appender(pool_, {.on_failure = [&](const Error& error) {
                      failures.push_back(error.kind());
                      return true;
                    }});
  must(add(appender, "{\"a\":1}"));
  must(add(appender, "{\"b\":2}"));
  ScopedProbes probes;
  probes.fail = failing(Call::flock, 2, ENOLCK);
  must(appender.commit(CheckpointView{"source", "1"}));
  EXPECT_EQ(failures, (std::vector{ErrorKind::Io, ErrorKind::Io}));
  EXPECT_EQ(stored(), (std::vector<std::string>{"{\"a\":1}", "{\"b\":2}"}));
  EXPECT_EQ(must(pool_.checkpoint("source"))->value, "1");
  EXPECT_EQ(appender.records_committed(), 2u);
}

TEST_F(AppenderTest, WithPatiencePartsThatWerePublishedAreNotPublishedAgain) {
  Appender appender(pool_, {.on_failure = [](const Error&) { return true; }});
  std::vector<std::string> texts;
  for (char c = 'a'; c < 'd'; ++c) {
    texts.push_back(object_of(pool_.max_batch_bytes() - 32));
    texts.back()[6] = c;
    must(add(appender, texts.back()));
  }
  ScopedProbes probes;
  int locks = 0;
  probes.fail = [&](Call call) { return call == Call::flock && ++locks % 2 == 0 ? ENOLCK : 0; };
  must(appender.commit(CheckpointView{"source", "1"}));
  EXPECT_EQ(stored(), texts);
  EXPECT_EQ(must(pool_.info()).next_seq, 4u);
}

TEST_F(AppenderTest, WithPatienceAFailedSyncIsTriedAgainWithoutAppendingAgain) {
  int acknowledged = 0, failures = 0;
  Appender appender(pool_, {.durability = Durability::flush,
                            .on_committed = [&](const AppendReceipt&, auto) { ++acknowledged; },
                            .on_failure =
                                [&](const Error&) {
                                  EXPECT_EQ(acknowledged, 0);
                                  return ++failures < 3;
                                }});
  must(add(appender, "{}"));
  ScopedProbes probes;
  probes.fail = failing(Call::fdatasync, 1, EIO);
  // A pool whose sync failed once stays in that state, whatever happens then.
  const auto committed = appender.commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().kind(), ErrorKind::Io);
  EXPECT_EQ(failures, 3);
  EXPECT_EQ(acknowledged, 0) << "not known to be on disk";
  EXPECT_EQ(stored().size(), 1u) << "visible, once";
}

TEST_F(AppenderTest, WithPatienceASyncThatCouldNotGetItsLockIsTriedAgainWithoutAppendingAgain) {
  int acknowledged = 0, failures = 0;
  Appender appender(pool_, {.durability = Durability::flush,
                            .on_committed = [&](const AppendReceipt&, auto) { ++acknowledged; },
                            .on_failure = [&](const Error&) { return ++failures < 10; }});
  must(add(appender, "{}"));
  ScopedProbes probes;
  probes.fail = failing(Call::ofd_lock, 2, ENOLCK);
  must(appender.commit());
  EXPECT_EQ(failures, 2);
  EXPECT_EQ(acknowledged, 1);
  EXPECT_EQ(stored().size(), 1u);
}

TEST_F(AppenderTest, MovesToAnotherPoolInTheMiddleOfACommit) {
  Pool large = must(Pool::create(dir_ / "large", {.size_bytes = 1u << 20}));
  Appender* moving = nullptr;
  std::vector<size_t> refused;
  Appender appender(
      large,
      {.on_failure =
           [&](const Error& error) {
             EXPECT_EQ(error.kind(), ErrorKind::NotFound);
             moving->move_to(pool_);
             return true;
           },
       .on_refused = [&](const RecordView& record) { refused.push_back(record.body.size()); }});
  moving = &appender;
  must(add(appender, "{\"a\":1}"));
  must(add(appender, object_of(100'000)));
  for (int i = 0; i < 10; ++i) must(add(appender, object_of(3000)));
  must(add(appender, object_of(100'001)));
  must(Pool::remove(dir_ / "large"));
  must(appender.commit(CheckpointView{"source", "1"}));
  EXPECT_EQ(stored().size(), 11u);
  EXPECT_EQ(refused, (std::vector<size_t>{100'000, 100'001}));
  EXPECT_EQ(must(pool_.checkpoint("source"))->value, "1");
  EXPECT_FALSE(add(appender, object_of(100'000))) << "the limit is the new pool's";
}

TEST_F(AppenderTest, InAPoolThatWasMadeSmallerItPublishesSmallerBatches) {
  Pool large = must(Pool::create(dir_ / "large", {.size_bytes = 4u << 20}));
  std::vector<uint64_t> counts;
  Appender appender(large, {.on_committed = [&](const AppendReceipt& receipt, auto) {
                      counts.push_back(receipt.count);
                    }});
  for (int i = 0; i < 60; ++i) must(add(appender, object_of(3000)));
  must(resize_pool(dir_ / "large", {.size_bytes = kMinPoolBytes}));
  must(appender.commit(CheckpointView{"source", "1"}));
  EXPECT_GT(counts.size(), 10u);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), uint64_t{0}), 60u);
  EXPECT_EQ(must(large.info()).next_seq, 61u);
  EXPECT_EQ(must(large.checkpoint("source"))->value, "1");
  EXPECT_TRUE(add(appender, object_of(3000)));
  EXPECT_FALSE(add(appender, object_of(100'000))) << "the limit is the smaller pool's";
}

TEST_F(AppenderTest, ARecordTooLargeForAPoolThatWasMadeSmallerIsAnErrorNotALoss) {
  Pool large = must(Pool::create(dir_ / "large", {.size_bytes = 4u << 20}));
  Appender appender(large, {});
  must(add(appender, "{\"a\":1}"));
  must(add(appender, object_of(100'000)));
  must(resize_pool(dir_ / "large", {.size_bytes = kMinPoolBytes}));
  const auto committed = appender.commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().kind(), ErrorKind::Usage);
  EXPECT_NE(committed.error().message().find("100000"), std::string::npos);
  EXPECT_EQ(appender.records_committed(), 1u);
}

TEST_F(AppenderTest, WhoeverDecidesOnFailuresIsNotOverruledByASmallerPool) {
  Pool large = must(Pool::create(dir_ / "large", {.size_bytes = 4u << 20}));
  Appender appender(large, {.on_failure = [](const Error&) { return false; }});
  for (int i = 0; i < 60; ++i) must(add(appender, object_of(3000)));
  must(resize_pool(dir_ / "large", {.size_bytes = kMinPoolBytes}));
  EXPECT_FALSE(appender.commit());
  EXPECT_EQ(must(large.info()).next_seq, 1u);
}

TEST_F(AppenderTest, AFailedSyncKeepsNoOtherPartFromBeingStored) {
  Appender appender = make(Durability::flush);
  const std::vector<std::string> texts{object_of(5000), object_of(5001), object_of(5002)};
  for (const std::string& text : texts) must(add(appender, text));
  ScopedProbes probes;
  probes.fail = failing(Call::ofd_lock, 1, ENOLCK);
  const auto committed = appender.commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().message(), "records are stored, but not known to be on disk");
  EXPECT_EQ(stored(), texts);
}

TEST_F(AppenderTest, WhatWasStoredButNotSyncedIsToldOfAsStored) {
  Appender appender = make(Durability::flush);
  must(add(appender, "{}"));
  ScopedProbes probes;
  probes.fail = failing(Call::ofd_lock, 1, ENOLCK);
  const auto committed = appender.commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().kind(), ErrorKind::Io);
  EXPECT_EQ(committed.error().message(), "records are stored, but not known to be on disk");
  ASSERT_FALSE(committed.error().causes().empty());
  EXPECT_EQ(committed.error().causes().front(), "failed to lock pool for flushing");
  EXPECT_EQ(stored().size(), 1u);
  must(pool_.flush());
}

}  // namespace
}  // namespace plasmite
