// A copy of a pool in use: what a reader sees at one instant, whole, under an id of its own.
#include "core/pool/pool_copy.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "tests/support/child.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scoped_probes.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

class PoolCopy : public testing::Test {
 protected:
  // As many records as told, in batches of different sizes, some with tags; every third batch moves
  // a checkpoint.
  void fill(Pool& pool, uint64_t count) {
    const TagBlock tags = must(TagBlock::encode({"a", "bb"}));
    for (uint64_t n = 0; n < count;) {
      std::vector<std::string> bodies;
      for (uint64_t i = 0; i < 1 + n % 5; ++i) bodies.push_back(body_of(++number_, 50 + n % 700));
      std::vector<RecordView> records;
      for (const std::string& body : bodies)
        records.push_back({.body = body, .tags = n % 2 ? &tags : nullptr});
      const std::string value = std::to_string(number_);
      AppendOptions options;
      if (n % 3 == 0) options.checkpoint = CheckpointView{"source", value};
      must(pool.append_batch(records, options));
      n += bodies.size();
    }
  }

  void expect_equal(const Pool& source, const std::filesystem::path& copy) {
    EXPECT_TRUE(must(examine_pool(copy)).healthy());
    const Pool pool = must(Pool::open(copy));
    EXPECT_EQ(read_all(pool), read_all(source));
    EXPECT_EQ(must(pool.info()).next_seq, must(source.info()).next_seq);
    const auto theirs = must(source.checkpoints());
    const auto ours = must(pool.checkpoints());
    ASSERT_EQ(ours.size(), theirs.size());
    for (size_t i = 0; i < ours.size(); ++i) {
      EXPECT_EQ(ours[i].name, theirs[i].name);
      EXPECT_EQ(ours[i].value, theirs[i].value);
    }
  }

  size_t files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(dir_.path()), {}));
  }

  ScratchDir dir_ = ScratchDir::in_memory();
  std::filesystem::path source_ = dir_ / "source";
  std::filesystem::path copy_ = dir_ / "copy";
  uint64_t number_ = 0;
};

TEST_F(PoolCopy, HoldsEverythingAtEveryFillOfTheRing) {
  Pool pool = must(Pool::create(source_, {.size_bytes = kMinPoolBytes}));
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    must(copy_pool(source_, copy_));
    expect_equal(pool, copy_);
    std::filesystem::remove(copy_);
    fill(pool, 7);
  }
}

TEST_F(PoolCopy, SurvivesARestartAndFindsEverySequence) {
  Pool pool = must(Pool::create(source_, {.size_bytes = kMinPoolBytes}));
  fill(pool, 500);
  must(copy_pool(source_, copy_));
  const std::vector<ReadRecord> records = read_all(pool);
  for (const bool restarted : {false, true}) {
    SCOPED_TRACE(restarted);
    const std::filesystem::path path = restarted ? dir_ / "restarted" : copy_;
    if (restarted) copy_as_after_restart(copy_, path);
    const Pool copied = must(Pool::open(path));
    EXPECT_EQ(read_all(copied), records);
    for (const ReadRecord& record : records) {
      EXPECT_EQ(must(copied.get(record.seq)).body, record.body);
      EXPECT_EQ(read_from(copied, Start::at_time(record.time_ns)).records.front().time_ns,
                record.time_ns);
    }
  }
}

TEST_F(PoolCopy, HasAnIdOfItsOwnAndGoesItsOwnWay) {
  Pool pool = must(Pool::create(source_, {.size_bytes = kMinPoolBytes}));
  fill(pool, 20);
  must(copy_pool(source_, copy_));
  Pool copied = must(Pool::open(copy_));
  EXPECT_NE(must(copied.info()).id, must(pool.info()).id);
  const auto before = must(pool.info());
  EXPECT_EQ(must(copied.append({.body = "{}"})).first_seq, before.next_seq);
  EXPECT_GT(must(copied.info()).newest_time_ns, before.newest_time_ns);
  EXPECT_EQ(must(pool.info()).next_seq, before.next_seq);
}

TEST_F(PoolCopy, NeverReplacesAnything) {
  Pool pool = must(Pool::create(source_));
  write_bytes(copy_, "mine");
  EXPECT_EQ(copy_pool(source_, copy_).error().kind(), ErrorKind::AlreadyExists);
  EXPECT_EQ(copy_pool(source_, source_).error().kind(), ErrorKind::AlreadyExists);
  EXPECT_EQ(read_bytes(copy_), "mine");
  EXPECT_EQ(files(), 2u);
}

TEST_F(PoolCopy, ThatSomebodyElseMakesMeanwhileStays) {
  Pool pool = must(Pool::create(source_, {.size_bytes = kMinPoolBytes}));
  fill(pool, 20);
  ScopedProbes probes;
  probes.reached = [&](Step step) {
    if (step == Step::transfer_block) write_bytes(copy_, "theirs");
  };
  EXPECT_EQ(copy_pool(source_, copy_).error().kind(), ErrorKind::AlreadyExists);
  EXPECT_EQ(read_bytes(copy_), "theirs");
  EXPECT_EQ(files(), 2u);
}

