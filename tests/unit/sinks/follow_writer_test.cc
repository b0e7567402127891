#include "sinks/follow_writer.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace plasmite {
namespace {

using Format = FollowWriterOptions::Format;
using Written = MessageSink::Written;

MessageView message(uint64_t seq, std::string_view body) {
  return {.seq = seq, .time_ns = 1'500'000'000, .tags = {}, .body = body};
}

struct Output {
  std::vector<std::string> blocks;
  bool open = true;

  FollowWriterOptions options(Format format) {
    FollowWriterOptions result;
    result.format = format;
    result.output = [this](std::string_view block) -> Result<bool> {
      blocks.emplace_back(block);
      return open;
    };
    return result;
  }
};

TEST(FollowWriter, WritesNothingBeforeFlush) {
  Output output;
  FollowWriter writer(output.options(Format::jsonl));
  EXPECT_EQ(writer.write(message(1, "{}")), Written::shown);
  EXPECT_TRUE(output.blocks.empty());
  EXPECT_EQ(writer.flush(), true);
  ASSERT_EQ(output.blocks.size(), 1u);
  EXPECT_EQ(output.blocks[0],
            "{\"data\":{},\"meta\":{\"tags\":[]},\"seq\":1,\"time\":\"1970-01-01T00:00:01.5Z\"}\n");
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(output.blocks.size(), 1u) << "an empty block is not written";
}

TEST(FollowWriter, BlocksHoldWholeMessagesAndAboutSixtyFourKiB) {
  Output output;
  FollowWriter writer(output.options(Format::jsonl));
  for (uint64_t seq = 1; seq <= 10'000; ++seq)
    EXPECT_EQ(writer.write(message(seq, "{}")), Written::shown);
  EXPECT_GT(output.blocks.size(), 5u);
  for (const std::string& block : output.blocks) {
    EXPECT_EQ(block.back(), '\n');
    EXPECT_GT(block.size(), 60u << 10);
    EXPECT_LE(block.size(), 64u << 10);
  }
}

TEST(FollowWriter, KnowsWhatIsNotWrittenYet) {
  Output output;
  FollowWriter writer(output.options(Format::jsonl));
  EXPECT_EQ(writer.oldest_unwritten(), std::nullopt);
  for (const uint64_t seq : {3, 4}) EXPECT_EQ(writer.write(message(seq, "{}")), Written::shown);
  EXPECT_EQ(writer.oldest_unwritten(), 3u);
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(writer.oldest_unwritten(), std::nullopt);
  const std::string long_body = '"' + std::string(70'000, 'x') + '"';
  EXPECT_EQ(writer.write(message(5, long_body)), Written::shown);
  EXPECT_EQ(writer.oldest_unwritten(), std::nullopt) << "a full block goes out at once";
}

TEST(FollowWriter, WhatCouldNotBeWrittenStaysUnwritten) {
  Output output;
  output.open = false;
  FollowWriter writer(output.options(Format::jsonl));
  EXPECT_EQ(writer.write(message(3, "{}")), Written::shown);
  EXPECT_EQ(writer.flush(), false);
  output.open = true;
  EXPECT_EQ(writer.write(message(4, "{}")), Written::shown);
  EXPECT_EQ(writer.finish(), true);
  EXPECT_EQ(writer.oldest_unwritten(), 3u);
}

TEST(FollowWriter, DataOnlyIsTheStoredText) {
  Output output;
  FollowWriterOptions options = output.options(Format::jsonl);
  options.data_only = true;
  FollowWriter writer(options);
  EXPECT_EQ(writer.write(message(1, "{\"b\":1e400,\"a\":1,\"b\":2}")), Written::shown);
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(output.blocks[0], "{\"b\":1e400,\"a\":1,\"b\":2}\n");
}

TEST(FollowWriter, PrettyIsLaidOut) {
  Output output;
  FollowWriterOptions options = output.options(Format::pretty);
  options.data_only = true;
  FollowWriter writer(options);
  EXPECT_EQ(writer.write(message(1, "{\"a\":[]}")), Written::shown);
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(output.blocks[0], "{\n  \"a\": []\n}\n");
}

TEST(FollowWriter, SaysWhenNobodyReads) {
  Output output;
  output.open = false;
  FollowWriter writer(output.options(Format::jsonl));
  EXPECT_EQ(writer.write(message(1, "{}")), Written::shown);
  EXPECT_EQ(writer.flush(), false);
}

TEST(FollowWriter, PassesErrorsOn) {
  FollowWriterOptions options;
  options.format = Format::jsonl;
  options.output = [](std::string_view) -> Result<bool> {
    return std::unexpected(Error(ErrorKind::Io, "failed to write output"));
  };
  FollowWriter writer(options);
  EXPECT_TRUE(writer.write(message(1, "{}")));
  const auto flushed = writer.flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().kind(), ErrorKind::Io);
}

}  // namespace
}  // namespace plasmite
