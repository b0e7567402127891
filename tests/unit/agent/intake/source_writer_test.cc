// Accounting, gap records, and patience: what a source hands over is stored once, or accounted for.
#include "agent/intake/source_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "core/pool/pool_resize.h"
#include "tests/unit/agent/intake/source_fixture.h"

namespace plasmite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SourceWriterTest : public SourceTest {
 protected:
  std::unique_ptr<SourceWriter> open() { return must(SourceWriter::open(context_)); }

  static Result<void> add(SourceWriter& writer, std::string_view text) {
    return writer.add(JsonText::from_encoder(writer.arena().copy(text)));
  }
  static std::string object_of(size_t bytes) {
    return R"({"x":")" + std::string(bytes - 8, 'x') + R"("})";
  }

  // A commit in a thread of its own, as that of a source.
  std::future<Result<void>> commit_aside(SourceWriter& writer) {
    return std::async(std::launch::async, [&writer] { return writer.commit(); });
  }
  void until_blocked() {
    eventually([this] { return state() == SourceState::blocked; });
  }

  const SourceContext context_ = context();
};

TEST_F(SourceWriterTest, StoresWithTheTagsOfTheSourceAndCountsIt) {
  config_.tags = {"a", "b"};
  const auto writer = open();
  EXPECT_TRUE(writer->empty());
  must(add(*writer, R"({"n":1})"));
  must(add(*writer, R"({"n":22})"));
  EXPECT_FALSE(writer->empty());
  EXPECT_EQ(report_.snapshot().totals.stored, 0u);
  must(writer->commit(std::nullopt, 42));
  const auto records = records_of(path_);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_THAT(records[1].tags, ElementsAre("a", "b"));
  const SourceSnapshot snapshot = report_.snapshot();
  EXPECT_EQ(snapshot.totals.stored, 2u);
  EXPECT_EQ(snapshot.totals.stored_bytes, 15u);
  EXPECT_EQ(snapshot.last_event_ns, 42);
  EXPECT_TRUE(writer->empty());
}

TEST_F(SourceWriterTest, AGapRecordStandsBeforeWhatIsAddedAfterItAndIsNotCountedAsStored) {
  config_.tags = {"a"};
  const auto writer = open();
  must(add(*writer, R"({"n":1})"));
  writer->add_gap({.reason = "retention", .count = 7, .from = "x", .to = "y"});
  writer->add_gap({.reason = "damage", .count = std::nullopt});
  must(add(*writer, R"({"n":2})"));
  must(writer->commit());
  const auto records = records_of(path_);
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[1].body,
            R"({"count":7,"from":"x","kind":"gap","reason":"retention","source":"web","to":"y"})");
  EXPECT_THAT(records[1].tags, ElementsAre("lifecycle"));
  EXPECT_EQ(
      records[2].body,
      R"({"count":null,"from":null,"kind":"gap","reason":"damage","source":"web","to":null})");
  EXPECT_EQ(records[3].body, R"({"n":2})");
  const SourceTotals totals = report_.snapshot().totals;
  EXPECT_EQ(totals.stored, 2u);
  EXPECT_EQ(totals.stored_bytes, 14u);
  EXPECT_EQ(totals.gaps, 2u);
  EXPECT_EQ(totals.lost, 7u);
  const Pool pool = must(Pool::open(path_));
  const int64_t time = must(pool.get(1)).time_ns;
  for (uint64_t seq = 2; seq <= 4; ++seq)
    EXPECT_EQ(must(pool.get(seq)).time_ns, time) << "one batch";
}

TEST_F(SourceWriterTest, WhatOverflowLeftOutIsDroppedAndNotLost) {
  const auto writer = open();
  writer->add_gap({.reason = "overflow", .count = 5});
  report_.count_dropped(DropReason::overflow, 5);
  must(writer->commit());
  const SourceTotals totals = report_.snapshot().totals;
  EXPECT_EQ(totals.dropped_all(), 5u);
  EXPECT_EQ(totals.lost, 0u);
  EXPECT_EQ(totals.received(), 5u);
}

TEST_F(SourceWriterTest, CountsAreSettledWithTheCommitAlsoIfThereIsNothingToPublish) {
  const auto writer = open();
  writer->count_rejected(RejectReason::parse, 3);
  writer->count_own_log(2);
  EXPECT_FALSE(writer->empty());
  EXPECT_EQ(report_.snapshot().totals.received(), 0u);
  must(writer->commit());
  EXPECT_EQ(rejected(RejectReason::parse), 3u);
  EXPECT_EQ(report_.snapshot().totals.own_log, 2u);
  EXPECT_TRUE(writer->empty());
  EXPECT_THAT(bodies_of(path_), IsEmpty());
}

