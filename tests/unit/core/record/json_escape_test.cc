#include "core/record/json_escape.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/record/utf8.h"

namespace plasmite {
namespace {

std::string escaped(std::string_view text) {
  std::string out = "before ";
  append_json_string(out, text);
  return out.substr(7);
}

std::string escaped_lossy(std::string_view bytes, bool* was_lossy = nullptr) {
  std::string out;
  append_json_string_lossy(out, bytes, was_lossy);
  return out;
}

// Byte by byte, from the text of the rule.
std::string slowly_escaped(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    char buffer[8];
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (static_cast<uint8_t>(c) < 0x20) {
          std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(c));
          out += buffer;
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

// The decoder of the WHATWG Encoding Standard, step by step, with U+FFFD for each error.
std::string slowly_decoded(std::string_view bytes) {
  std::string out, pending;
  int needed = 0;
  uint8_t lower = 0x80, upper = 0xBF;
  for (size_t i = 0; i < bytes.size();) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if (needed == 0) {
      ++i;
      if (byte <= 0x7F) {
        out += static_cast<char>(byte);
        continue;
      }
      if (byte >= 0xC2 && byte <= 0xDF) {
        needed = 1;
      } else if (byte >= 0xE0 && byte <= 0xEF) {
        if (byte == 0xE0) lower = 0xA0;
        if (byte == 0xED) upper = 0x9F;
        needed = 2;
      } else if (byte >= 0xF0 && byte <= 0xF4) {
        if (byte == 0xF0) lower = 0x90;
        if (byte == 0xF4) upper = 0x8F;
        needed = 3;
      } else {
        out += kReplacementCharacter;
        continue;
      }
      pending = static_cast<char>(byte);
    } else if (byte < lower || byte > upper) {
      out += kReplacementCharacter;  // and the byte is looked at again
      needed = 0;
      lower = 0x80;
      upper = 0xBF;
    } else {
      ++i;
      lower = 0x80;
      upper = 0xBF;
      pending += static_cast<char>(byte);
      if (--needed == 0) out += pending;
    }
  }
  if (needed > 0) out += kReplacementCharacter;
  return out;
}

TEST(JsonString, EscapesOnlyQuotesBackslashesAndControls) {
  EXPECT_EQ(escaped(""), "\"\"");
  EXPECT_EQ(escaped("plain"), "\"plain\"");
  EXPECT_EQ(escaped("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(escaped("\b\t\n\f\r"), R"("\b\t\n\f\r")");
  EXPECT_EQ(escaped(std::string_view("\0\x01\x1F", 3)), R"("\u0000\u0001\u001f")");
  EXPECT_EQ(escaped("/\x7F\xC3\xA4\xF0\x9F\x98\x80"), "\"/\x7F\xC3\xA4\xF0\x9F\x98\x80\"");
}

TEST(JsonString, FindsEveryByteToEscapeWhereverItStands) {
  for (int byte = 0; byte < 0x80; ++byte) {
    for (size_t at = 0; at < 80; ++at) {
      std::string text(80, 'x');
      text[at] = static_cast<char>(byte);
      ASSERT_EQ(escaped(text), slowly_escaped(text)) << "byte " << byte << " at " << at;
    }
  }
}

TEST(LossyJsonString, KeepsWhatIsUtf8) {
  bool lossy = true;
  EXPECT_EQ(escaped_lossy("\xE2\x82\xAC\n", &lossy), "\"\xE2\x82\xAC\\n\"");
  EXPECT_FALSE(lossy);
}

TEST(LossyJsonString, ReplacesEachMaximalSubpartOnce) {
  bool lossy = false;
  // The example of the Unicode standard, table 3-8 and its neighbours.
  EXPECT_EQ(escaped_lossy("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64", &lossy),
            "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
            "b\xEF\xBF\xBD"
            "c\xEF\xBF\xBD\xEF\xBF\xBD"
            "d\"");
  EXPECT_TRUE(lossy);
  EXPECT_EQ(escaped_lossy("\xFF"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(escaped_lossy("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(LossyJsonString, AgreesWithTheStepByStepDecoderOnAllShortSequences) {
  const std::string alphabet(
      "\x41\x22\x0A\x7F\x80\x8F\x90\x9F\xA0\xBF\xC1\xC2\xE0\xE1\xED\xEF"
      "\xF0\xF1\xF4\xF5\xFF",
      21);
  std::string text(4, ' ');
  for (char a : alphabet)
    for (char b : alphabet)
      for (char c : alphabet)
        for (char d : alphabet) {
          text = {a, b, c, d};
          ASSERT_EQ(escaped_lossy(text), slowly_escaped(slowly_decoded(text)))
              << testing::PrintToString(std::vector<int>(text.begin(), text.end()));
        }
}

TEST(LossyJsonString, AgreesWithTheStepByStepDecoderOnRandomBytes) {
  std::mt19937 random(20260501);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(random() % 100, ' ');
    for (char& c : bytes) c = static_cast<char>(random() % 3 ? 'a' + random() % 26 : random());
    bool lossy = false;
    ASSERT_EQ(escaped_lossy(bytes, &lossy), slowly_escaped(slowly_decoded(bytes))) << round;
    ASSERT_EQ(lossy, slowly_decoded(bytes) != bytes) << round;
  }
}

TEST(Base64, EncodesTheVectorsOfItsStandard) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_encode("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_encode(std::string_view("\0\0\0\0", 4)), "AAAAAA==");
  EXPECT_EQ(base64_encode("\xFF\xFF\xFE\xFB\xEF\xBE"), "///+++++");
}

}  // namespace
}  // namespace plasmite
