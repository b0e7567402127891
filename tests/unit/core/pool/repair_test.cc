// Repair writes a new file with everything that is intact, and says exactly what is not.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "tests/support/child.h"
#include "tests/support/damage.h"
#include "tests/support/scoped_probes.h"

namespace plasmite {
namespace {

class RepairTest : public testing::Test {
 protected:
  uint64_t frame_offset(uint64_t seq) const { return raw_.file_offset(raw_.position_of(seq)); }
  uint64_t oldest() const { return known_.retained().front().seq; }
  uint64_t newest() const { return known_.retained().back().seq; }
  std::array<uint8_t, 16> id() const { return must(must(Pool::open(known_.path())).info()).id; }

  static std::map<std::string, std::string> checkpoints_of(const Pool& pool) {
    std::map<std::string, std::string> values;
    for (const Checkpoint& checkpoint : must(pool.checkpoints()))
      values[checkpoint.name] = checkpoint.value;
    return values;
  }

  // Repairs; everything but `lost` must be there, as it was (a batch that was cut in two may have
  // its second part's time moved a little), and the pool must be healthy and go on above every
  // sequence ever used.
  RepairReport repair_losing(const std::set<uint64_t>& lost) {
    const uint64_t next_seq = raw_.view().read_commit() ? raw_.view().read_commit()->next_seq : 0;
    const RepairReport report = must(repair_pool(known_.path()));
    EXPECT_EQ(report.records_lost, lost.size());
    EXPECT_EQ(report.id_changed, !lost.empty());
    Pool pool = must(Pool::open(known_.path()));
    const auto records = read_all(pool);
    EXPECT_EQ(report.records_kept, records.size());
    EXPECT_EQ(records.size() + lost.size(), known_.retained().size());
    for (ReadRecord record : records) {
      EXPECT_FALSE(lost.contains(record.seq));
      const ReadRecord& original = known_.written()[record.seq - 1];
      EXPECT_GE(record.time_ns, original.time_ns);
      EXPECT_LE(record.time_ns, original.time_ns + 10);
      record.time_ns = original.time_ns;
      EXPECT_EQ(record, original);
      EXPECT_EQ(must(pool.get(record.seq)).body, original.body);
    }
    EXPECT_EQ(checkpoints_of(pool), known_.checkpoints());
    const DoctorReport examined = must(examine_pool(known_.path()));
    EXPECT_TRUE(examined.healthy()) << examined.issues[0].message;
    EXPECT_GE(must(pool.append({.body = "{}"})).first_seq, std::max(next_seq, newest() + 1));
    return report;
  }

