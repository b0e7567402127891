#include "core/record/json_pretty.h"

#include <gtest/gtest.h>

#include <string>

namespace plasmite {
namespace {

std::string pretty(std::string_view json, PrettyOptions options = {}) {
  std::string out;
  append_pretty_json(out, json, options);
  return out;
}

TEST(JsonPretty, IndentsByTwoAndSpacesAfterColons) {
  EXPECT_EQ(pretty(R"({"a":1,"b":[true,null],"c":{"d":"x"}})"),
            "{\n"
            "  \"a\": 1,\n"
            "  \"b\": [\n"
            "    true,\n"
            "    null\n"
            "  ],\n"
            "  \"c\": {\n"
            "    \"d\": \"x\"\n"
            "  }\n"
            "}");
}

TEST(JsonPretty, WritesEmptyContainersWithoutALineBetween) {
  EXPECT_EQ(pretty("{}"), "{}");
  EXPECT_EQ(pretty("[ ]"), "[]");
  EXPECT_EQ(pretty(R"({"a":{},"b":[]})"), "{\n  \"a\": {},\n  \"b\": []\n}");
}

TEST(JsonPretty, LeavesNumbersDuplicatesOrderAndEscapesAlone) {
  EXPECT_EQ(
      pretty(R"({"z":1.10,"a":1e400,"z":-0,"n":123456789012345678901234567890,"s":"\u0041\/"})"),
      "{\n"
      "  \"z\": 1.10,\n"
      "  \"a\": 1e400,\n"
      "  \"z\": -0,\n"
      "  \"n\": 123456789012345678901234567890,\n"
      "  \"s\": \"\\u0041\\/\"\n"
      "}");
}

TEST(JsonPretty, IsNotMisledByPunctuationInStrings) {
  EXPECT_EQ(pretty(R"({"a{\"[":"},:\\"})"), "{\n  \"a{\\\"[\": \"},:\\\\\"\n}");
}

TEST(JsonPretty, DropsTheOldLayout) {
  EXPECT_EQ(pretty(" {\r\n\t\"a\" :\n1 } "), "{\n  \"a\": 1\n}");
}

TEST(JsonPretty, PrintsAScalarAsItIs) {
  EXPECT_EQ(pretty("12"), "12");
  EXPECT_EQ(pretty("\"x\""), "\"x\"");
  EXPECT_EQ(pretty(""), "");
}

TEST(JsonPretty, ColorsEachTokenAndNoWhiteSpace) {
  EXPECT_EQ(pretty(R"({"k":["s",1,true,null]})", {.color = true}),
            "\x1b[39m{\x1b[0m\n"
            "  \x1b[36m\"k\"\x1b[0m\x1b[39m:\x1b[0m \x1b[39m[\x1b[0m\n"
            "    \x1b[32m\"s\"\x1b[0m\x1b[39m,\x1b[0m\n"
            "    \x1b[33m1\x1b[0m\x1b[39m,\x1b[0m\n"
            "    \x1b[35mtrue\x1b[0m\x1b[39m,\x1b[0m\n"
            "    \x1b[39mnull\x1b[0m\n"
            "  \x1b[39m]\x1b[0m\n"
            "\x1b[39m}\x1b[0m");
}

TEST(JsonPretty, EscapesForATerminalWhatItWouldActOn) {
  const std::string json =
      "{\"a\":\"\x7F\xC2\x9B"
      "31m\xE2\x80\xAE"
      "x\xC3\xA4\xF0\x9F\x98\x80\"}";
  EXPECT_EQ(pretty(json, {.for_terminal = true}),
            "{\n  \"a\": \"\\u007f\\u009b31m\\u202ex\xC3\xA4\xF0\x9F\x98\x80\"\n}");
  EXPECT_EQ(pretty(json),
            "{\n  \"a\": \"\x7F\xC2\x9B"
            "31m\xE2\x80\xAE"
            "x\xC3\xA4\xF0\x9F\x98\x80\"\n}");
  EXPECT_EQ(pretty("\"\xFF\x1b[0m\"", {.for_terminal = true}), "\"\xEF\xBF\xBD\\u001b[0m\"");
}

TEST(JsonPretty, EndsForAnyBytes) {
  for (const char* text :
       {"\"", "\"\\", "{", "[[", "}", "]]", ",", ":", "{\"a\"", "tru", "\\", "[}"})
    EXPECT_LE(pretty(text).size(), 40u) << text;
  // Hostile nesting must not make the output grow with the square of the input.
  EXPECT_LT(pretty(std::string(20000, '[')).size(), 20000u * 300);
}

}  // namespace
}  // namespace plasmite
