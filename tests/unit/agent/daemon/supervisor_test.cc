#include "agent/daemon/supervisor.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "tests/unit/agent/daemon/scripted_source.h"

namespace plasmite {
namespace {

using Clock = std::chrono::steady_clock;

// The test is the main thread: what is to run later runs when it says so.
class SupervisorTest : public testing::Test {
 protected:
  ~SupervisorTest() override { supervisor_.stop(StopSignal::Level::now); }

  void add(const std::string& name) {
    scripts_.set(name, patient());
    config_.sources.push_back({.name = name, .pool = "p", .kind = TapConfig{}});
  }
  SourceStatus status_of(const std::string& name) {
    for (SourceStatus& status : supervisor_.statuses(Clock::now()))
      if (status.name == name) return std::move(status);
    ADD_FAILURE() << "no source " << name;
    return {};
  }
  void run_what_is_due() { std::exchange(due_, nullptr)(); }

  AgentConfig config_;
  Scripts scripts_;
  Log log_{{.write = [](std::string_view) {}}};
  std::string without_thread_;
  std::function<void()> due_;
  std::vector<std::chrono::milliseconds> delays_;
  Supervisor supervisor_{
      {.make = scripts_.maker(),
       .log = &log_,
       .post = [](std::function<void()>) {},
       .on_change = [] {},
       .later =
           [this](std::chrono::milliseconds delay, std::function<void()> work) {
             EXPECT_EQ(due_, nullptr) << "one at a time";
             delays_.push_back(delay);
             due_ = std::move(work);
           },
       .start_thread = [this](SourceThread::Setup setup) -> Result<std::unique_ptr<SourceThread>> {
         if (setup.config.name == without_thread_)
           return std::unexpected(errno_error(EAGAIN, "cannot start a thread for the source"));
         return SourceThread::start(std::move(setup));
       }}};
};

TEST_F(SupervisorTest, ASourceForWhichThereIsNoThreadIsTriedAgainEverLessOften) {
  add("poor");
  add("rich");
  without_thread_ = "poor";
  (void)supervisor_.apply(config_, nullptr);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(status_of("poor").snapshot.state, SourceState::backing_off);
    EXPECT_TRUE(status_of("poor").snapshot.next_start);
    EXPECT_TRUE(status_of("poor").snapshot.last_error);
    EXPECT_FALSE(is_in_trouble(status_of("rich"))) << "the other one does not care";
    EXPECT_FALSE(supervisor_.all_ended());
    run_what_is_due();
  }
  EXPECT_GT(delays_[1], delays_[0]);
  EXPECT_EQ(delays_.back(), SourceThread::kMostErrorDelay);
  without_thread_.clear();
  run_what_is_due();
  EXPECT_FALSE(is_in_trouble(status_of("poor")));
  EXPECT_EQ(due_, nullptr) << "nothing is left to be tried";
}

TEST_F(SupervisorTest, NothingIsTriedAgainWhenEverythingEnds) {
  add("poor");
  without_thread_ = "poor";
  (void)supervisor_.apply(config_, nullptr);
  supervisor_.stop(StopSignal::Level::drain);
  EXPECT_TRUE(supervisor_.all_ended());
  EXPECT_TRUE(supervisor_.any_failed());
  without_thread_.clear();
  run_what_is_due();
  EXPECT_TRUE(supervisor_.all_ended());
}

TEST_F(SupervisorTest, AReloadStartsAgainWhatHasFailedAndNothingElse) {
  add("failed");
  add("finished");
  add("runs");
  scripts_.set("failed", ends_with(SourceEnd::failed));
  scripts_.set("finished", ends_with(SourceEnd::finished));
  (void)supervisor_.apply(config_, nullptr);
  const auto state_of = [&](const char* name) { return status_of(name).snapshot.state; };
  EXPECT_TRUE(eventually([&] {
    return state_of("failed") == SourceState::failed &&
           state_of("finished") == SourceState::finished &&
           state_of("runs") == SourceState::running;
  }));
  EXPECT_TRUE(eventually([&] {  // its thread may still be about to end
    (void)supervisor_.apply(config_, nullptr);
    return supervisor_.is_settled();
  }));
  scripts_.set("failed", patient());
  EXPECT_TRUE(eventually([&] { return state_of("failed") == SourceState::failed; }));
  const auto changes = supervisor_.apply(config_, nullptr);
  EXPECT_EQ(changes.changed, std::vector<std::string>{"failed"});
  EXPECT_TRUE(changes.added.empty() && changes.removed.empty());
  EXPECT_TRUE(eventually([&] {
    (void)supervisor_.apply(config_, nullptr);
    return state_of("failed") == SourceState::running;
  }));
  EXPECT_EQ(state_of("finished"), SourceState::finished);
}

TEST_F(SupervisorTest, ASourceWithoutAThreadThatAReloadTakesAwayIsGone) {
  add("poor");
  without_thread_ = "poor";
  (void)supervisor_.apply(config_, nullptr);
  config_.sources.clear();
  EXPECT_EQ(supervisor_.apply(config_, nullptr).removed, std::vector<std::string>{"poor"});
  EXPECT_EQ(supervisor_.size(), 0u);
  run_what_is_due();
  EXPECT_EQ(supervisor_.size(), 0u);
}

}  // namespace
}  // namespace plasmite