TEST_F(SourceWriterTest, ACommitThatAFramingMakesIsSettledToo) {
  const auto writer = open();
  writer->count_rejected(RejectReason::oversize);
  must(add(*writer, R"({"n":1})"));
  must(writer->appender().commit());
  EXPECT_EQ(report_.snapshot().totals.stored, 1u);
  EXPECT_EQ(rejected(RejectReason::oversize), 1u);
  EXPECT_TRUE(writer->empty());
}

TEST_F(SourceWriterTest, TheCheckpointIsCommittedReportedAndFoundAgain) {
  const auto writer = open();
  EXPECT_EQ(must(writer->stored_checkpoint("web")), "");
  must(add(*writer, R"({"n":1})"));
  must(writer->commit(CheckpointView{"web", "s=1"}));
  EXPECT_EQ(report_.snapshot().checkpoint, "s=1");
  EXPECT_EQ(must(open()->stored_checkpoint("web")), "s=1");
}

TEST_F(SourceWriterTest, TheLimitIsTheSmallerOfTheConfiguredOneAndThePools) {
  config_.max_record_bytes = 1000;
  EXPECT_EQ(open()->max_record_bytes(), 1000u);
  config_.max_record_bytes = kMaxRecordBytes;
  config_.tags = {"0123456789"};
  const auto writer = open();
  const size_t limit = writer->max_record_bytes();
  EXPECT_LT(limit, pool_bytes_ / 4);
  EXPECT_GT(limit, pool_bytes_ / 5);
  must(add(*writer, object_of(limit)));
  must(writer->commit());
  const auto refused = add(*writer, object_of(limit + 100));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Usage);
  EXPECT_TRUE(writer->empty());
}

TEST_F(SourceWriterTest, TagsThatCannotBeStoredAreAnErrorAtOnce) {
  config_.tags = {"\xff"};
  const auto opened = SourceWriter::open(context_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind(), ErrorKind::Usage);
}

TEST_F(SourceWriterTest, ALockedPoolBlocksTheSourceAndNothingIsLostNorStoredTwice) {
  const auto writer = open();
  must(add(*writer, R"({"n":1})"));
  must(writer->commit());
  HeldLock lock(path_);
  must(add(*writer, R"({"n":2})"));
  writer->count_rejected(RejectReason::parse);
  auto committed = commit_aside(*writer);
  until_blocked();
  EXPECT_EQ(report_.snapshot().last_error->kind(), ErrorKind::Busy);
  EXPECT_EQ(report_.snapshot().totals.received(), 1u) << "settled only when it is stored";
  lock.release();
  must(committed.get());
  EXPECT_EQ(state(), SourceState::running);
  EXPECT_THAT(bodies_of(path_), ElementsAre(R"({"n":1})", R"({"n":2})"));
  EXPECT_EQ(report_.snapshot().totals.stored, 2u);
  EXPECT_EQ(report_.snapshot().totals.received(), 3u);
}

TEST_F(SourceWriterTest, WhoWaitsLongerThanASecondForALockIsBlockedBeforeThatIsAnError) {
  SourceContext context = this->context();
  must(open_pool(path_, pool_bytes_));
  context.open_pool = [&]() -> Result<std::shared_ptr<Pool>> {
    return std::make_shared<Pool>(must(Pool::open(path_, {.lock_timeout = std::chrono::hours(1)})));
  };
  const auto writer = must(SourceWriter::open(context));
  report_.set_state(SourceState::running);
  report_.set_error(Error(ErrorKind::Io, "from before"));
  HeldLock lock(path_);
  must(add(*writer, R"({"n":1})"));
  auto committed = commit_aside(*writer);
  until_blocked();
  report_.count_dropped(DropReason::overflow, 7);
  const SourceSnapshot blocked = report_.snapshot();
  EXPECT_FALSE(blocked.caught_up);
  EXPECT_FALSE(blocked.pool_wait_has_error);
  EXPECT_FALSE(blocked.was_behind);
  ASSERT_TRUE(blocked.pool_wait_since);
  EXPECT_EQ(blocked.state_since, *blocked.pool_wait_since);
  EXPECT_EQ(blocked.totals.received(), 7u) << "counted at once";
  lock.release();
  must(committed.get());
  EXPECT_EQ(state(), SourceState::running);
  EXPECT_TRUE(report_.snapshot().caught_up);
  EXPECT_FALSE(report_.snapshot().pool_wait_since);
  EXPECT_EQ(report_.snapshot().totals.received(), 8u);
}

TEST_F(SourceWriterTest, ItGoesOnTryingWhileDrainedAndGivesUpWhenToldToEndNow) {
  const auto writer = open();
  const HeldLock lock(path_);
  must(add(*writer, R"({"n":1})"));
  std::atomic<int> told = 0;
  writer->set_while_blocked([&] { ++told; });
  auto committed = commit_aside(*writer);
  until_blocked();
  stop_.request(StopSignal::Level::drain);
  eventually([&] { return told >= 2; });
  EXPECT_EQ(committed.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
  stop_.request(StopSignal::Level::now);
  const auto result = committed.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Busy);
}

