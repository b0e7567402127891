#include "sinks/merged_sinks.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "sinks/follow_writer.h"

namespace plasmite {
namespace {

using Written = MessageSink::Written;

// A sink that keeps text until it is flushed, as the real ones do; `~` is kept back until the end.
class Keeper final : public MessageSink {
 public:
  Keeper(MergedSinks::Output out, MergedSinks::Output err)
      : out_(std::move(out)), err_(std::move(err)) {}

  Result<Written> write(const MessageView& message) override {
    if (!oldest_) oldest_ = message.seq;
    const bool to_err = message.body.starts_with('!');
    if (message.body == "~") {
      held_ = true;
      return Written::passed_over;
    }
    if (to_err) {
      const auto flushed = flush();
      if (!flushed) return std::unexpected(flushed.error());
    }
    (to_err ? err_text_ : text_) += message.body;
    return Written::shown;
  }
  bool shows(const MessageView& message) override { return message.body != "~"; }
  Result<bool> flush() override {
    for (auto [text, output] : {std::pair{&text_, &out_}, std::pair{&err_text_, &err_}}) {
      if (text->empty()) continue;
      const auto written = (*output)(std::exchange(*text, {}));
      if (!written || !*written) return written;
    }
    if (!held_) oldest_.reset();
    return true;
  }
  std::optional<uint64_t> oldest_unwritten() const override { return oldest_; }
  Result<bool> finish() override {
    if (std::exchange(held_, false)) text_ += "rest\n";
    return flush();
  }

 private:
  MergedSinks::Output out_, err_;
  std::string text_, err_text_;
  bool held_ = false;
  std::optional<uint64_t> oldest_;
};

// What went out is one log: o[…] and e[…] are blocks.
class MergedSinksTest : public testing::Test {
 protected:
  void start(size_t count, bool prefixes, bool same_place = false) {
    merged_ = std::make_unique<MergedSinks>(
        MergedSinks::Options{.out = to("o", out_), .err = to("e", err_), .same_place = same_place});
    for (size_t i = 0; i < count; ++i) add(i, prefixes);
  }
  void add(size_t i, bool prefixes) {
    const std::string prefix = prefixes ? std::to_string(i) + "|" : "";
    keepers_.resize(std::max(keepers_.size(), i + 1));
    keepers_[i] = std::make_unique<Keeper>(merged_->output_for(TapStream::out, i, prefix),
                                           merged_->output_for(TapStream::err, i, prefix));
    merged_->add(i, *keepers_[i]);
  }
  Written write(size_t pool, std::string_view body) {
    merged_->select_pool(pool);
    const auto written = merged_->write({.seq = ++seq_, .time_ns = 0, .tags = {}, .body = body});
    EXPECT_TRUE(written);
    return written ? *written : Written::nobody_reads;
  }
  std::optional<uint64_t> oldest(size_t pool) {
    merged_->select_pool(pool);
    return merged_->oldest_unwritten();
  }
  std::string log() { return std::exchange(log_, {}); }

  bool out_ = true;
  bool err_ = true;
  std::unique_ptr<MergedSinks> merged_;
  std::vector<std::unique_ptr<Keeper>> keepers_;

 private:
  MergedSinks::Output to(const char* name, const bool& open) {
    return [this, name, &open](std::string_view block) -> Result<bool> {
      log_ += name + ("[" + std::string(block) + "]");
      return open;
    };
  }

