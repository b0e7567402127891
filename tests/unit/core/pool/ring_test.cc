// Positions that never wrap, in a ring that does.
#include "core/pool/ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace plasmite {
namespace {

// Every offset and length a byte can have: the span covers exactly the bytes that counting modulo
// the ring's size would, in order.
TEST(RingSpan, CoversExactlyTheBytesOfEveryOffsetAndLength) {
  for (const int ring : {8, 24, 64, 100, 128, 200, 255}) {
    const auto size = static_cast<uint8_t>(ring);
    for (int offset = 0; offset < ring; ++offset) {
      for (int bytes = 0; bytes <= ring; ++bytes) {
        const auto span =
            ring_span<uint8_t>(static_cast<uint8_t>(offset), static_cast<uint8_t>(bytes), size);
        ASSERT_EQ(span.first_bytes + span.second_bytes, bytes);
        ASSERT_EQ(span.first_offset, offset);
        ASSERT_LE(span.first_offset + span.first_bytes, ring);
        ASSERT_LE(span.second_bytes, span.first_offset) << "the parts may touch, not overlap";
        for (int i = 0; i < bytes; ++i) {
          const int where = i < span.first_bytes ? span.first_offset + i : i - span.first_bytes;
          ASSERT_EQ(where, (offset + i) % ring) << ring << " " << offset << " " << bytes;
        }
      }
    }
  }
}

// A writer that goes round a ring of 64 bytes until its 8-bit positions have wrapped many times:
// each step begins where the last one ended.
TEST(RingSpan, GoesOnWhereItEndedWhenThePositionItselfWraps) {
  constexpr uint8_t kRing = 64;
  uint8_t position = 0;
  int expected = 0;
  for (int step = 0; step < 5000; ++step) {
    const auto bytes = static_cast<uint8_t>((step * 7) % (kRing + 1));
    const auto span = ring_span<uint8_t>(position % kRing, bytes, kRing);
    ASSERT_EQ(span.first_offset, expected);
    position = static_cast<uint8_t>(position + bytes);
    expected = (expected + bytes) % kRing;
    ASSERT_EQ(
        span.second_bytes > 0 ? span.second_bytes : (span.first_offset + span.first_bytes) % kRing,
        expected);
  }
}

TEST(RingSpan, DoesNotSplitWhatEndsExactlyAtTheEnd) {
  const auto span = ring_span<uint8_t>(40, 24, 64);
  EXPECT_EQ(span.first_bytes, 24);
  EXPECT_EQ(span.second_bytes, 0);
}

class RingTest : public testing::Test {
 protected:
  static constexpr uint64_t kWords = 16;
  std::vector<uint64_t> words_ = std::vector<uint64_t>(kWords, 0xAAAAAAAAAAAAAAAA);
  Ring ring_{words_.data(), kWords * 8};
};

TEST_F(RingTest, GivesBackEveryTextFromEveryPlace) {
  for (uint64_t position = 0; position < 3 * kWords * 8; position += 8) {
    for (size_t length = 0; length <= kWords * 8; ++length) {
      std::string text(length, ' ');
      for (size_t i = 0; i < length; ++i) text[i] = static_cast<char>('a' + (i + position) % 26);
      ring_.copy_in(position, text);
      std::vector<uint64_t> copy((length + 7) / 8);
      const uint32_t crc = ring_.copy_out(position, copy.data(), copy.size() * 8, kCrc32cInit);
      ASSERT_EQ(std::string_view(reinterpret_cast<char*>(copy.data()), length), text);
      ASSERT_EQ(crc, crc32c_padded(kCrc32cInit, text)) << position << " " << length;
    }
  }
}

TEST_F(RingTest, PadsWithZerosAndTouchesNothingElse) {
  ring_.copy_in(kWords * 8 - 8, "0123456789");
  EXPECT_EQ(words_[0], uint64_t{'9'} << 8 | '8');
  EXPECT_EQ(words_[1], 0xAAAAAAAAAAAAAAAA);
  EXPECT_EQ(words_[kWords - 2], 0xAAAAAAAAAAAAAAAA);
}

TEST_F(RingTest, AFrameIsStoredLikeItsPartsOneByOneWhereverItWraps) {
  constexpr std::array<uint64_t, 4> kHead = {1, 22, 333, 4444};
  for (uint64_t offset = 0; offset < ring_.size(); offset += 8) {
    for (size_t length = 0; length <= ring_.size() - sizeof(kHead); ++length) {
      const std::string text(length, static_cast<char>('a' + length % 26));
      std::ranges::fill(words_, 0xAAAAAAAAAAAAAAAA);
      for (uint64_t i = 0; i < kHead.size(); ++i) ring_.store(offset + 8 * i, kHead[i]);
      ring_.copy_in(offset + sizeof(kHead), text);
      const std::vector<uint64_t> expected = words_;
      std::ranges::fill(words_, 0xAAAAAAAAAAAAAAAA);
      ring_.copy_in_at(offset, kHead, text);
      ASSERT_EQ(words_, expected) << offset << " " << length;
    }
  }
}

TEST_F(RingTest, SteppingReachesWhatDividingDoes) {
  uint64_t offset = 0;
  for (uint64_t position = 0; position < 1000 * ring_.size(); position += 24) {
    ASSERT_EQ(offset, ring_.offset_of(position));
    offset = ring_.step(offset, 24);
  }
  EXPECT_EQ(ring_.step(0, ring_.size()), 0u) << "a frame of the whole ring";
  EXPECT_EQ(ring_.step(64, ring_.size()), 64u);
}

TEST_F(RingTest, FarPositionsReachTheSameWords) {
  const uint64_t far = uint64_t{1} << 62;
  ring_.store(far + 24, 77);
  EXPECT_EQ(words_[3], 77u);
  EXPECT_EQ(ring_.load(24), 77u);
}

}  // namespace
}  // namespace plasmite