  const KnownPool known_{{.size_bytes = kMinPoolBytes}};
  const RawPool raw_{known_.path()};
};

TEST_F(RepairTest, OfAHealthyPoolLosesNothingAndKeepsTheId) {
  const auto before = id();
  repair_losing({});
  EXPECT_EQ(id(), before);
  EXPECT_EQ(read_from(must(Pool::open(known_.path())), Start::at_seq(newest())).records.size(), 2u);
}

TEST_F(RepairTest, OfAHealthyPoolKeepsTimesToTheNanosecond) {
  must(repair_pool(known_.path()));
  EXPECT_EQ(read_all(must(Pool::open(known_.path()))), known_.retained());
}

TEST_F(RepairTest, LosesTheDamagedRecordOnlyAndChangesTheId) {
  const auto before = id();
  const uint64_t seq = oldest() + 20;
  raw_.flip(frame_offset(seq) + 32);
  repair_losing({seq});
  EXPECT_NE(id(), before);
  const Reading reading = read_from(must(Pool::open(known_.path())), Start::at_seq(oldest()));
  ASSERT_EQ(reading.gaps.size(), 1u);
  EXPECT_EQ(reading.gaps[0].first, seq);
  EXPECT_EQ(reading.gaps[0].last, seq);
}

TEST_F(RepairTest, KeepsTheRecordsOnBothSidesOfManyHoles) {
  std::set<uint64_t> lost;
  std::vector<uint64_t> offsets;
  for (uint64_t seq = oldest() + 3; seq < newest() - 3; seq += 5) {
    offsets.push_back(frame_offset(seq));
    lost.insert(seq);
  }
  for (const uint64_t offset : offsets) raw_.flip(offset + 4);  // the length: the chain breaks
  repair_losing(lost);
}

TEST_F(RepairTest, TheNewestIsLostAndItsSequenceNeverUsedAgain) {
  raw_.flip(frame_offset(newest()) + 33);
  repair_losing({newest()});
}

TEST_F(RepairTest, TheOldestLeavesNoHole) {
  raw_.flip(frame_offset(oldest()) + 33);
  const RepairReport report = must(repair_pool(known_.path()));
  EXPECT_EQ(report.records_kept, known_.retained().size() - 1);
  EXPECT_EQ(read_all(must(Pool::open(known_.path()))).front().seq, oldest() + 1);
}

TEST_F(RepairTest, OfADamagedLivePageKeepsEveryFrame) {
  raw_.live().head += 8;
  const RepairReport report = must(repair_pool(known_.path()));
  Pool pool = must(Pool::open(known_.path()));
  auto records = read_all(pool);
  // Also those that were retired but are still in the ring.
  EXPECT_EQ(report.records_kept, records.size());
  EXPECT_GE(records.size(), known_.retained().size());
  for (const ReadRecord& record : records) EXPECT_TRUE(known_.is_original(record));
  EXPECT_EQ(records.back().seq, newest());
  EXPECT_EQ(checkpoints_of(pool), known_.checkpoints());
  EXPECT_GT(must(pool.append({.body = "{}"})).first_seq, newest());
}

TEST_F(RepairTest, OfTwoDamagedAnchorsInACopyMakesThePoolUsableAgain) {
  const auto copy = known_.folder() / "copy";
  copy_as_after_restart(known_.path(), copy);
  for (const uint64_t anchor : {0, 1})
    RawPool(copy).flip(raw_.geometry().anchor_offset(anchor) + 8);
  ASSERT_EQ(Pool::open(copy).error().kind(), ErrorKind::Corrupt);
  // Nobody knows how far the sequences of the old id had come.
  EXPECT_TRUE(must(repair_pool(copy)).id_changed);
  Pool pool = must(Pool::open(copy));
  const auto records = read_all(pool);
  EXPECT_EQ(records.back().seq, newest());
  for (const ReadRecord& record : records) EXPECT_TRUE(known_.is_original(record));
  EXPECT_GT(must(pool.append({.body = "{}"})).first_seq, newest());
}

TEST_F(RepairTest, OfDamagedIndexSlotsAndCheckpointCopies) {
  const uint64_t selected = raw_.view().read_commit()->checkpoint_sel & 1;
  raw_.flip(raw_.geometry().checkpoint_offset + selected * sizeof(CheckpointSlot) + 20);
  for (uint64_t slot = 0; slot < raw_.geometry().index_slots; ++slot) raw_.view().index[slot] = 64;
  must(repair_pool(known_.path()));
  Pool pool = must(Pool::open(known_.path()));
  EXPECT_EQ(read_all(pool), known_.retained());
  EXPECT_TRUE(must(examine_pool(known_.path())).healthy());
  // The damaged checkpoint is as old as the anchor, or gone; never made up.
  for (const auto& [name, value] : checkpoints_of(pool)) {
    if (value != known_.checkpoints().at(name)) {
      EXPECT_LT(std::stoi(value.substr(3)), 160);
    }
  }
}

TEST_F(RepairTest, OfEitherSuperblock) {
  raw_.flip(300);
  repair_losing({});
}

TEST_F(RepairTest, WithoutAnySuperblockIsRefusedAndChangesNothing) {
  raw_.flip(300);
  raw_.flip(kMinPoolBytes - 300);
  const std::string before = read_bytes(known_.path());
  const auto refused = repair_pool(known_.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Corrupt);
  EXPECT_EQ(read_bytes(known_.path()), before);
}

TEST_F(RepairTest, DoesNotBringBackWhatADeadWriterNeverPublished) {
  Child writer([&] {
    Pool pool = must(Pool::open(known_.path()));
    ScopedProbes probes;
    probes.reached = [](Step step) {
      if (step == Step::commit_written) ::raise(SIGKILL);
    };
    (void)pool.append({.body = "{\"never\":1}"},
                      {.checkpoint = CheckpointView{"source-0", "never"}});
    return 1;
  });
  ASSERT_EQ(writer.wait(), kKilled);
  must(repair_pool(known_.path()));
  const Pool pool = must(Pool::open(known_.path()));
  EXPECT_EQ(read_all(pool).back().seq, newest());
  EXPECT_EQ(checkpoints_of(pool), known_.checkpoints());
}

TEST_F(RepairTest, HolesThatRecoveriesExplainAreNoLoss) {
  const auto copy = known_.folder() / "copy";
  copy_as_after_restart(known_.path(), copy);
  {
    Pool pool = must(Pool::open(copy));
    for (int i = 0; i < 5; ++i) must(pool.append({.body = "{}"}));
  }
  const auto twice = known_.folder() / "twice";
  copy_as_after_restart(copy, twice);
  std::vector<ReadRecord> before;
  PoolInfo info;
  {
    const Pool pool = must(Pool::open(twice));  // and nothing appended after this recovery
    before = read_all(pool);
    info = must(pool.info());
  }
  const RepairReport report = must(repair_pool(twice));
  EXPECT_EQ(report.records_lost, 0u);
  EXPECT_FALSE(report.id_changed);
  Pool pool = must(Pool::open(twice));
  EXPECT_EQ(read_all(pool), before);
  EXPECT_EQ(must(pool.info()).id, info.id);
  EXPECT_GE(must(pool.append({.body = "{}"})).first_seq, info.next_seq);
  EXPECT_TRUE(must(examine_pool(twice)).healthy());
}

TEST_F(RepairTest, OfARingFullToTheLastByteLosesNothing) {
  const ScratchDir dir = ScratchDir::in_memory();
  Pool pool = must(Pool::create(dir / "p", {.size_bytes = kMinPoolBytes}));
  for (uint64_t i = 0; i < 32; ++i)
    must(pool.append({.body = body_of(i, 1024 - sizeof(FrameHeader))}));
  ASSERT_EQ(must(pool.info()).used_bytes, must(pool.info()).ring_size);
  const auto before = read_all(pool);
  const RepairReport report = must(repair_pool(dir / "p"));
  EXPECT_EQ(report.records_kept, 32u);
  EXPECT_FALSE(report.id_changed);
  EXPECT_EQ(read_all(must(Pool::open(dir / "p"))), before);
}

TEST_F(RepairTest, OfAnEmptyPoolIsAnEmptyPoolWithTheSameId) {
  const ScratchDir dir = ScratchDir::in_memory();
  const auto before = must(must(Pool::create(dir / "p")).info()).id;
  const RepairReport report = must(repair_pool(dir / "p"));
  EXPECT_EQ(report.records_kept, 0u);
  EXPECT_EQ(report.records_lost, 0u);
  EXPECT_EQ(must(must(Pool::open(dir / "p")).info()).id, before);
}

// Whatever single frame is damaged anywhere, all the others survive.
TEST_F(RepairTest, OfAnyOneFrameKeepsAllOthers) {
  for (uint64_t seq = oldest(); seq < newest(); ++seq) {
    SCOPED_TRACE(seq);
    known_.restore(raw_);
    raw_.flip(frame_offset(seq) + seq % 32);
    const RepairReport report = must(repair_pool(known_.path()));
    EXPECT_EQ(report.records_kept, known_.retained().size() - 1);
    std::filesystem::rename(report.damaged_copy, known_.path());
  }
}

}  // namespace
}  // namespace plasmite
