#include "sinks/text_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "core/record/json_escape.h"

namespace plasmite {
namespace {

using Written = MessageSink::Written;

std::string line(std::string_view text, std::string_view stream = "stdout",
                 const std::string& more = "") {
  std::string body = R"({"kind":"line","line":)";
  append_json_string(body, text);
  return body + more + R"(,"stream":")" + std::string(stream) + "\"}";
}

std::string part(int number, bool last) {
  return R"(,"part":{"id":"i","n":)" + std::to_string(number) + R"(,"last":)" +
         (last ? "true}" : "false}");
}

// Everything goes into one log: o[…] and e[…] are blocks, other words what the listener was told.
class Text : public testing::Test, protected TextListener {
 protected:
  TextWriterOptions options() {
    const auto to = [this](const char* name, const bool& open) {
      return TextWriterOptions::Stream{
          .output = [this, name, &open](std::string_view block) -> Result<bool> {
            log_ += name + ("[" + std::string(block) + "]");
            return open;
          }};
    };
    return {.out = to("o", out_open_), .err = to("e", err_open_), .listener = this};
  }
  Written write(TextWriter& writer, std::string_view body, const TagBlock& tags = {}) {
    const auto written =
        writer.write({.seq = ++seq_, .tags = TagsView(tags.bytes()), .body = body});
    EXPECT_TRUE(written);
    return written ? *written : Written::nobody_reads;
  }
  std::string log() { return std::exchange(log_, {}); }

  void on_other_message(uint64_t seq) override { log_ += "other" + std::to_string(seq); }
  void on_incomplete_line(TapStream, std::string_view id) override {
    log_ += "incomplete-" + std::string(id);
  }
  void on_run_start(const TapRunStart& start) override { log_ += "start-" + start.command; }
  void on_run_end(const TapRunEnd&) override { log_ += "end"; }
  void on_run_lost(const TapRunLost&) override { log_ += "lost"; }

  bool out_open_ = true;
  bool err_open_ = true;

