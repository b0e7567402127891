#include "core/record/json_grammar.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace plasmite {
namespace {

TEST(JsonNumber, IsAsLongAsTheGrammarGoes) {
  for (const auto& [text, length] : std::vector<std::pair<std::string, size_t>>{
           {"0", 1},     {"-0", 2},        {"12", 2},  {"1.5", 3},  {"1e5", 3},  {"1E+5", 4},
           {"1e-05", 5}, {"-1.50e400", 9}, {"0.0", 3}, {"01", 1},   {"-01", 2},  {"1.", 1},
           {"1.e5", 1},  {"1e", 1},        {"1e+", 1}, {"1.5e", 3}, {"-", 0},    {"", 0},
           {".5", 0},    {"+1", 0},        {"NaN", 0}, {"-Inf", 0}, {"0x10", 1}, {"1_000", 1},
           {"12,3", 2},  {"1e5.5", 3},     {"--1", 0}, {"-.5", 0},
       })
    EXPECT_EQ(json_number_length(text), length) << text;
}

TEST(JsonDefect, IsNoneForValidText) {
  for (const char* text :
       {"{}", "[]", "0", "true", "false", "null", "\"\"", " { \"a\" : [ 1 , 2 ] } \r\n\t",
        R"({"a":{"b":[[],{},[{}]]}})", R"("\"\\\/\b\f\n\r\t\u12aF\uD83D\uDE00")", "1e400",
        "[-0,0.1,1E+9]", "\"\x7F\xC3\xA4\"", R"({"a":1,"a":2})"})
    EXPECT_FALSE(find_json_defect(text)) << text;
}

// Bad texts, and where.
std::vector<std::pair<std::string, size_t>> defects() {
  return {
      {"", 0},
      {"  ", 2},
      {"{", 1},
      {"{\"a\"", 4},
      {"{\"a\":", 5},
      {"{\"a\":1", 6},
      {"{\"a\":1,", 7},
      {"{\"a\":1,}", 7},
      {"{\"a\" 1}", 5},
      {"{a:1}", 1},
      {"{1:1}", 1},
      {"{,}", 1},
      {"[1,]", 3},
      {"[1 2]", 3},
      {"[,1]", 1},
      {"[1}", 2},
      {"{}}", 2},
      {"{} {}", 3},
      {"{}\x01", 2},
      {"tru", 3},
      {"trux", 3},
      {"truex", 4},
      {"nul]", 3},
      {"01", 1},
      {"-01", 2},
      {"1.", 2},
      {"1.x", 2},
      {"1e", 2},
      {"1e+", 3},
      {"1.5.5", 3},
      {"-", 1},
      {"-x", 1},
      {".5", 0},
      {"+1", 0},
      {"NaN", 0},
      {"\xEF\xBB\xBF{}", 0},
      {"\"a", 2},
      {"\"a\\", 3},
      {"\"a\\x\"", 3},
      {"\"\t\"", 1},
      {"\"\\u12g4\"", 3},
      {"\"\\u12", 3},
      {"\"\\ud800\"", 1},
      {"\"\\ud800\\u0041\"", 1},
      {"\"x\\udc00\"", 2},
      {"\"\\udc00\\udc00\"", 1},
      {"\"ab\xFF\"", 3},
      {"\"ab\xC3\"", 3},
      {"\"\xED\xA0\x80\"", 1},
      {std::string("{}\0", 3), 2},
      {std::string("\0", 1), 0},
      {std::string(129, '['), 128},
  };
}

TEST(JsonDefect, IsAtTheFirstByteThatCannotBe) {
  for (const auto& [text, offset] : defects()) {
    const auto defect = find_json_defect(text);
    ASSERT_TRUE(defect) << text;
    EXPECT_EQ(defect->offset, offset) << text << ": " << defect->what;
    EXPECT_NE(defect->what, "") << text;
  }
}

TEST(JsonDefect, CountsContainersUpToTheLimit) {
  EXPECT_FALSE(find_json_defect(std::string(128, '[') + std::string(128, ']')));
  EXPECT_TRUE(find_json_defect(std::string(129, '[') + std::string(129, ']')));
  EXPECT_FALSE(find_message_defect(std::string(129, '[') + std::string(129, ']')));
  EXPECT_TRUE(find_message_defect(std::string(130, '[') + std::string(130, ']')));
}

}  // namespace
}  // namespace plasmite
