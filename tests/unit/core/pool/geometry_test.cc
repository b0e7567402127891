// Where the parts of a pool file lie, for every size a pool may have.
#include "core/pool/geometry.h"

#include <gtest/gtest.h>

#include <set>

#include "core/pool/pool.h"
#include "tests/support/must.h"

namespace plasmite {
namespace {

std::vector<uint64_t> sizes() {
  std::vector<uint64_t> sizes;
  for (uint64_t size = kMinPoolBytes; size <= kMaxPoolBytes; size *= 2) {
    sizes.push_back(size);
    if (size < kMaxPoolBytes) {
      sizes.push_back(size + 1);
      sizes.push_back(size + size / 3);
      sizes.push_back(2 * size - 1);
    }
  }
  for (uint64_t size = kMinPoolBytes; size < (4u << 20); size += kPageBytes) sizes.push_back(size);
  return sizes;
}

TEST(Geometry, PartsFollowEachOtherWithoutOverlapAndFillTheFile) {
  for (const uint64_t size : sizes()) {
    const Geometry g = must(plan_geometry(size));
    SCOPED_TRACE(size);
    ASSERT_GE(g.file_size, size);
    ASSERT_LT(g.file_size, size + kPageBytes);
    ASSERT_EQ(g.anchor_offset(0), 0x3000u);
    ASSERT_GE(g.anchor_bytes, sizeof(AnchorHeader) + g.checkpoint_slots * sizeof(CheckpointSlot));
    ASSERT_EQ(g.anchor_offset(1), g.anchor_offset(0) + g.anchor_bytes);
    ASSERT_EQ(g.checkpoint_offset, g.anchor_offset(1) + g.anchor_bytes);
    ASSERT_GE(g.index_offset,
              g.checkpoint_offset + 2 * g.checkpoint_slots * sizeof(CheckpointSlot));
    ASSERT_GE(g.ring_offset, g.index_offset + g.index_slots * 8);
    ASSERT_GT(g.ring_size, 0u);
    ASSERT_EQ(g.superblock_copy_offset(), g.ring_offset + g.ring_size);
    ASSERT_EQ(g.superblock_copy_offset() + kPageBytes, g.file_size);
  }
}

TEST(Geometry, EveryPartBeginsOnAPage) {
  for (const uint64_t size : sizes()) {
    const Geometry g = must(plan_geometry(size));
    for (const uint64_t offset : {g.file_size, g.anchor_bytes, g.checkpoint_offset, g.index_offset,
                                  g.ring_offset, g.ring_size})
      ASSERT_EQ(offset % kPageBytes, 0u) << size;
  }
}

TEST(Geometry, OverheadStaysBelowFifteenPercentOfAMegabyteAndTwoOfSixteen) {
  const auto overhead = [](uint64_t size) {
    const Geometry g = must(plan_geometry(size));
    return static_cast<double>(g.file_size - g.ring_size) / static_cast<double>(g.file_size);
  };
  EXPECT_LE(overhead(1u << 20), 0.15);
  EXPECT_LE(overhead(16u << 20), 0.02);
  for (uint64_t size = 16u << 20; size <= kMaxPoolBytes; size *= 2)
    EXPECT_LE(overhead(size), 0.02) << size;
}

TEST(Geometry, HasFourCheckpointsInTheSmallestPoolAndThirtyTwoFromAMegabyteOn) {
  EXPECT_EQ(must(plan_geometry(kMinPoolBytes)).checkpoint_slots, 4u);
  EXPECT_EQ(must(plan_geometry(1u << 20)).checkpoint_slots, 32u);
  EXPECT_EQ(must(plan_geometry(kMaxPoolBytes)).checkpoint_slots, 32u);
  for (const uint64_t size : sizes()) ASSERT_GE(must(plan_geometry(size)).checkpoint_slots, 4u);
}

// A ring full of the smallest frames, wherever the first of them stands in its bucket, and one
// batch more: no two buckets share a slot.
TEST(Geometry, SlotsOfRetainedRecordsNeverCollide) {
  for (const uint64_t size : sizes()) {
    const Geometry g = must(plan_geometry(size));
    const uint64_t records = g.ring_size / kMinFrameBytes;
    for (uint64_t first = 0; first < kIndexStride; ++first) {
      const uint64_t buckets = (first + records - 1) / kIndexStride + 1;
      ASSERT_LE(buckets, g.index_slots) << size;
    }
  }
}

TEST(Geometry, ABatchMayHaveAQuarterOfTheRing) {
  for (const uint64_t size : sizes()) {
    const Geometry g = must(plan_geometry(size));
    ASSERT_LE(g.max_batch_bytes(), g.ring_size / 4);
    ASSERT_LE(g.max_batch_bytes(), kLargestBatchBytes);
    ASSERT_GE(g.max_batch_bytes(), std::min<uint64_t>(g.ring_size / 4, 1u << 20)) << size;
    ASSERT_LE(2 * g.max_batch_bytes(), kDefaultSyncWindow);
    ASSERT_LE(2 * g.max_batch_bytes() / kMinFrameBytes, kDefaultSeqWindow);
  }
}

TEST(Geometry, RefusesSizesOutsideTheRangeWithAHint) {
  for (const uint64_t size :
       {uint64_t{0}, uint64_t{1}, kMinPoolBytes - 1, kMaxPoolBytes + 1, UINT64_MAX}) {
    const auto refused = plan_geometry(size);
    ASSERT_FALSE(refused) << size;
    EXPECT_EQ(refused.error().kind(), ErrorKind::Usage);
    EXPECT_FALSE(refused.error().hint().empty());
  }
}

Superblock superblock_of(const Geometry& g) {
  Superblock block{};
  block.file_size = g.file_size;
  block.anchor_bytes = g.anchor_bytes;
  block.checkpoint_offset = g.checkpoint_offset;
  block.checkpoint_slots = g.checkpoint_slots;
  block.index_stride = kIndexStride;
  block.index_offset = g.index_offset;
  block.index_slots = g.index_slots;
  block.ring_offset = g.ring_offset;
  block.ring_size = g.ring_size;
  block.sync_window = kDefaultSyncWindow;
  block.seq_window = kDefaultSeqWindow;
  return block;
}

TEST(Geometry, IsReadBackFromASuperblock) {
  for (const uint64_t size : sizes()) {
    const Geometry g = must(plan_geometry(size));
    const auto stored = geometry_of(superblock_of(g), g.file_size);
    ASSERT_TRUE(stored) << size;
    ASSERT_TRUE(*stored == g) << size;
  }
}

TEST(Geometry, IsNotBelievedWhenAnyFieldOfTheSuperblockContradictsTheSize) {
  const Geometry g = must(plan_geometry(kDefaultPoolBytes));
  const auto refuses = [&](auto member, auto value) {
    Superblock block = superblock_of(g);
    block.*member = value;
    const auto read = geometry_of(block, g.file_size);
    return !read && read.error().kind() == ErrorKind::Corrupt;
  };
  EXPECT_TRUE(refuses(&Superblock::file_size, g.file_size + kPageBytes));
  EXPECT_TRUE(refuses(&Superblock::anchor_bytes, g.anchor_bytes + kPageBytes));
  EXPECT_TRUE(refuses(&Superblock::checkpoint_offset, g.checkpoint_offset + 8));
  EXPECT_TRUE(refuses(&Superblock::checkpoint_slots, 33u));
  EXPECT_TRUE(refuses(&Superblock::index_stride, 8u));
  EXPECT_TRUE(refuses(&Superblock::index_offset, uint64_t{0}));
  EXPECT_TRUE(refuses(&Superblock::index_slots, g.index_slots - 1));
  EXPECT_TRUE(refuses(&Superblock::ring_offset, UINT64_MAX));
  EXPECT_TRUE(refuses(&Superblock::ring_size, g.ring_size * 2));
  EXPECT_TRUE(refuses(&Superblock::sync_window, uint64_t{0}));
  EXPECT_TRUE(refuses(&Superblock::seq_window, uint64_t{1}));
  EXPECT_FALSE(geometry_of(superblock_of(g), g.file_size - kPageBytes));
}

}  // namespace
}  // namespace plasmite
