// The one append path: batches within the pool's limits, checkpoints with the last part,
// acknowledgements after the publish.
#include "core/append/appender.h"

#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scoped_probes.h"
#include "tests/unit/core/append/appender_fixture.h"

namespace plasmite {
namespace {

TEST_F(AppenderTest, PublishesWhatWasAddedInOneBatchAndInOrder) {
  Appender appender = make();
  for (int i = 0; i < 10; ++i) must(add(appender, "{\"i\":" + std::to_string(i) + "}"));
  EXPECT_TRUE(stored().empty()) << "add() only remembers";
  EXPECT_FALSE(appender.empty());
  must(appender.commit());
  EXPECT_TRUE(appender.empty());
  const auto records = read_all(pool_);
  ASSERT_EQ(records.size(), 10u);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(records[i].body, "{\"i\":" + std::to_string(i) + "}");
    EXPECT_EQ(records[i].time_ns, records[0].time_ns) << "one batch";
  }
}

TEST_F(AppenderTest, AcknowledgesEachRecordOnceWithItsSequence) {
  Appender appender = make();
  for (int round = 0; round < 3; ++round) {
    must(add(appender, "{\"a\":1}"));
    must(add(appender, "{\"b\":2}"));
    must(appender.commit());
  }
  ASSERT_EQ(committed_.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(committed_[i].receipt.first_seq, 2 * i + 1);
    EXPECT_EQ(committed_[i].receipt.count, 2u);
    EXPECT_EQ(committed_[i].bodies, (std::vector<std::string>{"{\"a\":1}", "{\"b\":2}"}));
  }
  EXPECT_EQ(appender.records_committed(), 6u);
  EXPECT_EQ(appender.bytes_committed(), 42u);
}

TEST_F(AppenderTest, TheRecordsAreVisibleWhenTheyAreAcknowledged) {
  int calls = 0;
  Appender appender(pool_, {.on_committed = [&](const AppendReceipt& receipt, auto records) {
                      ++calls;
                      for (size_t i = 0; i < records.size(); ++i)
                        EXPECT_EQ(must(pool_.get(receipt.first_seq + i)).body, records[i].body);
                    }});
  must(add(appender, "{\"a\":1}"));
  must(appender.commit());
  EXPECT_EQ(calls, 1);
}

TEST_F(AppenderTest, WithFlushTheSyncComesBeforeTheAcknowledgement) {
  bool synced = false;
  bool acknowledged_before_sync = false;
  ScopedProbes probes;
  probes.reached = [&](Step step) { synced |= step == Step::flush_synced; };
  Appender appender(
      pool_, {.durability = Durability::flush, .on_committed = [&](const AppendReceipt&, auto) {
                acknowledged_before_sync |= !synced;
              }});
  must(add(appender, "{}"));
  must(appender.commit());
  EXPECT_TRUE(synced);
  EXPECT_FALSE(acknowledged_before_sync);
}

TEST_F(AppenderTest, SplitsWhatExceedsABatchIntoWholeParts) {
  Appender appender = make();
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) {
    texts.push_back(object_of(300));
    must(add(appender, texts.back()));
  }
  must(appender.commit());
  EXPECT_GT(committed_.size(), 3u);
  uint64_t expected = 1;
  for (const Committed& part : committed_) {
    EXPECT_EQ(part.receipt.first_seq, expected);
    expected += part.receipt.count;
    uint64_t bytes = 0;
    for (const std::string& body : part.bodies) bytes += Pool::stored_bytes({.body = body});
    EXPECT_LE(bytes, pool_.max_batch_bytes());
  }
  EXPECT_EQ(expected, 101u);
  const auto kept = stored();
  EXPECT_TRUE(std::equal(kept.rbegin(), kept.rend(), texts.rbegin()));
}

TEST_F(AppenderTest, FillsABatchToTheLastByteBeforeItSplits) {
  const uint64_t limit = pool_.max_batch_bytes();
  Appender appender = make();
  for (int i = 0; i < 2; ++i) must(add(appender, object_of(limit / 2 - sizeof(FrameHeader))));
  must(appender.commit());
  EXPECT_EQ(committed_.size(), 1u);
  for (int i = 0; i < 2; ++i)
    must(add(appender, object_of(limit / 2 - sizeof(FrameHeader) + (i == 1 ? 1 : 0))));
  must(appender.commit());
  EXPECT_EQ(committed_.size(), 3u);
}

