#include "sources/journal/journal_encoder.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <map>
#include <string>
#include <vector>

#include "core/record/json_escape.h"

namespace plasmite {
namespace {

constexpr std::string_view kCursor =
    "s=a104d6a5560542d2950caf71a625ecb5;i=7d0;b=0000000000000000000000000000b008;m=f4240;"
    "t=640b5eece0000;x=e90b0471636d143";
const std::string kHead =
    "{\"__CURSOR\":\"" + std::string(kCursor) +
    "\",\"__REALTIME_TIMESTAMP\":\"1760000000000000\",\"__MONOTONIC_TIMESTAMP\":\"1000000\","
    "\"_BOOT_ID\":\"0000000000000000000000000000b008\"";

// Each field lies alone in memory of exactly its size, so that a sanitizer sees any read behind it.
class GivenFields : public JournalFields {
 public:
  explicit GivenFields(std::vector<std::string> fields, int end = 0)
      : fields_(std::move(fields)), end_(end) {}
  int next(std::string_view& field) override {
    if (at_ == fields_.size()) return end_;
    const std::string& given = fields_[at_++];
    current_ = std::make_unique<char[]>(given.size());
    std::copy(given.begin(), given.end(), current_.get());
    field = {current_.get(), given.size()};
    return 1;
  }
  void restart() override { at_ = 0; }

 private:
  std::vector<std::string> fields_;
  int end_;
  size_t at_ = 0;
  std::unique_ptr<char[]> current_;
};

using Outcome = JournalEncoder::Outcome;

// The record behind the head, or the name of what else came of it.
std::string encode(std::vector<std::string> given, size_t limit = kMaxRecordBytes) {
  JournalEncoder encoder(limit, {});
  GivenFields fields(std::move(given));
  if (encoder.encode(kCursor, *JournalCursor::parse(kCursor), fields) != Outcome::record)
    return "no record";
  const std::string text(encoder.text().view());
  EXPECT_LE(text.size(), limit);
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(text).error(), simdjson::SUCCESS) << text;
  EXPECT_TRUE(text.starts_with(kHead)) << text;
  return text.substr(kHead.size());
}

TEST(JournalEncoder, WritesTheAddressAndThenTheFieldsInTheirOrder) {
  EXPECT_EQ(encode({"MESSAGE=hello", "PRIORITY=6", "_PID=1"}),
            R"(,"MESSAGE":"hello","PRIORITY":"6","_PID":"1"})");
}

TEST(JournalEncoder, TheBootIsThereOnceOnly) {
  EXPECT_EQ(encode({"_BOOT_ID=0000000000000000000000000000b008", "A=b"}), R"(,"A":"b"})");
}

TEST(JournalEncoder, ValuesAreStringsAsTheyAre) {
  EXPECT_EQ(encode({"A=", "B==", "C=k=v", "D=\"\\\n\x1b", "E=sn\xc3\xb6 \xf0\x9d\x84\x9e"}),
            ","
            R"("A":"","B":"=","C":"k=v","D":"\"\\\n\u001b","E":"snö 𝄞"})");
}

TEST(JournalEncoder, BytesThatAreNotTextHaveASibling) {
  EXPECT_EQ(encode({std::string("MESSAGE=\xff\x00x", 11), "A=b"}),
            ",\"MESSAGE\":\"\xEF\xBF\xBD\\u0000x\",\"MESSAGE_base64\":\"/wB4\",\"A\":\"b\"}");
}

TEST(JournalEncoder, AFieldThatOccursAgainMakesAnArrayInThePlaceOfTheFirst) {
  EXPECT_EQ(encode({"A=1", "DUP=one", "B=2", "DUP=two", "DUP=one"}),
            R"(,"A":"1","DUP":["one","two","one"],"B":"2"})");
}

TEST(JournalEncoder, AnArrayWithBytesThatAreNotTextHasASiblingOfAllElements) {
  EXPECT_EQ(encode({"DUP=one", "DUP=\xff", "B=\xfe"}),
            ",\"DUP\":[\"one\",\"\xEF\xBF\xBD\"],\"DUP_base64\":[\"b25l\",\"/w==\"],"
            "\"B\":\"\xEF\xBF\xBD\",\"B_base64\":\"/g==\"}");
}

TEST(JournalEncoder, AThousandFieldsAreOneRecord) {
  std::vector<std::string> fields;
  std::string expected;
  for (int i = 0; i < 1024; ++i) {
    const std::string name = "F" + std::to_string(i);
    fields.push_back(name + "=x");
    expected += ",\"" + name + "\":\"x\"";
  }
  EXPECT_EQ(encode(fields), expected + "}");
}

TEST(JournalEncoder, NamesOfOneEntryAreForgottenInTheNext) {
  JournalEncoder encoder(kMaxRecordBytes, {});
  for (int i = 0; i < 3; ++i) {
    GivenFields fields({"A=1", "B=2"});
    ASSERT_EQ(encoder.encode(kCursor, *JournalCursor::parse(kCursor), fields), Outcome::record);
    EXPECT_EQ(encoder.text().view(), kHead + R"(,"A":"1","B":"2"})");
  }
}

