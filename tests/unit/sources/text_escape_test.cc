#include "sources/text_escape.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/record/json_escape.h"

namespace plasmite {
namespace {

// Escapes with something hostile behind the text: none of it may show.
std::string escaped(std::string_view text, bool* non_ascii = nullptr) {
  std::string padded(text);
  padded.append(kJsonPadding, '"');
  std::string out(6 * text.size() + kEscapeSlack, 'x');
  const EscapedText result =
      escape_text(out.data(), {.text = std::string_view(padded).substr(0, text.size())});
  if (non_ascii != nullptr) *non_ascii = result.non_ascii;
  out.resize(static_cast<size_t>(result.end - out.data()));
  return out;
}

std::string reference(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out.substr(1, out.size() - 2);
}

TEST(TextEscape, EveryByteAtEveryPlaceInABlock) {
  for (int byte = 0; byte < 256; ++byte) {
    for (size_t at = 0; at < 34; ++at) {
      std::string text(34, 'a');
      text[at] = static_cast<char>(byte);
      ASSERT_EQ(escaped(text), reference(text)) << "byte " << byte << " at " << at;
    }
  }
}

TEST(TextEscape, RandomTextsOfAllLengthsEqualTheReference) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 100, '\0');
    const int mode = static_cast<int>(random() % 3);  // all bytes, mostly plain, mostly special
    for (char& c : text) {
      c = static_cast<char>(random());
      if (mode == 1 && random() % 8 != 0) c = 'k';
      if (mode == 2 && random() % 8 != 0) c = "\"\\\n\x01"[random() % 4];
    }
    ASSERT_EQ(escaped(text), reference(text)) << "round " << round;
    ASSERT_EQ(reference(text).size(), text.size() + escape_growth(text, /*replaced=*/false));
  }
}

TEST(TextEscape, SaysWhetherBytesAboveAsciiWereCopied) {
  for (size_t length = 0; length < 40; ++length) {
    bool non_ascii = true;
    escaped(std::string(length, 'a'), &non_ascii);
    EXPECT_FALSE(non_ascii) << length;
    for (size_t at = 0; at < length; ++at) {
      std::string text(length, 'a');
      text[at] = '\x80';
      escaped(text, &non_ascii);
      EXPECT_TRUE(non_ascii) << at << " of " << length;
    }
  }
}

TEST(TextEscape, BytesBehindTheTextDoNotCountAsNonAscii) {
  std::string padded = "abc";
  padded.append(kJsonPadding, '\xff');
  char out[64];
  EXPECT_FALSE(escape_text(out, {.text = std::string_view(padded).substr(0, 3)}).non_ascii);
}

TEST(TextEscape, GrowthIsAnUpperBoundForReplacedBytes) {
  std::mt19937 random(11);
  for (int round = 0; round < 5'000; ++round) {
    std::string text(random() % 60, '\0');
    for (char& c : text) c = static_cast<char>(random());
    std::string lossy;
    append_json_string_lossy(lossy, text);
    ASSERT_LE(lossy.size() - 2, text.size() + escape_growth(text, /*replaced=*/true));
  }
}

}  // namespace
}  // namespace plasmite
