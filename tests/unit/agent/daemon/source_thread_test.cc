#include "agent/daemon/source_thread.h"

#include <csignal>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/must.h"
#include "tests/unit/agent/daemon/scripted_source.h"

namespace plasmite {
namespace {

using Clock = std::chrono::steady_clock;

class SourceThreadTest : public testing::Test {
 protected:
  std::unique_ptr<SourceThread> start(Script script) {
    scripts_.set("s", std::move(script));
    return must(SourceThread::start({.config = {.name = "s", .pool = "p", .kind = TapConfig{}},
                                     .open_pool = {},
                                     .make = scripts_.maker(),
                                     .log = &log_,
                                     .on_ended = [this] { ++ended_; }}));
  }
  static SourceSnapshot snapshot(SourceThread& source) {
    return source.status(Clock::now()).snapshot;
  }
  size_t logged(const std::string& words) {
    const MutexLock lock(mutex_);
    return static_cast<size_t>(std::ranges::count_if(
        lines_, [&](const std::string& line) { return line.contains(words); }));
  }

  Scripts scripts_;
  std::atomic<int> ended_{0};
  Mutex mutex_;
  std::vector<std::string> lines_ GUARDED_BY(mutex_);
  Log log_{{.write = [this](std::string_view line) {
    const MutexLock lock(mutex_);
    lines_.emplace_back(line);
  }}};
};

void store_one(const SourceContext& context) {
  SourceTotals totals;
  totals.stored = 1;
  context.report.settle(totals);
}

TEST_F(SourceThreadTest, SaysOnceThatItHasEnded) {
  for (const SourceEnd end : {SourceEnd::finished, SourceEnd::failed}) {
    ended_ = 0;
    auto source = start(ends_with(end));
    EXPECT_TRUE(eventually([&] { return ended_ > 0; }));
    EXPECT_TRUE(source->has_ended());
    EXPECT_EQ(source->failed(), end == SourceEnd::failed);
    source.reset();
    EXPECT_EQ(ended_, 1);
  }
}

TEST_F(SourceThreadTest, AnErrorIsReportedAndTheSourceRunsAgain) {
  auto source = start({.run = [](const SourceContext&, int nth) -> Result<SourceEnd> {
    if (nth < 3) return std::unexpected(Error(ErrorKind::Io, "broken"));
    return SourceEnd::finished;
  }});
  EXPECT_TRUE(eventually([&] { return ended_ == 1; }));
  const SourceSnapshot now = snapshot(*source);
  EXPECT_EQ(now.state, SourceState::finished);
  EXPECT_EQ(now.totals.restarts, 3u);
  EXPECT_EQ(now.last_error->message(), "broken") << "it stays, for those who look later";
}

TEST_F(SourceThreadTest, AnExceptionIsAnInternalErrorAndNoEnd) {
  auto source = start({.run = [](const SourceContext&, int nth) -> Result<SourceEnd> {
    if (nth == 0) throw std::runtime_error("surprise");
    return SourceEnd::finished;
  }});
  EXPECT_TRUE(eventually([&] { return ended_ == 1; }));
  const SourceSnapshot now = snapshot(*source);
  EXPECT_EQ(now.last_error->kind(), ErrorKind::Internal);
  EXPECT_EQ(now.last_error->causes().front(), "surprise");
}

// However often one asks, and when: a source that fails at every start never looks well.
TEST_F(SourceThreadTest, WhoFailsAtEveryStartIsInTroubleAtEveryInstant) {
  for (const bool is_error : {true, false}) {
    std::atomic<int> runs{0};
    auto source = start({.run = [&](const SourceContext& context, int nth) -> Result<SourceEnd> {
      runs = nth;
      context.report.set_caught_up(false);
      context.report.sleeping();
      (void)context.stop.wait_for(std::chrono::milliseconds(3));
      const Error error(ErrorKind::Io, "broken");
      if (is_error) return std::unexpected(error);
      context.report.set_caught_up(true);  // a child that waits, says something, then fails
      store_one(context);
      context.report.set_error(error);
      return SourceEnd::retry;
    }});
    EXPECT_TRUE(eventually([&] { return runs >= 1; }));
    EXPECT_TRUE(eventually([&] {
      const SourceStatus now = source->status(Clock::now());
      EXPECT_TRUE(is_in_trouble(now)) << source_state_name(now.snapshot.state);
      return runs >= 50;
    }));
  }
}

TEST_F(SourceThreadTest, WhoHasFailedIsWellAgainWhenItHasStoredOrReadAllThereIs) {
  for (const bool stores : {true, false}) {
    std::atomic<bool> may_get_on{false};
    std::atomic<bool> has_got_on{false};
    auto source = start({.run = [&](const SourceContext& context, int nth) -> Result<SourceEnd> {
      if (nth == 0) return std::unexpected(Error(ErrorKind::Io, "broken"));
      while (!may_get_on && context.stop.level() == StopSignal::Level::run)
        (void)context.stop.wait_for(std::chrono::milliseconds(1));
      SourceTotals totals;
      totals.stored = stores ? 1 : 0;
      context.report.settle(totals);
      if (!stores) context.report.set_caught_up(true);
      has_got_on = true;
      (void)context.stop.wait_for(std::chrono::hours(1));
      return SourceEnd::stopped;
    }});
    EXPECT_TRUE(eventually([&] { return snapshot(*source).totals.restarts == 1; }));
    EXPECT_TRUE(eventually([&] { return snapshot(*source).state == SourceState::running; }));
    const SourceStatus again = source->status(Clock::now());
    ASSERT_TRUE(again.problem ||
                Clock::now() - again.snapshot.state_since > SourceThread::kLongRun);
    if (again.problem) EXPECT_EQ(again.problem->message(), "broken");
    may_get_on = true;
    EXPECT_TRUE(eventually([&] { return has_got_on.load(); }));
    EXPECT_FALSE(is_in_trouble(source->status(Clock::now())));
    EXPECT_EQ(snapshot(*source).last_error->message(), "broken") << "it stays";
  }
}

TEST_F(SourceThreadTest, WhoHasFailedIsWellAgainWhenItHasRunForLong) {
  auto source = start({.run = [](const SourceContext& context, int nth) -> Result<SourceEnd> {
    if (nth == 0) return std::unexpected(Error(ErrorKind::Io, "broken"));
    (void)context.stop.wait_for(std::chrono::hours(1));
    return SourceEnd::stopped;
  }});
  EXPECT_TRUE(eventually([&] { return snapshot(*source).totals.restarts == 1; }));
  EXPECT_TRUE(eventually([&] { return snapshot(*source).state == SourceState::running; }));
  EXPECT_FALSE(is_in_trouble(source->status(Clock::now() + SourceThread::kLongRun)));
}

TEST_F(SourceThreadTest, AnErrorIsTriedAgainSoonHoweverPatientTheSourceIs) {
  auto source = start({.run = fails_with(Error(ErrorKind::Io, "full")).run,
                       .restart_delay = std::chrono::hours(1)});
  EXPECT_TRUE(eventually([&] { return snapshot(*source).state == SourceState::backing_off; }));
  EXPECT_LE(*snapshot(*source).next_start - Clock::now(), SourceThread::kMostErrorDelay);
}

TEST_F(SourceThreadTest, AnEndThatIsNoErrorWaitsAsLongAsTheSourceSays) {
  auto source =
      start({.run = ends_with(SourceEnd::again).run, .restart_delay = std::chrono::hours(1)});
  EXPECT_TRUE(eventually([&] { return snapshot(*source).state == SourceState::backing_off; }));
  EXPECT_GT(*snapshot(*source).next_start - Clock::now(), std::chrono::minutes(50));
}

// A command can say a lot before it fails, and fail again.
TEST_F(SourceThreadTest, FailuresInARowAreCountedWhateverTheCommandHasSaid) {
  std::vector<uint32_t> counted;
  auto source = start({.run = [](const SourceContext& context, int nth) -> Result<SourceEnd> {
                         store_one(context);
                         if (nth == 3) return SourceEnd::again;
                         if (nth == 6) return SourceEnd::finished;
                         return SourceEnd::retry;
                       },
                       .on_delay = [&](uint32_t failures) { counted.push_back(failures); }});
  EXPECT_TRUE(eventually([&] { return ended_ == 1; }));
  EXPECT_EQ(counted, (std::vector<uint32_t>{1, 2, 3, 0, 1, 2}))
      << "a good end is none, and ends it";
}

TEST_F(SourceThreadTest, AnErrorAfterSomethingWasStoredIsNoFailureInARow) {
  std::vector<uint32_t> counted;
  auto source = start({.run = [](const SourceContext& context, int nth) -> Result<SourceEnd> {
                         if (nth == 2) store_one(context);
                         if (nth == 4) return SourceEnd::finished;
                         return std::unexpected(Error(ErrorKind::Io, "broken"));
                       },
                       .on_delay = [&](uint32_t failures) { counted.push_back(failures); }});
  EXPECT_TRUE(eventually([&] { return ended_ == 1; }));
  EXPECT_EQ(counted, (std::vector<uint32_t>{1, 2, 1, 2}));
}

TEST_F(SourceThreadTest, WhoWaitsAfterAGoodEndIsNotInTrouble) {
  std::atomic<bool> was_seen{false};
  auto source = start({.run = [&](const SourceContext& context, int nth) -> Result<SourceEnd> {
                         if (nth == 0) return SourceEnd::retry;
                         while (!was_seen && context.stop.level() == StopSignal::Level::run)
                           (void)context.stop.wait_for(std::chrono::milliseconds(1));
                         return SourceEnd::again;
                       },
                       .restart_delay = std::chrono::milliseconds(20)});
  EXPECT_TRUE(eventually([&] { return is_in_trouble(source->status(Clock::now())); }));
  was_seen = true;
  EXPECT_TRUE(eventually([&] { return snapshot(*source).totals.restarts >= 2; }));
  for (int waits = 0; waits < 5;) {
    const SourceStatus now = source->status(Clock::now());
    EXPECT_FALSE(is_in_trouble(now));
    if (now.snapshot.state == SourceState::backing_off) ++waits;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST_F(SourceThreadTest, StoppingEndsTheBackOffAtOnce) {
  auto source =
      start({.run = ends_with(SourceEnd::again).run, .restart_delay = std::chrono::hours(1)});
  EXPECT_TRUE(eventually([&] { return snapshot(*source).state == SourceState::backing_off; }));
  source->request(StopSignal::Level::drain);
  EXPECT_TRUE(eventually([&] { return source->has_ended(); }));
  EXPECT_EQ(snapshot(*source).state, SourceState::stopped);
}

TEST_F(SourceThreadTest, TheSameErrorIsLoggedOnceAndANewOneAgain) {
  auto source = start({.run = [](const SourceContext&, int nth) -> Result<SourceEnd> {
    if (nth < 20) return std::unexpected(Error(ErrorKind::Io, "broken"));
    if (nth < 40) return std::unexpected(Error(ErrorKind::Io, "otherwise"));
    return SourceEnd::finished;
  }});
  EXPECT_TRUE(eventually([&] { return ended_ == 1; }));
  EXPECT_EQ(logged("broken"), 1u);
  EXPECT_EQ(logged("otherwise"), 1u);
}

TEST_F(SourceThreadTest, TheSameErrorIsLoggedAgainAfterARunThatStoredSomething) {
  auto source = start({.run = [](const SourceContext& context, int nth) -> Result<SourceEnd> {
    SourceTotals totals;
    totals.stored = nth == 1 ? 1 : 0;
    context.report.settle(totals);
    if (nth < 2) return std::unexpected(Error(ErrorKind::Io, "broken"));
    return SourceEnd::finished;
  }});
  EXPECT_TRUE(eventually([&] { return ended_ == 1; }));
  EXPECT_EQ(logged("broken"), 2u);
}

TEST_F(SourceThreadTest, WaitingForThePoolIsLoggedOnceAndItsEnd) {
  auto source = start({.run = [](const SourceContext& context, int) -> Result<SourceEnd> {
    for (int n = 0; n < 5; ++n) {
      context.report.set_error(Error(ErrorKind::Io, "no room"));
      context.report.set_state(SourceState::blocked);
    }
    context.report.set_state(SourceState::running);
    return SourceEnd::finished;
  }});
  EXPECT_TRUE(eventually([&] { return ended_ == 1; }));
  EXPECT_EQ(logged("no room"), 1u);
  EXPECT_EQ(logged("source goes on source=s attempts=5"), 1u);
}

TEST_F(SourceThreadTest, IsStuckOnlyIfItIsBusyForLong) {
  std::atomic<bool> is_busy{false};
  auto source = start({.run = [&](const SourceContext& context, int) -> Result<SourceEnd> {
    context.report.working();
    is_busy = true;
    (void)context.stop.wait_for(std::chrono::hours(1));
    context.report.sleeping();
    is_busy = false;
    (void)context.stop.wait_for(std::chrono::hours(1), StopSignal::Level::drain);
    return SourceEnd::stopped;
  }});
  EXPECT_TRUE(eventually([&] { return is_busy.load(); }));
  const auto later = Clock::now() + std::chrono::minutes(2);
  EXPECT_FALSE(source->makes_progress(later, std::chrono::seconds(60)));
  EXPECT_TRUE(source->makes_progress(later, std::chrono::minutes(5)));
  source->request(StopSignal::Level::drain);
  EXPECT_TRUE(eventually([&] { return !is_busy; }));
  EXPECT_TRUE(source->makes_progress(later, std::chrono::seconds(60))) << "it sleeps";
}

TEST_F(SourceThreadTest, SignalsAreNotItsBusiness) {
  std::atomic<bool> is_blocked{false};
  auto source = start({.run = [&](const SourceContext&, int) -> Result<SourceEnd> {
    sigset_t mask;
    (void)::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    is_blocked = ::sigismember(&mask, SIGTERM) == 1 && ::sigismember(&mask, SIGHUP) == 1 &&
                 ::sigismember(&mask, SIGBUS) == 0;
    return SourceEnd::finished;
  }});
  EXPECT_TRUE(eventually([&] { return ended_ == 1; }));
  EXPECT_TRUE(is_blocked);
  sigset_t mask;
  (void)::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_EQ(::sigismember(&mask, SIGTERM), 0) << "in the thread that started it all is as before";
}

}  // namespace
}  // namespace plasmite
