// What the checksum of a frame promises: an error of few bits is never accepted, wherever the bits lie.
#include "core/pool/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace plasmite {
namespace {

constexpr uint64_t kSeed = 0x5EED;
constexpr uint64_t kPosition = 0x123456789A8;

// Stored CRC xor computed CRC; 0 is "intact". A CRC is linear, so whether an error is seen does not
// depend on what the frame says.
uint32_t mismatch(const FrameWords& frame, const std::vector<uint64_t>& body) {
  const uint32_t body_crc = crc32c_words(kCrc32cInit, body.data(), body.size());
  return frame_crc(kSeed, frame, kPosition, body_crc) ^ frame.crc();
}

// One mismatch for every single bit that can flip in a frame of `body_words`: header words, CRC, body.
std::vector<uint32_t> single_bit_mismatches(size_t body_words) {
  std::vector<uint64_t> body(body_words, 0x6C6C6568202C2122);
  const uint32_t body_crc = crc32c_words(kCrc32cInit, body.data(), body.size());
  FrameWords frame = make_frame(kSeed, kFrameBegin | kFrameEnd, static_cast<uint32_t>(8 * body_words),
                                42, 1'700'000'000'000'000'000, kPosition, 7, body_crc);
  EXPECT_EQ(mismatch(frame, body), 0u);
  std::vector<uint32_t> found;
  const auto flip_each_bit_of = [&](uint64_t& word, int first_bit) {
    for (int bit = first_bit; bit < 64; ++bit) {
      word ^= uint64_t{1} << bit;
      found.push_back(mismatch(frame, body));
      word ^= uint64_t{1} << bit;
    }
  };
  for (size_t i = 0; i < 3; ++i) flip_each_bit_of(frame.words[i], 0);
  flip_each_bit_of(frame.words[3], 32);  // the low half is the lap: compared with the position
  for (uint64_t& word : body) flip_each_bit_of(word, 0);
  return found;
}

bool all_distinct(std::vector<uint32_t> values) {
  std::sort(values.begin(), values.end());
  return std::adjacent_find(values.begin(), values.end()) == values.end();
}

TEST(FrameCrc, SeesEveryErrorOfOneOrTwoBitsInALargeFrame) {
  const std::vector<uint32_t> single = single_bit_mismatches(1024);
  EXPECT_EQ(std::count(single.begin(), single.end(), 0u), 0);
  EXPECT_TRUE(all_distinct(single)) << "two flipped bits cancel each other out";
}

TEST(FrameCrc, SeesEveryErrorOfThreeOrFourBitsInASmallFrame) {
  const std::vector<uint32_t> single = single_bit_mismatches(12);
  std::vector<uint32_t> pairs;
  pairs.reserve(single.size() * single.size() / 2);
  for (size_t i = 0; i < single.size(); ++i)
    for (size_t j = 0; j < i; ++j) pairs.push_back(single[i] ^ single[j]);
  EXPECT_EQ(std::count(pairs.begin(), pairs.end(), 0u), 0);
  // Every single mismatch has odd parity (the polynomial has the factor x + 1): three never cancel out.
  for (const uint32_t mismatch : single) ASSERT_EQ(__builtin_popcount(mismatch) % 2, 1);
  EXPECT_TRUE(all_distinct(std::move(pairs))) << "four flipped bits cancel each other out";
}

}  // namespace
}  // namespace plasmite