TEST(JournalEncoder, OfTooMuchTheLargestFieldsAreCutAndNoOthers) {
  const std::string large(5000, 'x');
  const std::string larger(6000, 'y');
  EXPECT_EQ(encode({"A=1", "LARGE=" + large, "LARGER=" + larger, "B=2"}, 8000),
            R"(,"A":"1","LARGE":")" + large + R"(","LARGER":{"truncated_bytes":6000},"B":"2"})");
  EXPECT_EQ(
      encode({"A=1", "LARGE=" + large, "LARGER=" + larger, "B=2"}, 2000),
      R"(,"A":"1","LARGE":{"truncated_bytes":5000},"LARGER":{"truncated_bytes":6000},"B":"2"})");
}

TEST(JournalEncoder, ALimitIsOfTheTextAndNotOfTheBytes) {
  // Six characters for each byte: too much only once it is escaped.
  EXPECT_EQ(encode({"A=" + std::string(1000, '\x01'), "B=2"}, 4000),
            R"(,"A":{"truncated_bytes":1000},"B":"2"})");
  EXPECT_EQ(encode({"A=" + std::string(1000, '\xff'), "B=2"}, 4000),
            R"(,"A":{"truncated_bytes":1000},"B":"2"})");
}

TEST(JournalEncoder, ARecordOfExactlyTheLimitIsWhole) {
  const std::string value(1000, 'x');
  const std::string whole = R"(,"A":")" + value + R"("})";
  EXPECT_EQ(encode({"A=" + value}, kHead.size() + whole.size()), whole);
  EXPECT_EQ(encode({"A=" + value}, kHead.size() + whole.size() - 1),
            R"(,"A":{"truncated_bytes":1000}})");
}

TEST(JournalEncoder, OneElementOfAnArrayCanBeCut) {
  EXPECT_EQ(encode({"D=one", "D=" + std::string(5000, 'x'), "D=\xff"}, 2000),
            ",\"D\":[\"one\",{\"truncated_bytes\":5000},\"\xEF\xBF\xBD\"],"
            "\"D_base64\":[\"b25l\",null,\"/w==\"]}");
}

TEST(JournalEncoder, OfAnArrayNoMoreElementsAreCutThanHaveToBe) {
  constexpr size_t kLimit = 20'000;
  const std::vector<std::string> fields(100, "D=" + std::string(100, '\xff'));
  const std::string record = encode(fields, kLimit);
  const std::string cut = "{\"truncated_bytes\":100}";
  EXPECT_NE(record.find(cut), record.npos);
  // An element is three bytes for each one, and four thirds of it in base64.
  EXPECT_LE(kHead.size() + record.size(), kLimit);
  EXPECT_GT(kHead.size() + record.size() + 302 + 138 - cut.size() - 4, kLimit);
}

TEST(JournalEncoder, TooManyFieldsForTheLimitAreNoRecord) {
  std::vector<std::string> fields;
  for (int i = 0; i < 1000; ++i) fields.push_back("F" + std::to_string(i) + "=some value");
  EXPECT_EQ(encode(fields, 1000), "no record");
}

TEST(JournalEncoder, HoldsNoMoreThanTheLimitOfManyLargeFields) {
  std::vector<std::string> fields;
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    fields.push_back("F" + std::to_string(i) + "=" + std::string(100000 + i, 'x'));
    expected += ",\"F" + std::to_string(i) + "\":";
    expected += i < 10 ? '"' + std::string(100000 + i, 'x') + '"'
                       : "{\"truncated_bytes\":" + std::to_string(100000 + i) + "}";
  }
  EXPECT_EQ(encode(fields), expected + "}");
}

TEST(JournalEncoder, WhatIsNoFieldIsLeftOut) {
  EXPECT_EQ(encode({"A=1", "no equals sign", "=x", "__CURSOR=s=1", "lower=1", "\"=1", "B=2",
                    std::string(65, 'N') + "=1"}),
            R"(,"A":"1","B":"2"})");
}

TEST(JournalEncoder, FieldsThatCannotBeReadMakeNoRecord) {
  JournalEncoder encoder(kMaxRecordBytes, {});
  GivenFields fields({"A=1", "B=2"}, -EBADMSG);
  EXPECT_EQ(encoder.encode(kCursor, *JournalCursor::parse(kCursor), fields), Outcome::unreadable);
}

TEST(JournalEncoder, KnowsItsOwnLog) {
  JournalEncoder encoder(
      kMaxRecordBytes,
      {.boot_id = {.high = 0, .low = 0xb008}, .pid = "123", .invocation_id = "abc"});
  const auto outcome = [&](std::vector<std::string> given, uint64_t boot = 0xb008) {
    GivenFields fields(std::move(given));
    auto position = *JournalCursor::parse(kCursor);
    position.boot_id.low = boot;
    return encoder.encode(kCursor, position, fields);
  };
  EXPECT_EQ(outcome({"A=1", "_PID=123"}), Outcome::own_log);
  EXPECT_EQ(outcome({"A=1", "_PID=123"}, 0xb007), Outcome::record) << "of another boot";
  EXPECT_EQ(outcome({"A=1", "_PID=1234"}), Outcome::record);
  EXPECT_EQ(outcome({"_SYSTEMD_INVOCATION_ID=abc"}, 0xb007), Outcome::own_log);
  EXPECT_EQ(outcome({"D=1", "D=2", "_SYSTEMD_INVOCATION_ID=abc"}), Outcome::own_log);
  EXPECT_EQ(outcome({"_SYSTEMD_INVOCATION_ID=abd"}), Outcome::record);
}

}  // namespace
}  // namespace plasmite
