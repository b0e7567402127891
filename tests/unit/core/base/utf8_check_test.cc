#include "core/base/utf8_check.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/utf8_by_steps.h"

namespace plasmite {
namespace {

std::string in_hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr char kHex[] = "0123456789ABCDEF";
    text += kHex[static_cast<uint8_t>(c) >> 4];
    text += kHex[static_cast<uint8_t>(c) & 15];
  }
  return text;
}

// A place for a sequence between others, where the sequence can be changed cheaply.
class Surrounded {
 public:
  Surrounded(std::string_view before, size_t bytes, std::string_view behind)
      : text_(std::string(before) + std::string(bytes, '\0') + std::string(behind)),
        at_(before.size()),
        bytes_(bytes) {}

  void set(size_t index, unsigned value) { text_[at_ + index] = static_cast<char>(value); }

  // False, with a message: not everybody is of the same opinion. The surroundings are UTF-8.
  [[nodiscard]] bool all_agree() const {
    const bool want = is_utf8_by_steps(std::string_view(text_).substr(at_, bytes_));
    if (is_utf8(text_) == want && is_utf8_portable(text_) == want &&
        simdjson::validate_utf8(text_) == want)
      return true;
    ADD_FAILURE() << in_hex(text_) << ": vector " << is_utf8(text_) << ", portable "
                  << is_utf8_portable(text_) << ", simdjson " << simdjson::validate_utf8(text_)
                  << ", by steps " << want;
    return false;
  }

 private:
  std::string text_;
  size_t at_;
  size_t bytes_;
};

// Around the bounds of every kind of byte.
constexpr std::array<uint8_t, 26> kTelling = {0x00, 0x0F, 0x40, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                              0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
                                              0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};

TEST(Utf8Check, JudgesEverySequenceOfUpToThreeBytesAsOthersDo) {
  Surrounded one("", 1, ""), two("", 2, ""), three("", 3, "");
  for (unsigned a = 0; a < 256; ++a) {
    one.set(0, a), two.set(0, a), three.set(0, a);
    ASSERT_TRUE(one.all_agree());
    for (unsigned b = 0; b < 256; ++b) {
      two.set(1, b), three.set(1, b);
      ASSERT_TRUE(two.all_agree());
      for (const unsigned c : kTelling) {
        three.set(2, c);
        ASSERT_TRUE(three.all_agree());
      }
    }
  }
}

TEST(Utf8Check, JudgesSequencesOfFourBytesAsOthersDo) {
  Surrounded four("", 4, "");
  for (unsigned a = 0xE0; a < 256; ++a) {
    four.set(0, a);
    for (unsigned b = 0; b < 256; ++b) {
      four.set(1, b);
      for (const unsigned c : kTelling) {
        four.set(2, c);
        for (const unsigned d : kTelling) {
          four.set(3, d);
          ASSERT_TRUE(four.all_agree());
        }
      }
    }
  }
}

// Blocks of sixteen bytes: whatever lies across their borders, and at the end of the text.
TEST(Utf8Check, JudgesTheSameWhereverTheSequenceStands) {
  for (const std::string_view around : {"", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    for (size_t offset = 0; offset < 34; ++offset) {
      for (const size_t behind : {0, 1, 2, 3, 12, 13, 14, 15, 16, 17, 40}) {
        Surrounded four(std::string(offset, 'x').append(around), 4,
                        std::string(around).append(behind, 'y'));
        for (const unsigned a : kTelling)
          for (const unsigned b : kTelling) {
            four.set(0, a), four.set(1, b), four.set(2, 0x80), four.set(3, 0x80);
            ASSERT_TRUE(four.all_agree());
            four.set(2, 'z');
            ASSERT_TRUE(four.all_agree());
          }
      }
    }
  }
}

TEST(Utf8Check, RefusesACharacterThatTheEndCutsOff) {
  for (size_t offset = 0; offset < 40; ++offset) {
    const std::string text = std::string(offset, 'x') + "\xF0\x9F\x98\x80";
    for (size_t cut = 1; cut <= 3; ++cut) {
      const auto front = std::string_view(text).substr(0, text.size() - cut);
      EXPECT_FALSE(is_utf8(front)) << offset << ' ' << cut;
      EXPECT_FALSE(is_utf8_portable(front)) << offset << ' ' << cut;
    }
    EXPECT_TRUE(is_utf8(text)) << offset;
    EXPECT_TRUE(is_utf8_portable(text)) << offset;
  }
}

TEST(Utf8Check, TakesEveryCodePointButSurrogates) {
  std::string all;
  for (uint32_t point = 0; point <= 0x10FFFF; ++point) {
    if (point >= 0xD800 && point <= 0xDFFF) continue;
    const auto add = [&](uint32_t bits) { all += static_cast<char>(bits); };
    if (point >= 0x10000) add(0xF0 | point >> 18), add(0x80 | (point >> 12 & 0x3F));
    if (point >= 0x800 && point < 0x10000) add(0xE0 | point >> 12);
    if (point >= 0x800) add(0x80 | (point >> 6 & 0x3F));
    if (point >= 0x80 && point < 0x800) add(0xC0 | point >> 6);
    add(point < 0x80 ? point : 0x80 | (point & 0x3F));
  }
  EXPECT_TRUE(is_utf8(all));
  EXPECT_TRUE(is_utf8_portable(all));
}

}  // namespace
}  // namespace plasmite
