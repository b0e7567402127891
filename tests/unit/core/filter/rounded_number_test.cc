#include "core/filter/rounded_number.h"

#include <gtest/gtest.h>

namespace plasmite {
namespace {

std::string first(std::string_view program) {
  const auto found = first_rounded_number(program);
  return found ? found->written + " -> " + found->used : "none";
}

TEST(RoundedNumber, IsAWholeNumberThatADoubleCannotHold) {
  EXPECT_EQ(first(".id == 9007199254740993"), "9007199254740993 -> 9007199254740992");
  EXPECT_EQ(first(".a > 1 and .id==12345678901234567891"),
            "12345678901234567891 -> 12345678901234567168");
  EXPECT_EQ(first("[00009007199254740993]"), "9007199254740993 -> 9007199254740992");
}

TEST(RoundedNumber, IsNotOneThatIsExact) {
  for (const char* program : {"", ".a", "1", "0", "000", "9007199254740992", "9007199254740994",
                              "18446744073709551616", "999999999999999"})
    EXPECT_EQ(first(program), "none") << program;
}

TEST(RoundedNumber, IsNotADecimalFraction) {
  EXPECT_EQ(first("0.1 + .5 + 9007199254740993.5 + 1e300 + 9007199254740993e0"), "none");
}

TEST(RoundedNumber, IsNotInsideNamesStringsAndComments) {
  EXPECT_EQ(first("$x9007199254740993 + f_9007199254740993"), "none");
  EXPECT_EQ(first(R"(.a == "9007199254740993")"), "none");
  EXPECT_EQ(first(R"(.a == "\"9007199254740993" # 9007199254740993)"), "none");
  EXPECT_EQ(first("# 9007199254740993\n9007199254740993"), "9007199254740993 -> 9007199254740992");
}

TEST(RoundedNumber, IsFoundInWhatAStringInterpolates) {
  EXPECT_EQ(first(R"x("a \(1 + (9007199254740993)) b")x"), "9007199254740993 -> 9007199254740992");
  EXPECT_EQ(first(R"x("a \(1 + ("x \(2) 9007199254740993")) 9007199254740993")x"), "none");
  EXPECT_EQ(first(R"x("\("\("\(1)")")" + 9007199254740993)x"),
            "9007199254740993 -> 9007199254740992");
}

TEST(RoundedNumber, IsShownShort) {
  const auto found = first_rounded_number(std::string(400, '7'));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->written, std::string(40, '7') + "…");
  EXPECT_EQ(found->used, "infinite");
}

}  // namespace
}  // namespace plasmite
