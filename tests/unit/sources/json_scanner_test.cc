#include "sources/json_scanner.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/record/json_grammar.h"

namespace plasmite {
namespace {

using State = JsonScanner::State;

struct Scanned {
  State state;
  size_t bytes;
  bool operator==(const Scanned&) const = default;
};

// In one piece, and byte by byte, which must be the same.
Scanned scan(std::string_view text) {
  JsonScanner whole, single;
  const Scanned scanned{.state = State::open, .bytes = whole.scan(text)};
  size_t bytes = 0;
  while (bytes < text.size() && single.scan(text.substr(bytes, 1)) == 1) ++bytes;
  EXPECT_EQ(bytes, scanned.bytes) << text;
  EXPECT_EQ(single.state(), whole.state()) << text;
  return {.state = whole.state(), .bytes = scanned.bytes};
}

TEST(JsonScanner, KnowsWhereAValueEnds) {
  for (const std::string text :
       {"{}", "[]", "\"\"", "true", "false", "null", "{\"a\":{\"}\":[1,2.5e-7,\"]\"]}}",
        " \t\r\n{ \"a\" : [ ] , \"b\" : { } }", "\"\\\"\\\\\\/\\b\\u00Af\"", "[{},[[]],null]"}) {
    EXPECT_EQ(scan(text), (Scanned{State::complete, text.size()})) << text;
    EXPECT_EQ(scan(text + "{"), (Scanned{State::complete, text.size()})) << text;
    EXPECT_EQ(scan(text + "x"), (Scanned{State::complete, text.size()})) << text;
  }
}

TEST(JsonScanner, ANumberEndsWithWhatFollowsIt) {
  EXPECT_EQ(scan("-12.5e+3"), (Scanned{State::open, 8}));
  for (const char* after : {" ", "\n", "{", "\x1E", "x", ","})
    EXPECT_EQ(scan(std::string("12") + after), (Scanned{State::complete, 2})) << after;
}

TEST(JsonScanner, ABeginningIsOpen) {
  const std::string text = R"({"a\n":[1, true, {"b":"\u00e4"}, [ ] ], "c" : null})";
  for (size_t length = 0; length < text.size(); ++length)
    EXPECT_EQ(scan(text.substr(0, length)), (Scanned{State::open, length})) << length;
}

TEST(JsonScanner, SaysWhichByteBreaksIt) {
  const std::pair<const char*, size_t> broken[] = {{"}", 0},
                                                   {"]", 0},
                                                   {",", 0},
                                                   {"nope", 1},
                                                   {"True", 0},
                                                   {"{a", 1},
                                                   {"{1", 1},
                                                   {"{\"a\" 1", 5},
                                                   {"{\"a\":}", 5},
                                                   {"{\"a\":1,}", 7},
                                                   {"{\"a\":1]", 6},
                                                   {"[1}", 2},
                                                   {"[1,]", 3},
                                                   {"[,", 1},
                                                   {"[1 2", 3},
                                                   {"\"\n", 1},
                                                   {"\"\\x", 2},
                                                   {"\"\\u00g", 5},
                                                   {"[tru,", 4},
                                                   {"{\"a\":1 \"b\"", 7},
                                                   {"{,", 1},
                                                   {"{\"a\":1,,", 7},
                                                   {"\xEF\xBB\xBF{", 0},
                                                   {"[\x1E", 1},
                                                   {"[1\x1E", 2}};
  for (const auto& [text, at] : broken) EXPECT_EQ(scan(text), (Scanned{State::broken, at})) << text;
}

TEST(JsonScanner, NestingHasALimit) {
  const std::string deep(kMaxJsonDepth, '[');
  EXPECT_EQ(scan(deep), (Scanned{State::open, deep.size()}));
  EXPECT_EQ(scan(deep + "["), (Scanned{State::broken, deep.size()}));
  EXPECT_EQ(scan(deep + std::string(kMaxJsonDepth, ']')).state, State::complete);
}

// Broken must mean broken, or good records would be lost; and a valid value is complete.
TEST(JsonScanner, NeverContradictsTheGrammar) {
  std::minstd_rand random(7);
  const std::string_view pieces[] = {"{",     "}",     "[", "]",       ",",    ":",    "\"",
                                     "\"a\"", "\\",    "1", "-2.5e3",  "true", "null", " ",
                                     "\n",    "u00e4", "x", "{\"a\":", "{}",   "[]"};
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (size_t n = 1 + random() % 8; n > 0; --n) text += pieces[random() % std::size(pieces)];
    JsonScanner scanner;
    const size_t bytes = scanner.scan(text);
    const auto defect = find_json_defect(text);
    if (!defect) {
      ASSERT_NE(scanner.state(), State::broken) << text;
      ASSERT_EQ(text.find_first_not_of(" \n", bytes), std::string::npos) << text;
    }
    if (scanner.state() == State::broken) {
      ASSERT_TRUE(defect.has_value()) << text;
      ASSERT_LE(defect->offset, bytes) << text;
    }
    // The other way round: what the grammar finds wrong before the end is no beginning. (Numbers
    // are not looked at closely.)
    if (defect && defect->offset < text.size() && scanner.state() == State::open) {
      ASSERT_NE(text.find_first_of("-0123456789"), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace plasmite
