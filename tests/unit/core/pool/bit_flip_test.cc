// Any single bit of a pool file may be wrong. Nobody crashes or hangs, what is delivered is what
// was written, what is lost is reported, and the doctor finds what is damaged. A sample by default,
// every bit with PLASMITE_THOROUGH=1.
#include <gtest/gtest.h>

#include <random>

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "tests/support/damage.h"

namespace plasmite {
namespace {

constexpr uint64_t kLargeRing =
    16384;  // a sync window that the ring of 64 KiB pools is larger than

class BitFlip : public testing::Test {
 protected:
  // Calls test(byte, bit) with that bit flipped in the file, and restores the whole file
  // afterwards.
  template <class Test>
  void each_bit(const KnownPool& known, const RawPool& raw, uint64_t begin, uint64_t end,
                uint64_t stride, Test test) {
    if (thorough()) stride = 1;
    for (uint64_t at = begin * 8 + seed_ % stride; at < end * 8 && !HasFailure(); at += stride) {
      raw.flip(at / 8, at % 8);
      SCOPED_TRACE("byte " + std::to_string(at / 8) + " bit " + std::to_string(at % 8));
      test(at / 8, static_cast<unsigned>(at % 8));
      known.restore(raw);
    }
  }

  // Every sequence is delivered as it was written, or reported lost, once and in order.
  static void expect_accounted(const KnownPool& known, const Reading& reading, uint64_t from) {
    uint64_t expected = from;
    size_t gap = 0;
    for (const ReadRecord& record : reading.records) {
      if (record.seq > expected) {
        ASSERT_LT(gap, reading.gaps.size()) << "nothing said of the loss before " << record;
        ASSERT_EQ(reading.gaps[gap].first, expected);
        ASSERT_EQ(reading.gaps[gap].last, record.seq - 1);
        ++gap;
      }
      ASSERT_TRUE(known.is_original(record) || record.body == kNew) << record;
      expected = record.seq + 1;
    }
    ASSERT_EQ(gap, reading.gaps.size());
  }

