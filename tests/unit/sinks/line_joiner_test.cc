#include "sinks/line_joiner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace plasmite {
namespace {

class Joiner : public testing::Test {
 protected:
  // Returns what is to be written now: "bytes", "bytes|" where the line ends, "bytes?" where parts
  // are known to be missing, blanks between.
  std::string add(const char* id, uint64_t number, bool last, std::string_view bytes,
                  TapStream stream = TapStream::out) {
    joiner_.add({.stream = stream,
                 .bytes = bytes,
                 .eol = {},
                 .part = TapPart{.id = id, .number = number, .last = last}},
                /*seq=*/number + 1, "\n", ready_);
    return written();
  }
  std::string rest() {
    joiner_.take_rest(ready_);
    return written();
  }

  LineJoiner joiner_{{.line_bytes = 4, .all_bytes = 8, .lines = 3}};

 private:
  std::string written() {
    std::string text;
    for (const JoinedPiece& piece : std::exchange(ready_, {})) {
      if (!text.empty()) text += ' ';
      text += piece.bytes + (piece.ends_line ? "|" : "") + (piece.parts_missing ? "?" : "");
    }
    return text;
  }

  std::vector<JoinedPiece> ready_;
};

TEST_F(Joiner, HandsALineOnWhenItIsWhole) {
  EXPECT_EQ(add("a", 0, false, "1"), "");
  EXPECT_EQ(add("a", 1, false, "2"), "");
  EXPECT_EQ(add("a", 2, true, "3"), "123|");
  EXPECT_EQ(add("a", 0, true, "4"), "4|") << "nothing is left of the line before";
  EXPECT_EQ(rest(), "");
}

TEST_F(Joiner, LinesInTurnsDoNotTearEachOther) {
  EXPECT_EQ(add("a", 0, false, "1"), "");
  EXPECT_EQ(add("b", 0, false, "x"), "");
  EXPECT_EQ(add("a", 0, false, "e", TapStream::err), "") << "another stream is another line";
  EXPECT_EQ(add("b", 1, true, "y"), "xy|");
  EXPECT_EQ(add("a", 1, true, "2"), "12|");
  EXPECT_EQ(add("a", 1, true, "f", TapStream::err), "ef|");
}

TEST_F(Joiner, LongLinesComeAsTheirPartsCome) {
  EXPECT_EQ(add("a", 0, false, "1234"), "");
  EXPECT_EQ(add("a", 1, false, "5"), "12345");
  EXPECT_EQ(add("b", 0, true, "x"), "x|");
  EXPECT_EQ(add("a", 2, false, "6"), "6");
  EXPECT_EQ(add("a", 3, true, "7"), "7|");
  EXPECT_EQ(add("a", 0, false, "8"), "") << "another line with the same id";
  EXPECT_EQ(rest(), "8|?");
}

TEST_F(Joiner, AllTogetherAreBounded) {
  EXPECT_EQ(add("a", 0, false, "123"), "");
  EXPECT_EQ(add("b", 0, false, "456"), "");
  EXPECT_EQ(add("c", 0, false, "78"), "");
  EXPECT_EQ(add("c", 1, false, "9"), "123") << "the oldest goes on as its parts come";
  EXPECT_EQ(add("a", 1, false, "a"), "a");
  EXPECT_EQ(add("b", 1, true, ""), "456|");
  EXPECT_EQ(add("a", 2, true, ""), "|");
  EXPECT_EQ(add("c", 2, true, ""), "789|");
}

TEST_F(Joiner, TheOldestOfTooManyIsGivenUp) {
  for (const char* id : {"a", "b", "c"}) EXPECT_EQ(add(id, 0, false, id), "");
  EXPECT_EQ(add("d", 0, false, "d"), "a|?");
  EXPECT_EQ(add("b", 1, true, ""), "b|");
  EXPECT_EQ(rest(), "c|? d|?");
}

TEST_F(Joiner, KnowsTheOldestMessageItHoldsBack) {
  EXPECT_EQ(joiner_.oldest_held(), std::nullopt);
  add("a", 4, false, "1");  // of the message 5
  add("b", 2, false, "2");  // of the message 3
  add("b", 7, false, "3");
  EXPECT_EQ(joiner_.oldest_held(), 3u);
  add("b", 8, true, "4");
  EXPECT_EQ(joiner_.oldest_held(), 5u);
  add("a", 9, false, "5678");  // more than a line may hold: handed on
  EXPECT_EQ(joiner_.oldest_held(), std::nullopt);
}

TEST_F(Joiner, MissingPartsAreToldOnce) {
  EXPECT_EQ(add("a", 1, false, "2"), "");
  EXPECT_EQ(add("a", 3, true, "4"), "24|?");
  EXPECT_EQ(add("b", 2, false, "12345"), "12345?");
  EXPECT_EQ(add("b", 9, false, "6"), "6");
  EXPECT_EQ(add("b", 10, true, "7"), "7|");
  EXPECT_EQ(add("c", 0, false, "1"), "");
  EXPECT_EQ(rest(), "1|?");
}

}  // namespace
}  // namespace plasmite
