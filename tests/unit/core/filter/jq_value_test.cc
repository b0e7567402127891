#include "core/filter/engine/jq_value.h"

#include <string>

#include <gtest/gtest.h>

namespace plasmite {
namespace {

std::string taken(jv value) {
  if (jv_is_valid(value) == 0) {
    jv_free(value);
    return "invalid";
  }
  jv text = jv_dump_string(value, 0);
  std::string copy(jv_string_value(text));
  jv_free(text);
  return copy;
}

std::string read(std::string text) {
  const size_t size = text.size();
  text.append(simdjson::SIMDJSON_PADDING, '\0');
  JqValueReader reader;
  return taken(reader.read(std::string_view(text).substr(0, size)));
}

TEST(JqValueReader, ReadsWhatJqReads) {
  for (const char* text : {"null",
                           "true",
                           "false",
                           "0",
                           "-1",
                           "12",
                           "0.1",
                           "-2.5e-3",
                           "1e300",
                           "1e-400",
                           "9007199254740993",
                           "-9223372036854775808",
                           "9223372036854775807",
                           "18446744073709551615",
                           R"("")",
                           R"("aé\u00e9\ud83d\ude00\n\u0000b")",
                           "[]",
                           "{}",
                           "[[],{},[1,[2]]]",
                           R"({"b":1,"a":{"c":[null,true]},"":""})",
                           R"({"data":{"n":1},"meta":{"tags":["x"]},"seq":1})"})
    EXPECT_EQ(read(text), taken(jv_parse(text))) << text;
}

TEST(JqValueReader, LeavesToJqWhatSimdjsonRefuses) {
  for (const char* text : {"18446744073709551616", "-9223372036854775809", "[1e400,-1e400]",
                           "[-0, 0]", "-0", "{\"a\": -0}", "[-0.0]", "[0,\"a-0\"]"})
    EXPECT_EQ(read(text), taken(jv_parse(text))) << text;
  EXPECT_EQ(read("[-0]"), "[-0]");
}

TEST(JqValueReader, TheLastOfDuplicateKeysCounts) {
  EXPECT_EQ(read(R"({"a":1,"b":2,"a":3})"), taken(jv_parse(R"({"a":1,"b":2,"a":3})")));
}

// The data of a message may be 128 deep.
TEST(JqValueReader, ReadsNumbersOfAnySizeInTheDeepestMessage) {
  const std::string text = R"({"data":)" + std::string(128, '[') + "1e400,-0," +
                           std::string(30, '7') + std::string(128, ']') + "}";
  EXPECT_EQ(read(text), taken(jv_parse(text.c_str())));
  EXPECT_NE(read(text), "invalid");
}

// "nan" and bytes that are not UTF-8 are values for jq's own parser.
TEST(JqValueReader, WhatIsNotJsonIsInvalid) {
  for (const char* text : {"", "{", "[1,]", "{\"a\"}", "tru", "\"", "1 2", "nan", "[nan]",
                           "\"\xff\"", R"(["\ud800"])", "\xef\xbb\xbf{}", R"({"a":0.1",[x:"b"})"})
    EXPECT_EQ(read(text), "invalid") << text;
}

TEST(JqValueReader, SaysWhatIsNotJsonOfTheTextAlone) {
  std::string text = "[1e400,]";
  const size_t size = text.size();
  text += "secret" + std::string(simdjson::SIMDJSON_PADDING, 'x');
  JqValueReader reader;
  jv why = jv_invalid_get_msg(reader.read(std::string_view(text).substr(0, size)));
  EXPECT_STREQ(jv_string_value(why), "a value is expected (text goes in double quotes) at byte 7");
  jv_free(why);
}

}  // namespace
}  // namespace plasmite
