#include "agent/values.h"

#include <limits>

#include <gtest/gtest.h>

namespace plasmite {
namespace {

std::string refusal(const auto& result) {
  if (result) return "accepted";
  EXPECT_EQ(result.error().kind(), ErrorKind::Usage);
  EXPECT_FALSE(result.error().hint().empty());
  return result.error().message();
}

TEST(ParseSize, TakesDigitsAndOneBinaryUnit) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("4096"), 4096u);
  EXPECT_EQ(parse_size(" 64 k "), 65536u);
  EXPECT_EQ(parse_size("3M"), 3u << 20);
  EXPECT_EQ(parse_size("2g"), 2ull << 30);
  EXPECT_EQ(parse_size("1T"), 1ull << 40);
  EXPECT_EQ(parse_size("18446744073709551615"), std::numeric_limits<uint64_t>::max());
}

TEST(ParseSize, SaysWhatIsWrong) {
  for (const char* text : {"", " ", "K", "x1", "+1"})
    EXPECT_TRUE(refusal(parse_size(text)).starts_with("invalid size '")) << text;
  for (const char* text : {"1KiB", "1MB", "1.5M", "1 2", "1e3"})
    EXPECT_TRUE(refusal(parse_size(text)).starts_with("invalid size suffix")) << text;
  for (const char* text : {"18446744073709551616", "16777216T", "99999999999999999999999G"})
    EXPECT_TRUE(refusal(parse_size(text)).starts_with("size overflow")) << text;
  for (const char* text : {"-1", " -5M"})
    EXPECT_TRUE(refusal(parse_size(text)).contains("negative")) << text;
}

TEST(ParseDuration, NeedsItsUnit) {
  using std::chrono::milliseconds;
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration(" 10s "), milliseconds(10'000));
  EXPECT_EQ(parse_duration("5m"), milliseconds(300'000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("0ms"), milliseconds(0));
  for (const char* text : {"", "5", "s", "1S", "1d", "-1s", "1.5s", "1 s s", "9999999h",
                           "99999999999999999999ms", "18446744073709551615h"})
    EXPECT_TRUE(refusal(parse_duration(text)).starts_with("invalid duration")) << text;
}

TEST(ParseDurability, KnowsTwoWords) {
  EXPECT_EQ(parse_durability("fast"), Durability::fast);
  EXPECT_EQ(parse_durability(" flush\n"), Durability::flush);
  EXPECT_TRUE(refusal(parse_durability("FAST")).starts_with("invalid durability"));
}

TEST(ParseCount, NamesTheOption) {
  EXPECT_EQ(parse_count("18446744073709551615", "--tail"), std::numeric_limits<uint64_t>::max());
  for (const char* text : {"", "-1", "1K", "1.0", "18446744073709551616"})
    EXPECT_TRUE(refusal(parse_count(text, "--tail")).contains("for '--tail'")) << text;
}

}  // namespace
}  // namespace plasmite
