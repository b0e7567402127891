#include "core/record/envelope.h"

#include <gtest/gtest.h>

#include <limits>

namespace plasmite {
namespace {

constexpr int64_t kTime = 1777889472'500'000'000;  // 2026-05-04T10:11:12.5Z

TEST(Envelope, PutsTheStoredTextBetweenItsKeys) {
  std::string out = "x";
  EnvelopeWriter writer;
  writer.append_message(out, {.seq = 41, .time_ns = kTime, .tags = {}, .body = R"({"a":1e400})"});
  EXPECT_EQ(out,
            R"(x{"data":{"a":1e400},"meta":{"tags":[]},"seq":41,"time":"2026-05-04T10:11:12.5Z"})");
}

TEST(Envelope, SaysThePoolBehindMeta) {
  std::string out;
  EnvelopeWriter writer;
  writer.append_message(out, {.seq = 41, .time_ns = kTime, .tags = {}, .body = "{}"}, R"("web")");
  EXPECT_EQ(out, R"({"data":{},"meta":{"tags":[]},"pool":"web","seq":41,)"
                 R"("time":"2026-05-04T10:11:12.5Z"})");
}

TEST(Envelope, KeepsTagsInOrderWithDuplicatesAndEscapesThem) {
  const auto tags = TagBlock::encode({"ci", "a\"b", "ci", ""});
  ASSERT_TRUE(tags);
  std::string out;
  EnvelopeWriter writer;
  writer.append_message(
      out, {.seq = 1, .time_ns = kTime, .tags = TagsView(tags->bytes()), .body = "{}"});
  EXPECT_EQ(out, R"({"data":{},"meta":{"tags":["ci","a\"b","ci",""]},"seq":1,)"
                 R"("time":"2026-05-04T10:11:12.5Z"})");
}

TEST(Envelope, ReceiptHasNoData) {
  const auto tags = TagBlock::encode({"ci"});
  ASSERT_TRUE(tags);
  std::string out;
  EnvelopeWriter writer;
  writer.append_receipt(out, 7, 0, TagsView(tags->bytes()));
  EXPECT_EQ(out, R"({"meta":{"tags":["ci"]},"seq":7,"time":"1970-01-01T00:00:00Z"})");
  out.clear();
  writer.append_receipt(out, 8, 0, {});
  EXPECT_EQ(out, R"({"meta":{"tags":[]},"seq":8,"time":"1970-01-01T00:00:00Z"})");
}

TEST(Envelope, HoldsTheLongestValues) {
  std::string out;
  EnvelopeWriter writer;
  writer.append_receipt(out, std::numeric_limits<uint64_t>::max(),
                        std::numeric_limits<int64_t>::min(), {});
  EXPECT_EQ(out, R"({"meta":{"tags":[]},"seq":18446744073709551615,)"
                 R"("time":"1677-09-21T00:12:43.145224192Z"})");
}

TEST(Envelope, StaysJsonWhenAHostileFileHoldsTagsThatAreNoText) {
  std::string out;
  EnvelopeWriter writer;
  writer.append_receipt(out, 1, 0, TagsView(std::string_view("\x03\0\x02\xFF\n", 5)));
  EXPECT_EQ(out,
            "{\"meta\":{\"tags\":[\"\xEF\xBF\xBD\\n\"]},\"seq\":1,"
            "\"time\":\"1970-01-01T00:00:00Z\"}");
}

}  // namespace
}  // namespace plasmite