TEST_F(AppenderTest, TheCheckpointGoesWithTheLastPart) {
  bool seen_early = false;
  size_t parts = 0;
  Appender appender(pool_, {.on_committed = [&](const AppendReceipt&, auto) {
                      ++parts;
                      const auto checkpoint = must(pool_.checkpoint("source"));
                      seen_early |= checkpoint && parts < 4;
                    }});
  for (int i = 0; i < 4; ++i) must(add(appender, object_of(pool_.max_batch_bytes() - 32)));
  must(appender.commit(CheckpointView{"source", "42"}));
  EXPECT_EQ(parts, 4u);
  EXPECT_FALSE(seen_early) << "a death in between would have skipped records";
  EXPECT_EQ(must(pool_.checkpoint("source"))->value, "42");
}

TEST_F(AppenderTest, TheCheckpointCommitsWithItsRecordsInOnePublish) {
  int publishes = 0;
  ScopedProbes probes;
  probes.reached = [&](Step step) { publishes += step == Step::published ? 1 : 0; };
  Appender appender = make();
  must(add(appender, "{}"));
  must(appender.commit(CheckpointView{"source", "1"}));
  EXPECT_EQ(publishes, 1);
}

TEST_F(AppenderTest, ACheckpointMayGoAlone) {
  Appender appender = make();
  must(appender.commit(CheckpointView{"source", "7"}));
  EXPECT_EQ(must(pool_.checkpoint("source"))->value, "7");
  EXPECT_TRUE(stored().empty());
}

TEST_F(AppenderTest, NothingAddedIsNothingPublished) {
  const RawPool raw(dir_ / "p");
  Appender appender = make();
  must(appender.commit());
  EXPECT_EQ(raw.view().head(), 0u);
  EXPECT_TRUE(committed_.empty());
}

TEST_F(AppenderTest, RefusesARecordThePoolCannotTakeAndKeepsTheOthers) {
  Appender appender = make();
  must(add(appender, "{\"a\":1}"));
  const auto refused = add(appender, object_of(pool_.max_batch_bytes()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Usage);
  EXPECT_FALSE(refused.error().hint().empty());
  must(add(appender, "{\"b\":2}"));
  must(appender.commit());
  EXPECT_EQ(stored(), (std::vector<std::string>{"{\"a\":1}", "{\"b\":2}"}));
}

TEST_F(AppenderTest, TagsCountAgainstTheLimit) {
  const TagBlock tags = must(TagBlock::encode({"0123456789"}));
  const size_t room = must(pool_.info()).max_record_bytes;
  Appender appender = make();
  must(add(appender, object_of(room - tags.bytes().size()), &tags));
  EXPECT_FALSE(add(appender, object_of(room - tags.bytes().size() + 1), &tags));
  must(add(appender, object_of(room)));
  must(appender.commit());
  EXPECT_EQ(read_all(pool_)[0].tags, tags.bytes());
}

TEST_F(AppenderTest, SaysWhenABatchIsWorthCommitting) {
  Appender appender = make();
  size_t added = 0;
  while (!appender.full()) {
    must(add(appender, object_of(100)));
    ++added;
  }
  EXPECT_GE(added * 136, pool_.max_batch_bytes());
  EXPECT_LT((added - 1) * 136, pool_.max_batch_bytes());
  must(appender.commit());
  EXPECT_FALSE(appender.full());
}

TEST_F(AppenderTest, SaysWhatStillFitsIntoOnePublish) {
  Appender appender = make();
  const std::string body = object_of(1000);
  const auto text = JsonText::from_encoder(body);
  while (appender.fits(text, nullptr)) must(add(appender, body));
  EXPECT_FALSE(appender.fits(text, nullptr));
  must(appender.commit(CheckpointView{"c", "1"}));
  EXPECT_EQ(committed_.size(), 1u) << "what fits is one publish, its checkpoint included";
  EXPECT_TRUE(appender.fits(text, nullptr));
  EXPECT_FALSE(appender.fits(text, nullptr, pool_.max_batch_bytes()));
  while (appender.fits(text, nullptr)) must(add(appender, body));
  must(add(appender, body));
  must(appender.commit(CheckpointView{"c", "2"}));
  EXPECT_EQ(committed_.size(), 3u) << "one more, and it takes two";
}

TEST_F(AppenderTest, InALargePoolABatchIsWorthCommittingAt256KiB) {
  Pool large = must(Pool::create(dir_ / "large", {.size_bytes = 16u << 20}));
  Appender appender(large, {});
  size_t bytes = 0;
  while (!appender.full()) {
    must(add(appender, object_of(1000)));
    bytes += 1032;
  }
  EXPECT_GE(bytes, Appender::kBatchBytes);
  EXPECT_LT(bytes, Appender::kBatchBytes + 2000);
}

TEST_F(AppenderTest, TextsInTheArenaAreFreedByCommit) {
  Appender appender = make();
  must(add(appender, "{}"));
  must(appender.commit());
  const char* first = appender.arena().reserve(1);
  appender.arena().commit(1);
  must(appender.commit());
  EXPECT_EQ(appender.arena().reserve(1), first);
}

}  // namespace
}  // namespace plasmite