// Blocks are copied newest first: what writers retire meanwhile is missing at the old end only.
TEST_F(PoolCopy, OfAPoolThatIsWrittenMeanwhileHasNoHole) {
  Pool pool = must(Pool::create(source_, {.size_bytes = 1 << 20}));
  fill(pool, 4000);
  const uint64_t snapshot_next = must(pool.info()).next_seq;
  ScopedProbes probes;
  bool writing = false;  // the hook's own appends
  probes.reached = [&](Step step) {
    if (step != Step::transfer_block || writing) return;
    writing = true;
    fill(pool, 200);
    writing = false;
  };
  must(copy_pool(source_, copy_));
  const std::vector<ReadRecord> copied = read_all(must(Pool::open(copy_)));
  ASSERT_GT(copied.size(), 500u);
  EXPECT_EQ(copied.back().seq, snapshot_next - 1);
  for (size_t i = 0; i < copied.size(); ++i) {
    EXPECT_EQ(copied[i].seq, copied[0].seq + i);
    EXPECT_EQ(copied[i].body, body_of(copied[i].seq, copied[i].body.size()));
  }
  EXPECT_TRUE(must(examine_pool(copy_)).healthy());
}

TEST_F(PoolCopy, OfAPoolThatIsGoneRoundMeanwhileBeginsAgain) {
  Pool pool = must(Pool::create(source_, {.size_bytes = kMinPoolBytes}));
  fill(pool, 100);
  ScopedProbes probes;
  int rounds = 0;
  bool writing = false;
  probes.reached = [&](Step step) {
    if (step != Step::transfer_block || writing || rounds == 3) return;
    writing = true;
    ++rounds;
    fill(pool, 500);
    writing = false;
  };
  must(copy_pool(source_, copy_));
  expect_equal(pool, copy_);
}

TEST_F(PoolCopy, GivesUpOnOneThatIsAlwaysFaster) {
  Pool pool = must(Pool::create(source_, {.size_bytes = kMinPoolBytes}));
  fill(pool, 100);
  ScopedProbes probes;
  bool writing = false;
  probes.reached = [&](Step step) {
    if (step != Step::transfer_block || writing) return;
    writing = true;
    fill(pool, 500);
    writing = false;
  };
  const auto copied = copy_pool(source_, copy_, {.lock_timeout = std::chrono::milliseconds(0)});
  EXPECT_EQ(copied.error().kind(), ErrorKind::Busy);
  EXPECT_FALSE(copied.error().hint().empty());
  EXPECT_EQ(files(), 1u);
}

TEST_F(PoolCopy, NeedsNoLock) {
  Pool pool = must(Pool::create(source_, {.size_bytes = kMinPoolBytes}));
  fill(pool, 50);
  Pipe locked;
  const Child writer([&] {
    Pool held = must(Pool::open(source_));
    ScopedProbes probes;
    probes.reached = [&](Step step) {
      if (step != Step::frames_half_written) return;
      locked.send(1);
      for (;;) ::pause();
    };
    (void)held.append({.body = "{}"});
    return 1;
  });
  locked.receive();
  must(copy_pool(source_, copy_, {.lock_timeout = std::chrono::milliseconds(0)}));
  expect_equal(pool, copy_);
}

TEST_F(PoolCopy, RefusesADamagedPool) {
  Pool pool = must(Pool::create(source_, {.size_bytes = kMinPoolBytes}));
  fill(pool, 50);
  const RawPool raw(source_);
  raw.flip(raw.file_offset(raw.position_of(20)) + 33);
  const auto copied = copy_pool(source_, copy_);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().kind(), ErrorKind::Corrupt);
  EXPECT_EQ(copied.error().offset(), raw.file_offset(raw.position_of(20)));
  EXPECT_EQ(files(), 1u);
}

TEST_F(PoolCopy, OfAMissingPoolIsNotFound) {
  EXPECT_EQ(copy_pool(source_, copy_).error().kind(), ErrorKind::NotFound);
  EXPECT_EQ(files(), 0u);
}

TEST_F(PoolCopy, OnAFullDiskLeavesNothing) {
  must(Pool::create(source_));
  const FailNthCall full(Call::fallocate, 1, ENOSPC);
  const auto copied = copy_pool(source_, copy_);
  EXPECT_EQ(copied.error().kind(), ErrorKind::Io);
  EXPECT_FALSE(copied.error().hint().empty());
  EXPECT_EQ(files(), 1u);
}

TEST_F(PoolCopy, ThatWasKilledLeavesNothingForTheNextOne) {
  Pool pool = must(Pool::create(source_, {.size_bytes = kMinPoolBytes}));
  fill(pool, 100);
  Child copier([&] {
    ScopedProbes probes;
    probes.reached = [](Step step) {
      if (step == Step::transfer_block) ::raise(SIGKILL);
    };
    (void)copy_pool(source_, copy_);
    return 1;
  });
  ASSERT_EQ(copier.wait(), kKilled);
  EXPECT_EQ(files(), 2u) << "the unfinished file has no name of a pool";
  EXPECT_FALSE(std::filesystem::exists(copy_));
  must(copy_pool(source_, copy_));
  EXPECT_EQ(files(), 2u) << "source and copy";
  expect_equal(pool, copy_);
}

}  // namespace
}  // namespace plasmite