  static constexpr std::string_view kNew = "{\"new\":true}";
  const uint64_t seed_ = test_seed();
};

struct Frame {
  uint64_t begin;
  uint64_t end;
  std::optional<uint64_t> seq;  // none: control
};

std::vector<Frame> frames_of(const RawPool& raw) {
  std::vector<Frame> frames;
  for (uint64_t at = raw.view().tail(); at < raw.view().head();) {
    const FrameWords frame = raw.view().header_at(at);
    frames.push_back(
        {at, at + frame.size(), frame.is_control() ? std::nullopt : std::optional(frame.seq())});
    at += frame.size();
  }
  return frames;
}

// In the ring a flip costs exactly the record it is in.
TEST_F(BitFlip, InALiveRingCostsTheRecordItIsInAndNoOther) {
  const KnownPool known({.size_bytes = kMinPoolBytes});
  const RawPool raw(known.path());
  Pool pool = must(Pool::open(known.path()));
  const std::vector<Frame> frames = frames_of(raw);
  const uint64_t oldest = known.retained().front().seq;
  for (const Frame& frame : frames) {
    for (uint64_t at = frame.begin; at < frame.end; at += 8) {
      const uint64_t word = raw.file_offset(at);
      each_bit(known, raw, word, word + 8, 31, [&](uint64_t, unsigned) {
        must(pool.append({.body = kNew}));
        const Reading reading = read_from(pool, Start::at_seq(oldest));
        ASSERT_FALSE(reading.error);
        expect_accounted(known, reading, oldest);
        const bool retired = raw.view().tail() > frame.begin;  // the append made room
        const bool lost = frame.seq && !retired;
        const uint64_t first = reading.records.front().seq;
        ASSERT_EQ(reading.records.size(),
                  reading.records.back().seq - first + 1 - (lost && *frame.seq > first ? 1 : 0));
        if (lost) {
          const Gap& gap = reading.gaps.back();
          ASSERT_LE(gap.first, *frame.seq);
          ASSERT_EQ(gap.last, *frame.seq);
          // Of the oldest record a damaged sequence may say that it is not wanted.
          const bool first_retained = frame.begin - raw.view().tail() < 150;
          ASSERT_TRUE(gap.cause == Gap::Cause::damage || first_retained);
          ASSERT_EQ(pool.get(*frame.seq).error().kind(), ErrorKind::Corrupt);
        }
        const DoctorReport report = must(examine_pool(known.path()));
        ASSERT_EQ(report.healthy(), retired);
      });
    }
  }
}

// The live page decides what is visible; whatever a flip makes of it, nothing wrong is delivered.
TEST_F(BitFlip, InTheLivePageNeverShowsWhatWasNotWritten) {
  const KnownPool known({.size_bytes = kMinPoolBytes});
  const RawPool raw(known.path());
  Pool pool = must(Pool::open(known.path(), {.lock_timeout = std::chrono::milliseconds(50)}));
  each_bit(known, raw, kLivePageOffset, kWaitPageOffset + 256, 11, [&](uint64_t, unsigned) {
    const Reading before = read_from(pool, Start::oldest());
    for (const ReadRecord& record : before.records)
      ASSERT_TRUE(known.is_original(record)) << record;
    if (const auto receipt = pool.append({.body = kNew})) {
      const Reading after = read_from(pool, Start::oldest());
      for (const ReadRecord& record : after.records)
        ASSERT_TRUE(known.is_original(record) || record.body == kNew) << record;
      ASSERT_EQ(must(pool.get(receipt->first_seq)).body, kNew) << "acknowledged";
    } else {
      ASSERT_TRUE(receipt.error().kind() == ErrorKind::Corrupt ||
                  receipt.error().kind() == ErrorKind::NotFound)  // the word `deleted`
          << receipt.error().message();
    }
    (void)pool.info();
    (void)pool.get(known.retained().back().seq);
    (void)examine_pool(known.path());
  });
}

// A follower that waits at the end while the live page goes bad: an error or the time is up, never
// a spin.
TEST_F(BitFlip, InTheLivePageDoesNotMakeAFollowerSpin) {
  const KnownPool known({.size_bytes = kMinPoolBytes});
  const RawPool raw(known.path());
  const Pool pool = must(Pool::open(known.path()));
  each_bit(known, raw, kLivePageOffset, kLivePageOffset + sizeof(LivePage), 3,
           [&](uint64_t byte, unsigned bit) {
             raw.flip(byte, bit);
             Cursor cursor = must(pool.cursor(Start::newest()));
             raw.flip(byte, bit);
             const auto deadline =
                 std::chrono::steady_clock::now() + std::chrono::microseconds(100);
             for (int looks = 0;; ++looks) {
               ASSERT_LT(looks, 10) << "told to look again, found nothing";
               const auto waited = cursor.wait(deadline);
               if (!waited || !*waited) break;
               const auto message = cursor.next();
               if (!message) break;
             }
           });
}

TEST_F(BitFlip, InTheIndexCostsNothing) {
  const KnownPool known({.size_bytes = kMinPoolBytes});
  const RawPool raw(known.path());
  const Pool pool = must(Pool::open(known.path()));
  const uint64_t offset = raw.geometry().index_offset;
  each_bit(known, raw, offset, offset + raw.geometry().index_slots * 8, 7,
           [&](uint64_t byte, unsigned) {
             const uint64_t slot = (byte - offset) / 8;
             bool retained = false;
             for (const ReadRecord& record : known.retained()) {
               if (raw.view().slot_of(record.seq) != slot && record.seq % 16 != 0) continue;
               retained |= record.seq % kIndexStride == 0 && raw.view().slot_of(record.seq) == slot;
               ASSERT_EQ(must(pool.get(record.seq)).body, record.body);
               const Reading by_time = read_from(pool, Start::at_time(record.time_ns));
               ASSERT_EQ(by_time.records.front().time_ns, record.time_ns);
               ASSERT_LE(by_time.records.front().seq, record.seq);
             }
             ASSERT_EQ(must(examine_pool(known.path())).healthy(), !retained);
           });
}

TEST_F(BitFlip, InACheckpointLosesItAtMost) {
  const KnownPool known({.size_bytes = kMinPoolBytes});
  const RawPool raw(known.path());
  const Pool pool = must(Pool::open(known.path()));
  const uint64_t begin = raw.geometry().checkpoint_offset;
  each_bit(known, raw, begin, raw.geometry().index_offset, 17, [&](uint64_t byte, unsigned) {
    size_t found = 0;
    for (const auto& [name, value] : known.checkpoints()) {
      const auto checkpoint = must(pool.checkpoint(name));
      if (!checkpoint) continue;
      ASSERT_EQ(checkpoint->value, value);
      ++found;
    }
    const uint64_t copy = (byte - begin) / sizeof(CheckpointSlot);
    const bool current =
        raw.view().read_commit()->checkpoint_sel >> copy / 2 & 1 ? copy % 2 == 1 : copy % 2 == 0;
    const bool used = copy / 2 < known.checkpoints().size();
    ASSERT_EQ(found, known.checkpoints().size() - (current && used ? 1 : 0));
    if (current && copy / 2 < raw.geometry().checkpoint_slots) {
      ASSERT_FALSE(must(examine_pool(known.path())).healthy());
    }
  });
}

TEST_F(BitFlip, InASuperblockIsReportedAndTheOtherCopyServes) {
  const KnownPool known({.size_bytes = kMinPoolBytes});
  const RawPool raw(known.path());
  for (const uint64_t begin : {uint64_t{0}, kMinPoolBytes - kPageBytes}) {
    each_bit(known, raw, begin, begin + kPageBytes, 37, [&](uint64_t, unsigned) {
      ASSERT_EQ(read_all(must(Pool::open(known.path()))), known.retained());
      ASSERT_FALSE(must(examine_pool(known.path())).healthy());
    });
  }
}

TEST_F(BitFlip, InTheDurableAnchorIsReported) {
  const KnownPool known({.size_bytes = kMinPoolBytes});
  const RawPool raw(known.path());
  const uint64_t begin = raw.geometry().anchor_offset(raw.live().anchor_copy);
  const uint64_t used =
      sizeof(AnchorHeader) + raw.geometry().checkpoint_slots * sizeof(CheckpointSlot);
  each_bit(known, raw, begin, begin + used, 37,
           [&](uint64_t, unsigned) { ASSERT_FALSE(must(examine_pool(known.path())).healthy()); });
}

// The same file without its live page: opening recovers from anchors and frames, whatever bit is
// wrong.
void recover_with_flips(const KnownPool& known, uint64_t seed) {
  const RawPool raw(known.path());
  const uint64_t stride = thorough() ? 1 : 67;
  uint64_t refused = 0;
  for (uint64_t at = seed % stride; at < known.image().size() * 8; at += stride) {
    SCOPED_TRACE("byte " + std::to_string(at / 8) + " bit " + std::to_string(at % 8));
    raw.live().tag = 0;
    raw.flip(at / 8, at % 8);
    auto pool = Pool::open(known.path());
    if (!pool) {
      ASSERT_EQ(pool.error().kind(), ErrorKind::Corrupt) << pool.error().message();
      ++refused;
    } else {
      ASSERT_TRUE(pool->append({.body = "{}"}));
      const Reading reading = read_from(*pool, Start::at_seq(1));
      ASSERT_FALSE(reading.error);
      uint64_t expected = 1;
      size_t gap = 0;
      for (const ReadRecord& record : reading.records) {
        if (record.seq > expected) {
          ASSERT_LT(gap, reading.gaps.size());
          ASSERT_EQ(reading.gaps[gap].first, expected);
          ASSERT_EQ(reading.gaps[gap++].last, record.seq - 1);
        }
        ASSERT_TRUE(known.is_original(record) || record.body == "{}") << record;
        expected = record.seq + 1;
      }
      // The damaged part was left behind, unless recovery had no reason to look at it.
      if (raw.view().sync_window > raw.geometry().ring_size && at / 8 >= kLivePageOffset &&
          at / 8 < raw.geometry().superblock_copy_offset() &&
          at / 8 - raw.geometry().index_offset >= kPageBytes) {
        ASSERT_TRUE(must(examine_pool(known.path())).healthy());
      }
    }
    known.restore(raw);
  }
  EXPECT_EQ(refused, 0u) << "one bit never costs the pool";
}

TEST_F(BitFlip, InAPoolToRecoverWhoseRingIsSmallerThanTheWindow) {
  recover_with_flips(KnownPool({.size_bytes = kMinPoolBytes}), seed_);
}

TEST_F(BitFlip, InAPoolToRecoverWhoseRingIsLargerThanTheWindow) {
  recover_with_flips(
      KnownPool({.size_bytes = kMinPoolBytes, .sync_window_bytes = kLargeRing, .seq_window = 500}),
      seed_);
}

}  // namespace
}  // namespace plasmite
