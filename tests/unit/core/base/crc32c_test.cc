// The checksum against published values and against itself: with and without the processor's help.
#include "core/base/crc32c.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace plasmite {
namespace {

std::vector<uint64_t> random_words(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> words(count);
  for (uint64_t& word : words) word = random();
  return words;
}

TEST(Crc32c, GivesTheValuesOfRfc3720) {
  const std::string zeros(32, '\0');
  const std::string ones(32, '\xFF');
  std::string up;
  std::string down;
  for (int i = 0; i < 32; ++i) {
    up += static_cast<char>(i);
    down += static_cast<char>(31 - i);
  }
  EXPECT_EQ(crc32c(zeros), 0x8A9136AAu);
  EXPECT_EQ(crc32c(ones), 0x62A8AB43u);
  EXPECT_EQ(crc32c(up), 0x46DD794Eu);
  EXPECT_EQ(crc32c(down), 0x113FDB5Cu);
}

TEST(Crc32c, GivesTheCommonCheckValueForALengthThatIsNoMultipleOfEight) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(Crc32c, IsTheSameWithAndWithoutTheProcessor) {
  for (size_t count = 0; count < 100; ++count) {
    const auto words = random_words(count, count);
    EXPECT_EQ(crc32c_words(kCrc32cInit, words.data(), count),
              crc32c_words_portable(kCrc32cInit, words.data(), count))
        << count << " words";
  }
}

TEST(Crc32c, OfWordsIsThatOfTheirBytes) {
  const auto words = random_words(64, 1);
  const std::string_view bytes(reinterpret_cast<const char*>(words.data()), 64 * 8);
  EXPECT_EQ(~crc32c_words(kCrc32cInit, words.data(), 64), crc32c(bytes));
}

TEST(Crc32c, PadsWithZerosToEightAtAnyLengthAndAlignment) {
  const auto words = random_words(100, 2);
  const std::string_view bytes(reinterpret_cast<const char*>(words.data()), 800);
  for (size_t begin = 0; begin < 9; ++begin) {
    for (size_t length = 0; length < 700; ++length) {
      const std::string_view text = bytes.substr(begin, length);
      std::vector<uint64_t> padded((length + 7) / 8);
      if (length > 0) std::memcpy(padded.data(), text.data(), length);
      ASSERT_EQ(crc32c_padded(kCrc32cInit, text),
                crc32c_words_portable(kCrc32cInit, padded.data(), padded.size()))
          << length << " bytes from " << begin;
    }
  }
}

TEST(Crc32c, ContinuesOverPieces) {
  const auto words = random_words(50, 3);
  const uint32_t whole = crc32c_words(kCrc32cInit, words.data(), 50);
  for (size_t cut = 0; cut <= 50; ++cut) {
    const uint32_t first = crc32c_words(kCrc32cInit, words.data(), cut);
    EXPECT_EQ(crc32c_words(first, words.data() + cut, 50 - cut), whole);
  }
}

TEST(Crc32c, OfACopyIsThatOfTheWordsCopied) {
  for (size_t count = 0; count < 70; ++count) {
    const auto shared = random_words(count, count);
    std::vector<uint64_t> copy(count);
    EXPECT_EQ(crc32c_copy_shared(kCrc32cInit, copy.data(), shared.data(), count),
              crc32c_words_portable(kCrc32cInit, shared.data(), count));
    EXPECT_EQ(copy, shared);
  }
}

TEST(Crc32c, ChangesWithEverySingleBit) {
  auto words = random_words(8, 4);
  const uint32_t original = crc32c_words(kCrc32cInit, words.data(), 8);
  for (size_t bit = 0; bit < 8 * 64; ++bit) {
    words[bit / 64] ^= uint64_t{1} << bit % 64;
    EXPECT_NE(crc32c_words(kCrc32cInit, words.data(), 8), original) << "bit " << bit;
    words[bit / 64] ^= uint64_t{1} << bit % 64;
  }
}

}  // namespace
}  // namespace plasmite