  std::string log_;
  uint64_t seq_ = 0;
};

TEST_F(MergedSinksTest, WritesInTheOrderOfTheMessages) {
  start(3, /*prefixes=*/false);
  for (const size_t pool : {0, 2, 2, 1, 0}) write(pool, std::to_string(pool) + "\n");
  EXPECT_EQ(log(), "") << "nothing before flush";
  EXPECT_EQ(merged_->flush(), true);
  EXPECT_EQ(log(), "o[0\n2\n2\n1\n0\n]") << "in one block";
}

TEST_F(MergedSinksTest, BlocksAreAboutSixtyFourKiB) {
  start(2, /*prefixes=*/false);
  const std::string line(99, 'x');
  for (size_t i = 0; i < 2000; ++i) write(i % 2, line + "\n");
  const std::string written = log();
  EXPECT_GT(written.size(), 100u << 10);
  for (size_t at = 0; at < written.size();) {
    const size_t end = written.find(']', at);
    EXPECT_LE(end - at, 65u << 10);
    at = end + 1;
  }
}

TEST_F(MergedSinksTest, EachLineHasItsPrefix) {
  start(2, /*prefixes=*/true);
  write(0, "a\nb\n");
  write(1, "c\n\n");
  EXPECT_EQ(merged_->flush(), true);
  EXPECT_EQ(log(), "o[0|a\n0|b\n1|c\n1|\n]");
}

TEST_F(MergedSinksTest, ALineGoesOnUnlessAnotherPoolWrites) {
  start(2, /*prefixes=*/true);
  write(0, "be");
  EXPECT_EQ(merged_->flush(), true);
  write(0, "gun\nopen");
  write(1, "b\n");
  EXPECT_EQ(merged_->flush(), true);
  EXPECT_EQ(log(), "o[0|be]o[gun\n0|open\n1|b\n]");
}

TEST_F(MergedSinksTest, OnePlaceKeepsTheOrderOfBothStreams) {
  start(2, /*prefixes=*/true, /*same_place=*/true);
  write(0, "a\n");
  write(1, "!b\n");
  write(0, "c\n");
  EXPECT_EQ(merged_->flush(), true);
  EXPECT_EQ(log(), "o[0|a\n]e[1|!b\n]o[0|c\n]");
}

TEST_F(MergedSinksTest, KnowsOfEachPoolWhatIsNotWrittenYet) {
  start(2, /*prefixes=*/false);
  EXPECT_EQ(oldest(0), std::nullopt);
  write(0, "a\n");  // 1
  write(1, "b\n");  // 2
  write(0, "c\n");  // 3
  EXPECT_EQ(oldest(0), 1u);
  EXPECT_EQ(oldest(1), 2u);
  EXPECT_EQ(merged_->flush(), true);
  EXPECT_EQ(oldest(0), std::nullopt);
  EXPECT_EQ(oldest(1), std::nullopt);
  write(0, "~");  // 4: kept back
  EXPECT_EQ(merged_->flush(), true);
  EXPECT_EQ(oldest(0), 4u) << "it is only held back";
  write(0, "d\n");  // 5
  EXPECT_EQ(oldest(0), 4u);
}

TEST_F(MergedSinksTest, WhatCouldNotBeWrittenStaysUnwritten) {
  start(2, /*prefixes=*/false);
  write(0, "a\n");
  write(1, "b\n");
  out_ = false;
  EXPECT_EQ(merged_->flush(), false);
  out_ = true;
  EXPECT_EQ(merged_->flush(), true);
  EXPECT_EQ(oldest(0), 1u);
  EXPECT_EQ(oldest(1), 2u);
}

TEST_F(MergedSinksTest, ALostStderrIsLeftOut) {
  start(1, /*prefixes=*/true);
  err_ = false;
  write(0, "!a\n");
  EXPECT_EQ(merged_->flush(), true);
  write(0, "!b\n");
  write(0, "c\n");
  EXPECT_EQ(merged_->flush(), true);
  EXPECT_EQ(log(), "e[0|!a\n]o[0|c\n]");
}

TEST_F(MergedSinksTest, WhatAPoolHoldsIsWrittenWhenItIsRemoved) {
  start(2, /*prefixes=*/true);
  write(0, "a\n");
  write(1, "~");
  EXPECT_EQ(merged_->remove(1), true);
  EXPECT_EQ(log(), "o[0|a\n]o[1|rest\n]");
  add(1, /*prefixes=*/true);  // the number is free again
  write(0, "~");
  write(1, "b\n");
  EXPECT_EQ(merged_->finish(), true);
  EXPECT_EQ(log(), "o[1|b\n0|rest\n]");
}

// The real sink, through the merge: as it would print alone, and with the pool said.
TEST_F(MergedSinksTest, JsonSaysThePool) {
  start(0, /*prefixes=*/false);
  FollowWriterOptions options;
  options.format = FollowWriterOptions::Format::jsonl;
  options.pool_json = R"("web")";
  options.output = merged_->output_for(TapStream::out, 0);
  FollowWriter writer(options);
  merged_->add(0, writer);
  write(0, R"({"n":1})");
  EXPECT_EQ(merged_->flush(), true);
  EXPECT_EQ(log(),
            "o[{\"data\":{\"n\":1},\"meta\":{\"tags\":[]},\"pool\":\"web\",\"seq\":1,"
            "\"time\":\"1970-01-01T00:00:00Z\"}\n]");
}

}  // namespace
}  // namespace plasmite