 private:
  std::string log_;
  uint64_t seq_ = 0;
};

TEST_F(Text, EachLineGoesToItsStream) {
  TextWriter writer(options());
  EXPECT_EQ(write(writer, line("a")), Written::shown);
  EXPECT_EQ(write(writer, line("b", "stderr")), Written::shown);
  EXPECT_EQ(write(writer, line("c", "stdout", R"(,"line_base64":"/w==")")), Written::shown);
  EXPECT_EQ(log(), "") << "nothing before the flush";
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(log(), "o[a\n\xff\n]e[b\n]");
  EXPECT_EQ(writer.finish(), true);
  EXPECT_EQ(log(), "");
}

TEST_F(Text, OnePlaceKeepsTheOrder) {
  TextWriterOptions options = this->options();
  options.same_place = true;
  TextWriter writer(options);
  for (const char* stream : {"stdout", "stdout", "stderr", "stdout"})
    write(writer, line("x", stream));
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(log(), "o[x\nx\n]e[x\n]o[x\n]");
}

TEST_F(Text, PartsAreJoinedAndCountOnce) {
  TextWriter writer(options());
  EXPECT_EQ(write(writer, line("a", "stdout", part(0, false))), Written::passed_over);
  EXPECT_EQ(write(writer, line("x")), Written::shown);
  EXPECT_EQ(write(writer, line("b", "stdout", part(1, true))), Written::shown);
  EXPECT_EQ(write(writer, line("c", "stderr", part(0, false))), Written::passed_over);
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(log(), "o[x\nab\n]");
  EXPECT_EQ(writer.finish(), true);
  EXPECT_EQ(log(), "e[c]incomplete-i");
}

TEST_F(Text, OthersArePassedOverAndToldOnce) {
  TextWriter writer(options());
  write(writer, line("a"));
  EXPECT_EQ(write(writer, "{}"), Written::passed_over);
  EXPECT_EQ(log(), "o[a\n]other2") << "what came before is written before";
  EXPECT_EQ(write(writer, "{}"), Written::passed_over);
  EXPECT_EQ(log(), "");
}

TEST_F(Text, LifecycleRecordsAreTold) {
  TextWriter writer(options());
  const TagBlock tags = *TagBlock::encode({"lifecycle"});
  EXPECT_EQ(write(writer, R"({"cmd":["ls"],"kind":"start"})", tags), Written::passed_over);
  write(writer, line("a"));
  write(writer, R"({"code":0,"kind":"exit"})", tags);
  EXPECT_EQ(log(), "start-lso[a\n]end");
  write(writer, R"({"kind":"gap","run":"ab","source":"tap"})", tags);
  EXPECT_EQ(log(), "lost");
  write(writer, R"({"kind":"reject"})", tags);
  EXPECT_EQ(log(), "");
}

TEST_F(Text, LinesOfATerminalUsuallyEndInCrLf) {
  TextWriter writer(options());
  writer.begin_within_run(/*pty=*/true);
  write(writer, line("a"));
  write(writer, line("b", "stdout", R"(,"eol":"\n")"));
  const TagBlock lifecycle = *TagBlock::encode({"lifecycle"});
  write(writer, R"({"kind":"start","pty":true,"run":"aa"})", lifecycle);
  write(writer, R"({"kind":"start","run":"bb"})", lifecycle);
  log();
  write(writer, line("c"));
  write(writer, line("d", "stdout", part(0, false)), *TagBlock::encode({"x", "run:aa"}));
  write(writer, line("e", "stdout", part(1, true)), *TagBlock::encode({"run:aa"}));
  write(writer, line("f"), *TagBlock::encode({"run:bb"}));
  EXPECT_EQ(writer.finish(), true);
  EXPECT_EQ(log(), "o[c\nde\r\nf\n]");
}

TEST_F(Text, ALongLineGoesOutFromWhereItIs) {
  TextWriter writer(options());
  const std::string text(100'000, 'x');
  write(writer, line("a"));
  write(writer, line(text));
  EXPECT_EQ(log(), "o[a\n]o[" + text + "]");
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(log(), "o[\n]");
}

TEST_F(Text, OnlyAClosedStdoutEndsIt) {
  TextWriter writer(options());
  err_open_ = false;
  write(writer, line("a", "stderr"));
  EXPECT_EQ(writer.flush(), true);
  write(writer, line("b", "stderr"));
  write(writer, line("c"));
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(log(), "e[a\n]o[c\n]");
  out_open_ = false;
  write(writer, line("d"));
  EXPECT_EQ(writer.flush(), false);
}

TEST_F(Text, KnowsWhatIsNotWrittenYet) {
  TextWriter writer(options());
  EXPECT_EQ(writer.oldest_unwritten(), std::nullopt);
  write(writer, line("a", "stderr"));
  write(writer, line("b"));
  EXPECT_EQ(writer.oldest_unwritten(), 1u);
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(writer.oldest_unwritten(), std::nullopt);
  write(writer, line("c", "stdout", part(0, false)));
  write(writer, line("d"));
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(writer.oldest_unwritten(), 3u) << "held back until its last part comes";
  write(writer, line("e", "stdout", part(1, true)));
  EXPECT_EQ(writer.oldest_unwritten(), 3u);
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(writer.oldest_unwritten(), std::nullopt);
  write(writer, line(std::string(70'000, 'x')));
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(writer.oldest_unwritten(), std::nullopt);
}

TEST_F(Text, WhatCouldNotBeWrittenStaysUnwritten) {
  TextWriter writer(options());
  err_open_ = false;
  write(writer, line("a", "stderr"));
  EXPECT_EQ(writer.flush(), true);
  EXPECT_EQ(writer.oldest_unwritten(), std::nullopt) << "nobody waits for stderr";
  out_open_ = false;
  write(writer, line("b"));
  EXPECT_EQ(writer.flush(), false);
  EXPECT_EQ(writer.finish(), true);
  EXPECT_EQ(writer.oldest_unwritten(), 2u);
}

TEST_F(Text, ALoneLineNeedsNoNeighbours) {
  TextWriter writer(options());
  TapRecordReader reader;
  const std::string body = line("a", "stderr", part(3, false));
  const TapRecord record = reader.read({.seq = 1, .tags = {}, .body = body});
  EXPECT_EQ(writer.write_alone(std::get<TapLine>(record), {}), true);
  EXPECT_EQ(log(), "e[a]");
}

}  // namespace
}  // namespace plasmite
