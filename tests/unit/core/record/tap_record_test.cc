#include "core/record/tap_record.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace plasmite {
namespace {

class TapRecords : public testing::Test {
 protected:
  // The record lives until the next call.
  const TapRecord& read(std::string_view body, const std::vector<std::string>& tags = {}) {
    body_ = body;
    tags_ = *TagBlock::encode(tags);
    record_ = reader_.read({.seq = 1, .tags = TagsView(tags_.bytes()), .body = body_});
    return record_;
  }
  const TapLine* line(std::string_view body) { return std::get_if<TapLine>(&read(body)); }
  bool is_foreign(std::string_view body, const std::vector<std::string>& tags = {}) {
    return std::holds_alternative<std::monostate>(read(body, tags));
  }

 private:
  TapRecordReader reader_;
  std::string body_;
  TagBlock tags_;
  TapRecord record_;
};

TEST_F(TapRecords, PlainLines) {
  const TapLine* read = line(R"({"kind":"line","line":"text","stream":"stdout"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "text");
  EXPECT_FALSE(read->eol);
  EXPECT_EQ(read->stream, TapStream::out);
  EXPECT_FALSE(read->part);
  EXPECT_TRUE(read->ends_line());
  read = line(R"({"kind":"line","line":"","stream":"stderr"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "");
  EXPECT_EQ(read->stream, TapStream::err);
}

TEST_F(TapRecords, EscapesAndOtherKeysInAnyOrder) {
  const TapLine* read = line(R"({"kind":"line","line":"a\"\u001b\tö\\","stream":"stdout"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "a\"\x1b\tö\\");
  read = line(R"({"kind":"line","line":"x","later":[1,{"line":"y"}],"stream":"stdout"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "x");
  read = line(R"({"stream":"stderr","eol":"\r\r\n","line":"x","kind":"line"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->eol, "\r\r\n");
}

TEST_F(TapRecords, ExactBytesAndParts) {
  const TapLine* read =
      line(R"({"eol":"","kind":"line","line":"\ufffda","line_base64":"/2E=","stream":"stdout"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "\xff\x61");
  EXPECT_EQ(read->eol, "");
  read = line(
      R"({"kind":"line","line":"a","part":{"id":"i-1","n":3,"last":false},"stream":"stdout"})");
  ASSERT_TRUE(read && read->part);
  EXPECT_EQ(read->part->id, "i-1");
  EXPECT_EQ(read->part->number, 3u);
  EXPECT_FALSE(read->ends_line());
  read =
      line(R"({"kind":"line","line":"a","part":{"id":"i-1","n":4,"last":true},"stream":"stdout"})");
  ASSERT_TRUE(read && read->part);
  EXPECT_TRUE(read->ends_line());
  EXPECT_FALSE(read->eol);
}

TEST_F(TapRecords, WhatTapNeverWritesIsNotItsOwn) {
  for (const char* body : {
           "",
           "{}",
           "not json",
           R"({"line":"x","stream":"stdout"})",
           R"({"kind":"line","stream":"stdout"})",
           R"({"kind":"line","line":7,"stream":"stdout"})",
           R"({"kind":"line","line":"x","stream":"third"})",
           R"({"kind":"line","line":"x"})",
           R"({"kind":"line","line":"x","line_base64":"*","stream":"stdout"})",
           R"({"kind":"line","line":"x","line_base64":null,"stream":"stdout"})",
           R"({"eol":"x","kind":"line","line":"x","stream":"stdout"})",
           R"({"eol":"\n\r","kind":"line","line":"x","stream":"stdout"})",
           R"({"kind":"line","line":"x","part":{},"stream":"stdout"})",
           R"({"kind":"line","line":"x","part":{"id":"i","n":-1,"last":true},"stream":"stdout"})",
           R"({"kind":"line","line":"x","part":7,"stream":"stdout"})",
       })
    EXPECT_TRUE(is_foreign(body)) << body;
}

TEST_F(TapRecords, LifecycleRecordsAreTaggedSo) {
  const std::vector<std::string> tags = {"lifecycle"};
  const auto* start = std::get_if<TapRunStart>(
      &read(R"({"cmd":["make","-j4"],"kind":"start","pid":1,"run":"ab"})", tags));
  ASSERT_TRUE(start);
  EXPECT_EQ(start->run, "ab");
  EXPECT_EQ(start->command, "make -j4");
  EXPECT_FALSE(start->pty);
  start = std::get_if<TapRunStart>(&read(R"({"kind":"start","pty":true})", tags));
  EXPECT_TRUE(start != nullptr && start->pty);
  const auto* end =
      std::get_if<TapRunEnd>(&read(R"({"code":3,"elapsed_ms":12,"kind":"exit","run":"ab"})", tags));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->run, "ab");
  EXPECT_EQ(end->code, 3);
  EXPECT_EQ(end->elapsed_ms, 12u);
  end = std::get_if<TapRunEnd>(&read(R"({"kind":"exit","signal":"SIGTERM"})", tags));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->run, "");
  EXPECT_EQ(end->signal, "SIGTERM");
  EXPECT_FALSE(end->code);
  const auto* lost =
      std::get_if<TapRunLost>(&read(R"({"kind":"gap","run":"ab","source":"tap"})", tags));
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->run, "ab");
  lost = std::get_if<TapRunLost>(&read(R"({"kind":"gap","run":"cd","source":"web"})", tags));
  ASSERT_TRUE(lost) << "a run of a source of the agent";
  EXPECT_EQ(lost->run, "cd");
  EXPECT_TRUE(std::holds_alternative<TapOtherLifecycle>(
      read(R"({"kind":"gap","source":"journald"})", tags)));
  EXPECT_TRUE(is_foreign(R"({"cmd":["make"],"kind":"start","run":"ab"})"));
  EXPECT_TRUE(is_foreign(R"({"kind":"exit","run":"ab"})", {"exit"}));
}

}  // namespace
}  // namespace plasmite
