#include "agent/intake/stdin_source.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <future>

#include "tests/unit/agent/intake/source_fixture.h"

namespace plasmite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StdinSourceTest : public SourceTest {
 protected:
  StdinSourceTest() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_ = UniqueFd(ends[0]);
    write_ = UniqueFd(ends[1]);
    config_.kind = StdinConfig{.framing = Framing::lines};
  }

  void put(std::string_view bytes) const {
    ASSERT_EQ(::write(write_.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  Result<SourceEnd> run_on(int fd) { return StdinSource(context_, fd).run(); }
  Result<SourceEnd> run_to_end() {
    write_.reset();
    return run_on(read_.get());
  }
  std::future<Result<SourceEnd>> run_aside() {
    source_ = std::make_unique<StdinSource>(context_, read_.get());
    read_.reset();
    return std::async(std::launch::async, [this] { return source_->run(); });
  }
  uint64_t stored() const { return report_.snapshot().totals.stored; }
  void until_stored(uint64_t records) {
    eventually([&] { return stored() >= records; });
  }

  const SourceContext context_ = context();
  UniqueFd read_, write_;
  std::unique_ptr<StdinSource> source_;
};

TEST_F(StdinSourceTest, TakesJsonInAnyFramingAndIsFinishedAtTheEnd) {
  config_.kind = StdinConfig{};
  config_.tags = {"in"};
  put("\x1e{\"n\":1}\n\x1e{\"n\":2}\n");
  EXPECT_EQ(must(run_to_end()), SourceEnd::finished);
  EXPECT_THAT(bodies_of(path_), ElementsAre(R"({"n":1})", R"({"n":2})"));
  EXPECT_THAT(records_of(path_)[0].tags, ElementsAre("in"));
  EXPECT_EQ(report_.snapshot().totals.received(), 2u);
}

TEST_F(StdinSourceTest, TakesLinesOfText) {
  config_.kind = StdinConfig{.is_text = true};
  put("one\ntwo\r\nthree");
  EXPECT_EQ(must(run_to_end()), SourceEnd::finished);
  EXPECT_THAT(bodies_of(path_),
              ElementsAre(R"({"kind":"line","line":"one","stream":"stdin"})",
                          R"({"eol":"\r\n","kind":"line","line":"two","stream":"stdin"})",
                          R"({"eol":"","kind":"line","line":"three","stream":"stdin"})"));
}

TEST_F(StdinSourceTest, TakesAnyKindOfDescriptor) {
  const std::filesystem::path file = dir_ / "file";
  std::ofstream(file) << "{\"n\":1}\n";
  const UniqueFd regular(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(must(run_on(regular.get())), SourceEnd::finished);
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(must(run_on(null.get())), SourceEnd::finished);
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd socket(ends[0]);
  ASSERT_EQ(::write(ends[1], "{\"n\":2}\n", 8), 8);
  ::close(ends[1]);
  EXPECT_EQ(must(run_on(socket.get())), SourceEnd::finished);
  EXPECT_EQ(must(run_on(/*closed*/ 1'000'000)), SourceEnd::finished);
  EXPECT_THAT(bodies_of(path_), ElementsAre(R"({"n":1})", R"({"n":2})"));
}

TEST_F(StdinSourceTest, ADescriptorThatCannotBeReadFailsTheSource) {
  for (const Overflow overflow : {Overflow::block, Overflow::drop}) {
    config_.overflow = overflow;
    const UniqueFd folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    EXPECT_EQ(must(run_on(folder.get())), SourceEnd::failed);
    EXPECT_EQ(report_.snapshot().last_error->kind(), ErrorKind::Io);
  }
}

TEST_F(StdinSourceTest, LeavesTheModesOfTheDescriptorAlone) {
  put("{}\n");
  const int before = ::fcntl(read_.get(), F_GETFL);
  must(run_to_end());
  EXPECT_EQ(::fcntl(read_.get(), F_GETFL), before);
}

TEST_F(StdinSourceTest, BadRecordsAreCountedByReasonAndKeptWhole) {
  pool_bytes_ = kMinPoolBytes;
  config_.max_record_bytes = 30'000;
  const std::string bad = "{\"n\":" + std::string(1000, 'x');
  const std::string refused = R"({"x":")" + std::string(20'000, 'r') + R"("})";
  std::async(std::launch::async, [&] {
    put("{\"n\":1}\n" + bad + "\n[1]\n" + refused + "\n{\"n\":2}\n{\"o\":\"");
    put(std::string(40'000, 'o'));
    put("\"}\n");
    write_.reset();
  }).wait();
  EXPECT_EQ(must(run_on(read_.get())), SourceEnd::finished);
  EXPECT_THAT(bodies_of(path_), ElementsAre(R"({"n":1})", R"({"n":2})"));
  EXPECT_EQ(rejected(RejectReason::parse), 2u);
  EXPECT_EQ(rejected(RejectReason::refused), 1u);
  EXPECT_EQ(rejected(RejectReason::oversize), 1u);
  EXPECT_EQ(report_.snapshot().totals.received(), 6u);
  const auto kept = bodies_of(rejects_path_);
  ASSERT_EQ(kept.size(), 4u);
  EXPECT_THAT(kept[0], HasSubstr(R"("raw":"{\"n\":)" + std::string(1000, 'x') + "\""));
  EXPECT_THAT(kept[1], HasSubstr(R"("raw":"[1]","reason":"parse","source":"web")"));
  EXPECT_THAT(kept[2], HasSubstr(R"("reason":"refused")"));
  EXPECT_THAT(kept[3], HasSubstr(R"("reason":"oversize","source":"web","truncated_bytes":null)"));
}

TEST_F(StdinSourceTest, WithStopABadRecordFailsTheSourceAndWhatCameBeforeIsStored) {
  config_.on_bad_record = OnBadRecord::stop;
  put("{\"n\":1}\nbad\n{\"n\":2}\n");
  EXPECT_EQ(must(run_to_end()), SourceEnd::failed);
  EXPECT_THAT(bodies_of(path_), ElementsAre(R"({"n":1})"));
  const auto error = report_.snapshot().last_error;
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::Usage);
  EXPECT_EQ(error->offset(), 8u);
  EXPECT_EQ(rejected(RejectReason::parse), 1u);
  EXPECT_THAT(bodies_of(rejects_path_), ElementsAre(HasSubstr(R"("raw":"bad")")));
}

TEST_F(StdinSourceTest, WhatIsThereIsStoredAtOnceAndThenItIsCaughtUp) {
  auto end = run_aside();
  put("{\"n\":1}\n");
  until_stored(1);
  eventually([&] { return report_.snapshot().caught_up && !report_.snapshot().busy; });
  put("{\"n\":2}\n");
  until_stored(2);
  write_.reset();
  EXPECT_EQ(must(end.get()), SourceEnd::finished);
}

TEST_F(StdinSourceTest, DrainingTakesWhatIsThereAndEndsAlthoughTheWriterIsStillThere) {
  for (const Overflow overflow : {Overflow::block, Overflow::drop}) {
    SCOPED_TRACE(static_cast<int>(overflow));
    config_.overflow = overflow;
    config_.kind = StdinConfig{.is_text = true};
    const auto before = stored();
    StopSignal stop = must(StopSignal::create());
    SourceContext context{.config = config_,
                          .durability = durability_,
                          .stop = stop,
                          .report = report_,
                          .open_pool = context_.open_pool};
    put("one\ntwo\nand the rest");
    stop.request(StopSignal::Level::drain);
    EXPECT_EQ(must(StdinSource(context, read_.get()).run()), SourceEnd::stopped);
    EXPECT_EQ(stored(), before + 3);
    EXPECT_THAT(bodies_of(path_).back(), HasSubstr("and the rest"));
  }
}

TEST_F(StdinSourceTest, DrainingCountsTheBeginningOfARecordAsABadOne) {
  put("{\"n\":1}\n{\"n\":");
  stop_.request(StopSignal::Level::drain);
  EXPECT_EQ(must(run_on(read_.get())), SourceEnd::stopped);
  EXPECT_EQ(stored(), 1u);
  EXPECT_EQ(rejected(RejectReason::parse), 1u);
}

TEST_F(StdinSourceTest, DrainingEndsAlsoIfTheWriterNeverPauses) {
  config_.kind = StdinConfig{.is_text = true};
  ::signal(SIGPIPE, SIG_IGN);
  auto end = run_aside();
  auto flood = std::async(std::launch::async, [this] {
    const std::string lines = std::string(2047, 'x') + "\n" + std::string(2047, 'y') + "\n";
    while (::write(write_.get(), lines.data(), lines.size()) > 0) {
    }
  });
  until_stored(1);
  stop_.request(StopSignal::Level::drain);
  EXPECT_EQ(must(end.get()), SourceEnd::stopped);
  source_.reset();
  flood.get();
}

TEST_F(StdinSourceTest, EndsNowWhileItSleeps) {
  auto end = run_aside();
  eventually([&] { return std::filesystem::exists(path_) && !report_.snapshot().busy; });
  stop_.request(StopSignal::Level::now);
  EXPECT_EQ(must(end.get()), SourceEnd::stopped);
}

TEST_F(StdinSourceTest, ABlockedPoolHoldsUpTheWriterAndNothingIsLost) {
  config_.kind = StdinConfig{.is_text = true};
  auto end = run_aside();
  put("first\n");
  until_stored(1);
  HeldLock lock(path_);
  constexpr size_t kLines = 3000;
  auto writer = std::async(std::launch::async, [this] {
    for (size_t i = 0; i < kLines; ++i) put(std::to_string(i) + std::string(100, 'x') + "\n");
    write_.reset();
  });
  eventually([&] { return state() == SourceState::blocked; });
  EXPECT_EQ(writer.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
  lock.release();
  EXPECT_EQ(must(end.get()), SourceEnd::finished);
  EXPECT_EQ(stored(), kLines + 1);
  EXPECT_EQ(bodies_of(path_).size(), kLines + 1);
}

TEST_F(StdinSourceTest, WithDropABlockedPoolHoldsUpNobodyAndWhatIsLeftOutIsToldOf) {
  pool_bytes_ = 16 << 20;
  config_.kind = StdinConfig{.is_text = true};
  config_.overflow = Overflow::drop;
  auto end = run_aside();
  put("first\n");
  until_stored(1);
  HeldLock lock(path_);
  const std::string line(999, 'x');
  constexpr size_t kLines = 8000;
  for (size_t i = 0; i < kLines; ++i) put(line + "\n");  // 8 MB: would wait for ever
  lock.release();
  write_.reset();
  EXPECT_EQ(must(end.get()), SourceEnd::finished);
  const SourceTotals totals = report_.snapshot().totals;
  EXPECT_GT(dropped(), 1000u);
  EXPECT_EQ(totals.received(), kLines + 1);
  EXPECT_EQ(totals.lost, 0u);
  uint64_t told = 0, gaps = 0;
  for (const StoredRecord& record : records_of(path_)) {
    if (record.tags != std::vector<std::string>{"lifecycle"}) continue;
    EXPECT_THAT(
        record.body,
        HasSubstr(R"("from":null,"kind":"gap","reason":"overflow","source":"web","to":null)"));
    told += std::stoull(record.body.substr(std::string_view("{\"count\":").size()));
    ++gaps;
  }
  EXPECT_EQ(told, totals.dropped_all());
  EXPECT_EQ(gaps, totals.gaps);
  EXPECT_EQ(bodies_of(path_).size(), totals.stored + gaps);
}

TEST_F(StdinSourceTest, LinesGoOnInASmallerPoolThatTookThePlaceOfAVanishedOne) {
  config_.kind = StdinConfig{.is_text = true};
  auto end = run_aside();
  put("first\n");
  until_stored(1);
  must(Pool::remove(path_));
  pool_bytes_ = kMinPoolBytes;
  const auto put_long_line = [&] {
    put(std::string(30'000, 'x'));
    put(std::string(30'000, 'x') + "\n");
  };
  put_long_line();
  eventually([&] { return report_.snapshot().totals.received() >= 2; });
  put_long_line();  // in parts now
  write_.reset();
  EXPECT_EQ(must(end.get()), SourceEnd::finished);
  EXPECT_EQ(rejected(RejectReason::refused), 1u);
  EXPECT_THAT(bodies_of(path_), testing::Each(HasSubstr(R"("part":{"id")")));
}

}  // namespace
}  // namespace plasmite