TEST_F(SourceWriterTest, APoolThatVanishedIsMadeAgainAndGetsTheBatchAndTheCheckpoint) {
  const auto writer = open();
  must(add(*writer, R"({"n":1})"));
  must(writer->commit(CheckpointView{"web", "1"}));
  must(Pool::remove(path_));
  must(add(*writer, R"({"n":2})"));
  must(writer->commit(CheckpointView{"web", "2"}));
  EXPECT_THAT(bodies_of(path_), ElementsAre(R"({"n":2})"));
  EXPECT_EQ(must(writer->stored_checkpoint("web")), "2");
  EXPECT_EQ(report_.snapshot().totals.stored, 2u);
  EXPECT_EQ(state(), SourceState::running);
}

TEST_F(SourceWriterTest, AFolderThatVanishedIsWaitedFor) {
  const std::filesystem::path folder = dir_ / "pools";
  std::filesystem::create_directory(folder);
  SourceContext context{.config = config_,
                        .durability = durability_,
                        .stop = stop_,
                        .report = report_,
                        .open_pool = [&] { return open_pool(folder / "p", pool_bytes_); },
                        .rejects = nullptr};
  const auto writer = must(SourceWriter::open(context));
  must(Pool::remove(folder / "p"));
  std::filesystem::remove(folder);
  must(add(*writer, R"({"n":1})"));
  auto committed = commit_aside(*writer);
  until_blocked();
  std::filesystem::create_directory(folder);
  must(committed.get());
  EXPECT_THAT(bodies_of(folder / "p"), ElementsAre(R"({"n":1})"));
}

TEST_F(SourceWriterTest, ASmallerPoolInThePlaceOfAVanishedOneRefusesWhatIsTooLargeAndGetsTheRest) {
  const auto writer = open();
  const size_t before = writer->max_record_bytes();
  must(add(*writer, R"({"n":1})"));
  const std::string large = object_of(100'000);
  must(add(*writer, large));
  for (int i = 0; i < 20; ++i) must(add(*writer, object_of(4'000 + static_cast<size_t>(i))));
  must(Pool::remove(path_));
  pool_bytes_ = kMinPoolBytes;
  must(writer->commit(CheckpointView{"web", "1"}));
  EXPECT_EQ(report_.snapshot().totals.stored, 21u);
  EXPECT_EQ(rejected(RejectReason::refused), 1u);
  EXPECT_EQ(report_.snapshot().totals.received(), 22u);
  EXPECT_EQ(bodies_of(path_).back(), object_of(4'019));
  EXPECT_EQ(must(writer->stored_checkpoint("web")), "1");
  EXPECT_LT(writer->max_record_bytes(), before);
  EXPECT_THAT(bodies_of(rejects_path_),
              ElementsAre(testing::HasSubstr(R"("reason":"refused","source":"web")")));
}

TEST_F(SourceWriterTest, APoolThatWasMadeSmallerMeanwhileRefusesWhatIsTooLargeAndGetsTheRest) {
  const auto writer = open();
  must(add(*writer, R"({"n":1})"));
  must(add(*writer, object_of(100'000)));
  must(resize_pool(path_, {.size_bytes = kMinPoolBytes}));
  must(writer->commit());
  EXPECT_THAT(bodies_of(path_), ElementsAre(R"({"n":1})"));
  EXPECT_EQ(rejected(RejectReason::refused), 1u);
}

TEST_F(SourceWriterTest, AnErrorThatNoPatienceMendsIsReturned) {
  pool_bytes_ = kMinPoolBytes;
  const auto writer = open();
  for (const char* name : {"a", "b", "c", "d"}) must(writer->commit(CheckpointView{name, "1"}));
  const auto committed = writer->commit(CheckpointView{"e", "1"});
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().kind(), ErrorKind::Usage);
}

TEST_F(SourceWriterTest, OpeningWaitsForAPoolUntilAnyStop) {
  const std::filesystem::path folder = dir_ / "pools";
  SourceContext context = this->context();
  context.open_pool = [&] { return open_pool(folder / "p", pool_bytes_); };
  auto opened =
      std::async(std::launch::async, [&] { return SourceWriter::open(context).has_value(); });
  until_blocked();
  std::filesystem::create_directory(folder);
  EXPECT_TRUE(opened.get());
  EXPECT_EQ(state(), SourceState::running);
  std::filesystem::remove_all(folder);
  stop_.request(StopSignal::Level::drain);
  EXPECT_FALSE(SourceWriter::open(context));
}

}  // namespace
}  // namespace plasmite
