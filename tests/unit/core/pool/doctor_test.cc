// What the doctor says of each kind of damage, and that it leaves the patient as it was.
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "tests/support/child.h"
#include "tests/support/damage.h"
#include "tests/support/scoped_probes.h"

namespace plasmite {
namespace {

class DoctorTest : public testing::Test {
 protected:
  DoctorReport examine() const { return must(examine_pool(known_.path())); }
  uint64_t frame_offset(uint64_t seq) const { return raw_.file_offset(raw_.position_of(seq)); }
  uint64_t oldest() const { return known_.retained().front().seq; }
  uint64_t newest() const { return known_.retained().back().seq; }

  const KnownPool known_{{.size_bytes = kMinPoolBytes}};
  const RawPool raw_{known_.path()};
};

TEST_F(DoctorTest, AHealthyPoolHasNoIssuesAndIsNotTouched) {
  const std::string before = read_bytes(known_.path());
  const DoctorReport report = examine();
  EXPECT_TRUE(report.healthy());
  EXPECT_TRUE(report.issues.empty());
  EXPECT_TRUE(report.warnings.empty());
  EXPECT_EQ(report.oldest_seq, oldest());
  EXPECT_EQ(report.last_good_seq, newest());
  EXPECT_EQ(report.intact_records, known_.retained().size());
  EXPECT_EQ(read_bytes(known_.path()), before);
}

TEST_F(DoctorTest, AnEmptyPoolIsHealthy) {
  const ScratchDir dir = ScratchDir::in_memory();
  must(Pool::create(dir / "p"));
  const DoctorReport report = must(examine_pool(dir / "p"));
  EXPECT_TRUE(report.healthy());
  EXPECT_FALSE(report.oldest_seq);
}

TEST_F(DoctorTest, NamesOffsetAndSequenceOfADamagedFrame) {
  const uint64_t seq = oldest() + 10;
  raw_.flip(frame_offset(seq) + sizeof(FrameHeader));
  const DoctorReport report = examine();
  ASSERT_EQ(report.issue_count, 1u);
  EXPECT_EQ(report.issues[0].code, "corrupt");
  EXPECT_EQ(report.issues[0].offset, frame_offset(seq));
  EXPECT_EQ(report.issues[0].seq, seq);
  EXPECT_EQ(report.intact_records, known_.retained().size() - 1);
  EXPECT_EQ(report.last_good_seq, newest());
}

TEST_F(DoctorTest, ReportsEveryDamagedFrameNotOnlyTheFirst) {
  for (uint64_t seq = oldest(); seq <= newest(); seq += 4) raw_.flip(frame_offset(seq) + 32);
  const DoctorReport report = examine();
  EXPECT_EQ(report.issue_count, (newest() - oldest()) / 4 + 1);
  EXPECT_EQ(report.issues.size(), std::min<uint64_t>(report.issue_count, 100));
}

TEST_F(DoctorTest, CountsIssuesBeyondTheHundredItLists) {
  const ScratchDir dir = ScratchDir::in_memory();
  Pool pool = must(Pool::create(dir / "p", {.size_bytes = kMinPoolBytes}));
  for (int i = 0; i < 400; ++i) must(pool.append({.body = "{}"}));
  const RawPool raw(dir / "p");
  for (uint64_t seq = 1; seq <= 400; seq += 2)
    raw.flip(raw.geometry().ring_offset + (seq - 1) * 40 + 32);
  const DoctorReport report = must(examine_pool(dir / "p"));
  EXPECT_GE(report.issue_count, 200u);
  EXPECT_EQ(report.issues.size(), 100u);
}

TEST_F(DoctorTest, ReportsDamageAtBothEndsOfTheRetainedRecords) {
  raw_.flip(frame_offset(oldest()) + 32);
  raw_.flip(frame_offset(newest()) + 32);
  const DoctorReport report = examine();
  EXPECT_EQ(report.issue_count, 2u);
  EXPECT_EQ(report.oldest_seq, oldest() + 1);
  EXPECT_EQ(report.last_good_seq, newest() - 1);
}

TEST_F(DoctorTest, ReportsALivePageOfWhichNoCommitRecordNamesTheHead) {
  raw_.live().head += 8;
  const DoctorReport report = examine();
  ASSERT_FALSE(report.healthy());
  EXPECT_NE(report.issues[0].message.find("live page"), std::string::npos);
}

TEST_F(DoctorTest, ReportsATailInTheMiddleOfAFrame) {
  raw_.live().tail += 8;
  EXPECT_FALSE(examine().healthy());
}

TEST_F(DoctorTest, ReportsANextSequenceThatDoesNotFollowTheLastRecord) {
  raw_.change_commit([](CommitView& commit) { --commit.next_seq; });
  EXPECT_FALSE(examine().healthy()) << "the next append would reuse a sequence";
  raw_.change_commit([](CommitView& commit) { commit.next_seq += 2; });
  EXPECT_FALSE(examine().healthy());
  raw_.change_commit([](CommitView& commit) { --commit.next_seq; });
  EXPECT_TRUE(examine().healthy());
}

TEST_F(DoctorTest, ReportsTheAnchorInForceAndNotTheOther) {
  const uint64_t durable = raw_.live().anchor_copy;
  raw_.flip(raw_.geometry().anchor_offset(1 - durable) + 8);
  EXPECT_TRUE(examine().healthy());
  raw_.flip(raw_.geometry().anchor_offset(durable) + 8);
  const DoctorReport report = examine();
  ASSERT_EQ(report.issue_count, 1u);
  EXPECT_EQ(report.issues[0].offset, raw_.geometry().anchor_offset(durable));
}

TEST_F(DoctorTest, ReportsAnIndexSlotThatLeadsElsewhere) {
  const uint64_t seq = (oldest() / kIndexStride + 1) * kIndexStride;
  raw_.view().index[raw_.view().slot_of(seq)] += 8;
  const DoctorReport report = examine();
  ASSERT_EQ(report.issue_count, 1u);
  EXPECT_EQ(report.issues[0].seq, seq);
}

TEST_F(DoctorTest, ReportsADamagedCheckpointInForceAndNotTheOtherCopy) {
  const uint64_t selected = raw_.view().read_commit()->checkpoint_sel & 1;
  const uint64_t begin = raw_.geometry().checkpoint_offset;
  raw_.flip(begin + (1 - selected) * sizeof(CheckpointSlot) + 20);
  EXPECT_TRUE(examine().healthy());
  raw_.flip(begin + selected * sizeof(CheckpointSlot) + 20);
  const DoctorReport report = examine();
  ASSERT_EQ(report.issue_count, 1u);
  EXPECT_EQ(report.issues[0].offset, begin + selected * sizeof(CheckpointSlot));
}

TEST_F(DoctorTest, ReportsEitherSuperblock) {
  for (const uint64_t offset : {uint64_t{0}, kMinPoolBytes - kPageBytes}) {
    raw_.flip(offset + 1000);
    const DoctorReport report = examine();
    ASSERT_EQ(report.issue_count, 1u);
    EXPECT_EQ(report.issues[0].offset, offset);
    raw_.flip(offset + 1000);
  }
}

TEST_F(DoctorTest, ReportsWhatOpeningRefuses) {
  const ScratchDir dir = ScratchDir::in_memory();
  write_bytes(dir / "foreign", std::string(100'000, 'x'));
  DoctorReport report = must(examine_pool(dir / "foreign"));
  ASSERT_EQ(report.issue_count, 1u);
  EXPECT_EQ(report.issues[0].code, "corrupt");
  write_bytes(dir / "three", std::string("PLSM\x03\0\0\0", 8) + std::string(100'000, 'x'));
  report = must(examine_pool(dir / "three"));
  ASSERT_EQ(report.issue_count, 1u);
  EXPECT_EQ(report.issues[0].code, "format");
  EXPECT_EQ(examine_pool(dir / "missing").error().kind(), ErrorKind::NotFound);
  std::filesystem::create_directory(dir / "folder");
  EXPECT_EQ(examine_pool(dir / "folder").error().kind(), ErrorKind::Usage);
}

TEST_F(DoctorTest, WarnsOfWritersThatDiedAndOfFailedSyncs) {
  raw_.live().repairs = 3;
  raw_.live().io_error = 5;
  const DoctorReport report = examine();
  EXPECT_TRUE(report.healthy());
  EXPECT_EQ(report.warnings.size(), 2u);
}

TEST_F(DoctorTest, APoolUnderHeavyWritingIsHealthy) {
  std::atomic<bool> stop{false};
  Pool pool = must(Pool::open(known_.path()));
  std::jthread writer([&] {
    for (uint64_t i = 0; !stop.load(); ++i)
      must(pool.append({.body = body_of(i, 2 + i % 700)},
                       {.checkpoint = CheckpointView{"source-1", "v"}}));
  });
  for (int i = 0; i < 200; ++i) {
    const auto report = examine_pool(known_.path());
    EXPECT_TRUE(report && report->healthy());
  }
  stop = true;
}

TEST_F(DoctorTest, AnUnfinishedBatchIsNoDamage) {
  Child writer([&] {
    Pool pool = must(Pool::open(known_.path()));
    ScopedProbes probes;
    probes.reached = [](Step step) {
      if (step == Step::frames_half_written) ::raise(SIGKILL);
    };
    const std::vector<RecordView> batch(10, RecordView{.body = "{\"a\":1}"});
    (void)pool.append_batch(batch);
    return 1;
  });
  ASSERT_EQ(writer.wait(), kKilled);
  EXPECT_TRUE(examine().healthy());
}

}  // namespace
}  // namespace plasmite
