// The whole agent in this process, with sources that do what a test says.
#include "agent/daemon/agent.h"

#include <sys/stat.h>

#include <csignal>
#include <thread>

#include <gtest/gtest.h>

#include "agent/daemon/control_client.h"
#include "core/record/json_pointer.h"
#include "tests/support/must.h"
#include "tests/support/scratch.h"
#include "tests/unit/agent/daemon/scripted_source.h"

namespace plasmite {
namespace {

SourceConfig tap_named(const std::string& name) {
  return {.name = name, .pool = "p", .kind = TapConfig{.command = {"true"}}};
}

class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    config_.pool_dir = dir_.path() / "pools";
    config_.socket = dir_.path() / "run" / "agent.sock";
    config_.pools = {{.name = "p"}};
  }
  ~AgentTest() override { finish(); }

  // In the test itself where its sources look at what belongs to it.
  void finish() {
    if (!runner_.joinable()) return;
    if (!has_ended_) ::kill(::getpid(), SIGTERM);
    runner_.join();
  }

  void add(const std::string& name, Script script) {
    scripts_.set(name, std::move(script));
    config_.sources.push_back(tap_named(name));
  }

  // Returns once it answers, or has ended.
  void start() {
    agent_ = std::make_unique<Agent>(
        Agent::Setup{.config_file = "/etc/agent.toml",
                     .config = config_,
                     .load = [this](const std::filesystem::path&) { return load(); },
                     .make = scripts_.maker(),
                     .log = &log_});
    runner_ = std::thread([this] {
      result_ = agent_->run();
      has_ended_ = true;
    });
    ASSERT_TRUE(eventually([&] { return has_ended_ || ask("status").has_value(); }));
  }

  int end() {
    if (runner_.joinable()) runner_.join();
    return result_ ? *result_ : -1;
  }

  std::expected<AgentConfig, std::vector<ConfigProblem>> load() {
    const MutexLock lock(mutex_);
    if (problem_.empty()) return next_;
    return std::unexpected(std::vector<ConfigProblem>{{.file = "agent.toml", .message = problem_}});
  }
  void set_next(AgentConfig config) {
    const MutexLock lock(mutex_);
    next_ = std::move(config);
  }
  void set_problem(std::string problem) {
    const MutexLock lock(mutex_);
    problem_ = std::move(problem);
  }

  std::expected<std::string, ControlFailure> ask(const std::string& command) const {
    return ask_agent(config_.socket, R"({"command":")" + command + "\"}", std::chrono::seconds(60));
  }
  std::string asked(const std::string& command, const std::string& pointer) const {
    const auto reply = ask(command);
    return reply ? json_text_at(*reply, pointer).value_or("-") : "no answer";
  }
  std::string state(int source) const {
    return asked("status", "/sources/" + std::to_string(source) + "/state");
  }

  ScratchDir dir_;
  AgentConfig config_;
  Scripts scripts_;
  Log log_{{.write = [](std::string_view) {}}};
  std::unique_ptr<Agent> agent_;
  std::thread runner_;
  std::atomic<bool> has_ended_{false};
  Result<int> result_ = -1;
  Mutex mutex_;
  AgentConfig next_ GUARDED_BY(mutex_);
  std::string problem_ GUARDED_BY(mutex_);
};

TEST_F(AgentTest, EndsWithZeroOnceEverySourceIsFinished) {
  add("a", ends_with(SourceEnd::finished));
  add("b", ends_with(SourceEnd::finished));
  start();
  EXPECT_EQ(end(), 0);
}

TEST_F(AgentTest, EndsWithOneIfASourceFailedAndTheOthersAreFinished) {
  add("a", ends_with(SourceEnd::finished));
  add("b", ends_with(SourceEnd::failed));
  start();
  EXPECT_EQ(end(), 1);
}

TEST_F(AgentTest, GoesOnWhileOneSourceRuns) {
  add("a", ends_with(SourceEnd::failed));
  add("b", patient());
  start();
  EXPECT_TRUE(eventually([&] { return state(0) == "failed"; }));
  EXPECT_TRUE(eventually([&] { return state(1) == "running"; }));
  EXPECT_EQ(asked("status", "/agent/health"), "degraded");
}

TEST_F(AgentTest, AFailingSourceStopsNoOtherAndIsNamed) {
  add("bad", fails_with(Error(ErrorKind::Io, "the cable is out").with_hint("Plug it in.")));
  add("good", patient());
  start();
  EXPECT_TRUE(eventually([&] { return state(0) == "backing-off"; }));
  EXPECT_TRUE(eventually([&] { return asked("status", "/sources/0/restarts") != "0"; }))
      << "it is run again";
  EXPECT_EQ(asked("status", "/sources/0/last_error/message"), "the cable is out");
  EXPECT_EQ(asked("status", "/sources/0/last_error/kind"), "Io");
  EXPECT_TRUE(eventually([&] { return state(1) == "running"; }));
}

TEST_F(AgentTest, DrainsOnTheFirstSignalAndEndsWithZero) {
  std::atomic<bool> was_drained{false};
  add("a", {.run = [&](const SourceContext& context, int) -> Result<SourceEnd> {
        (void)context.stop.wait_for(std::chrono::hours(1));
        was_drained = context.stop.level() == StopSignal::Level::drain;
        return SourceEnd::stopped;
      }});
  start();
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(end(), 0);
  EXPECT_TRUE(was_drained);
  EXPECT_FALSE(std::filesystem::exists(config_.socket));
}

TEST_F(AgentTest, TheSecondSignalCutsOffWhatDoesNotDrain) {
  config_.drain_timeout = std::chrono::hours(1);
  std::atomic<bool> is_draining{false};
  add("a", {.run = [&](const SourceContext& context, int) -> Result<SourceEnd> {
        (void)context.stop.wait_for(std::chrono::hours(1));
        is_draining = true;
        (void)context.stop.wait_for(std::chrono::hours(1), StopSignal::Level::drain);
        return SourceEnd::stopped;
      }});
  start();
  ::kill(::getpid(), SIGTERM);
  EXPECT_TRUE(eventually([&] { return is_draining.load(); }));
  EXPECT_EQ(asked("status", "/agent/state"), "draining");
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(end(), 1);
}

TEST_F(AgentTest, TheDrainHasADeadline) {
  config_.drain_timeout = std::chrono::milliseconds(1);
  add("a", {.run = [](const SourceContext& context, int) -> Result<SourceEnd> {
        (void)context.stop.wait_for(std::chrono::hours(1), StopSignal::Level::drain);
        return SourceEnd::stopped;
      }});
  start();
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(end(), 1);
}

TEST_F(AgentTest, ASecondOneOfTheSameConfigurationIsRefused) {
  add("a", patient());
  start();
  Agent second(
      {.config_file = "x", .config = config_, .load = {}, .make = scripts_.maker(), .log = &log_});
  const auto refused = second.run();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::Busy);
  EXPECT_NE(refused.error().message().find(std::to_string(::getpid())), std::string::npos);
  EXPECT_TRUE(eventually([&] { return state(0) == "running"; }))
      << "the first one is not disturbed";
}

TEST_F(AgentTest, DeclaredPoolsAreMadeWithTheirSizesAndClosedToOthers) {
  config_.pools = {{.name = "p", .size_bytes = 256 << 10},
                   {.name = "unused", .size_bytes = 1 << 20}};
  add("a", patient());
  start();
  struct stat status{};
  ASSERT_EQ(::stat((config_.pool_dir / "unused.plasmite").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 1 << 20);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  ASSERT_EQ(::stat(config_.pool_dir.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
  ASSERT_EQ(::stat(config_.socket.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660u);
}

TEST_F(AgentTest, AReloadTouchesOnlyWhatChanged) {
  std::atomic<int> runs_of_same{0}, runs_of_changed{0};
  const auto counting = [](std::atomic<int>& runs) {
    Script script = patient();
    return Script{.run = [&runs, run = script.run](const SourceContext& context, int nth) {
      ++runs;
      return run(context, nth);
    }};
  };
  add("changed", counting(runs_of_changed));
  add("gone", patient());
  add("same", counting(runs_of_same));
  start();
  ASSERT_TRUE(eventually([&] { return runs_of_same == 1 && runs_of_changed == 1; }));
  AgentConfig next = config_;
  next.sources[0].tags = {"new"};
  next.sources.erase(next.sources.begin() + 1);
  next.sources.push_back(tap_named("added"));
  scripts_.set("added", patient());
  set_next(next);
  const auto reply = ask("reload");
  ASSERT_TRUE(reply);
  EXPECT_EQ(
      *reply,
      R"({"added":["added"],"changed":["changed"],"needs_restart":[],"ok":true,"problems":[],)"
      R"("removed":["gone"],"still_draining":[]})");
  EXPECT_TRUE(eventually([&] { return runs_of_changed == 2; }));
  EXPECT_EQ(runs_of_same, 1);
  EXPECT_EQ(asked("status", "/sources/0/name"), "added");
  EXPECT_EQ(asked("status", "/sources/2/name"), "same");
  EXPECT_EQ(asked("status", "/agent/last_reload/ok"), "true");
  EXPECT_EQ(asked("status", "/agent/health"), "healthy");
  finish();
}

TEST_F(AgentTest, ASourceThatHasEndedLongAgoIsStartedAnewIfItChanges) {
  add("done", ends_with(SourceEnd::finished));
  add("runs", patient());
  start();
  EXPECT_TRUE(eventually([&] { return state(0) == "finished"; }));
  AgentConfig next = config_;
  set_next(next);
  EXPECT_EQ(asked("reload", "/ok"), "true");
  EXPECT_EQ(state(0), "finished") << "it has not changed";
  scripts_.set("done", patient());
  next.sources[0].tags = {"new"};
  set_next(next);
  EXPECT_EQ(asked("reload", "/ok"), "true");
  EXPECT_TRUE(eventually([&] { return state(0) == "running"; }));
  next.sources.erase(next.sources.begin());
  set_next(next);
  EXPECT_EQ(asked("reload", "/removed/0"), "done");
}

TEST_F(AgentTest, AnotherRejectPoolIsThatOfEverySource) {
  config_.pools = {{.name = "p"}, {.name = "rejects"}};
  config_.reject_pool = "rejects";
  Script script = patient();
  script.run = [run = script.run](const SourceContext& context, int nth) {
    if (context.rejects != nullptr) context.rejects->keep("a", RejectReason::parse, "bad");
    return run(context, nth);
  };
  add("a", script);
  start();
  EXPECT_TRUE(eventually([&] { return asked("status", "/rejects/kept") == "1"; }));
  AgentConfig next = config_;
  next.pools = {{.name = "other"}, {.name = "p"}};
  next.reject_pool = "other";
  set_next(next);
  EXPECT_EQ(asked("reload", "/changed/0"), "a");
  EXPECT_TRUE(eventually([&] { return asked("status", "/rejects/kept") == "1"; }));
  EXPECT_EQ(asked("status", "/rejects/pool"), "other");
  next.reject_pool.clear();
  set_next(next);
  EXPECT_EQ(asked("reload", "/changed/0"), "a");
  EXPECT_EQ(asked("status", "/rejects/pool"), "-");
  finish();
}

TEST_F(AgentTest, ASourceThatNeverEndsDoesNotKeepTheProcess) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  config_.drain_timeout = std::chrono::milliseconds(1);
  add("stubborn", {.run = [](const SourceContext&, int) -> Result<SourceEnd> {
        ::kill(::getpid(), SIGTERM);
        for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
      }});
  Agent agent(
      {.config_file = "x", .config = config_, .load = {}, .make = scripts_.maker(), .log = &log_});
  EXPECT_EXIT((void)agent.run(), testing::ExitedWithCode(1), "");
}

TEST_F(AgentTest, ABadConfigurationChangesNothingAndIsSeen) {
  add("a", patient());
  start();
  set_problem("a key is wrong");
  EXPECT_EQ(asked("reload", "/ok"), "false");
  EXPECT_TRUE(eventually([&] { return state(0) == "running"; }));
  EXPECT_EQ(asked("status", "/agent/last_reload/error"), "agent.toml: a key is wrong");
  EXPECT_EQ(asked("status", "/agent/health"), "degraded");
  set_problem("");
  set_next(config_);
  EXPECT_EQ(asked("reload", "/ok"), "true");
  EXPECT_EQ(asked("status", "/agent/health"), "healthy");
}

TEST_F(AgentTest, KeysThatNeedARestartAreNamedAndKeepTheirValues) {
  add("a", patient());
  start();
  AgentConfig next = config_;
  next.socket = dir_.path() / "other.sock";
  set_next(next);
  EXPECT_EQ(asked("reload", "/needs_restart/0"), "agent.socket");
  EXPECT_TRUE(eventually([&] { return state(0) == "running"; })) << "on the old socket";
}

TEST_F(AgentTest, AReloadThatLeavesNoSourceDoesNotEndIt) {
  add("a", patient());
  start();
  AgentConfig next = config_;
  next.sources.clear();
  set_next(next);
  EXPECT_EQ(asked("reload", "/removed/0"), "a");
  EXPECT_EQ(asked("status", "/agent/state"), "running");
  set_next(config_);
  EXPECT_EQ(asked("reload", "/added/0"), "a");
  EXPECT_TRUE(eventually([&] { return state(0) == "running"; }));
  finish();
}

TEST_F(AgentTest, APoolThatAReloadAddsIsMade) {
  add("a", patient());
  start();
  AgentConfig next = config_;
  next.pools.push_back({.name = "unused"});
  set_next(next);
  EXPECT_EQ(asked("reload", "/ok"), "true");
  EXPECT_TRUE(std::filesystem::exists(config_.pool_dir / "unused.plasmite"));
}

TEST_F(AgentTest, AReloadBringsASocketBackThatWasRemoved) {
  add("a", patient());
  start();
  set_next(config_);
  std::filesystem::remove_all(config_.socket.parent_path());
  EXPECT_FALSE(ask("status"));
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(eventually([&] { return ask("status").has_value(); }));
}

TEST_F(AgentTest, WhoWaitsInVainForAReloadIsToldThatItIsBusy) {
  std::atomic<bool> may_end{false};
  std::atomic<bool> is_leaving{false};
  add("a", {.run = [&](const SourceContext& context, int) -> Result<SourceEnd> {
        (void)context.stop.wait_for(std::chrono::hours(1));
        is_leaving = true;
        while (!may_end && context.stop.level() != StopSignal::Level::now)
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return SourceEnd::stopped;
      }});
  start();
  AgentConfig next = config_;
  next.sources[0].tags = {"new"};
  set_next(next);
  std::atomic<size_t> refused{0};
  std::vector<std::thread> asking;
  for (size_t n = 0; n < Agent::kMostWaiting + 2; ++n)
    asking.emplace_back([&] {
      const auto reply = ask("reload");
      if (reply) return;
      EXPECT_EQ(reply.error().error.kind(), ErrorKind::Busy);
      ++refused;
    });
  EXPECT_TRUE(eventually([&] { return is_leaving && refused == 1; }));
  scripts_.set("a", patient());
  may_end = true;
  for (std::thread& thread : asking) thread.join();
  EXPECT_EQ(refused, 1u);
  finish();
}

TEST_F(AgentTest, AReloadDuringAReloadComesAfterIt) {
  std::atomic<bool> may_end{false};
  add("a", {.run = [&](const SourceContext& context, int) -> Result<SourceEnd> {
        (void)context.stop.wait_for(std::chrono::hours(1));
        while (!may_end && context.stop.level() != StopSignal::Level::now)
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return SourceEnd::stopped;
      }});
  start();
  AgentConfig first = config_, second = config_;
  first.sources[0].tags = {"first"};
  second.sources[0].tags = {"second"};
  set_next(first);
  std::string first_reply, second_reply;
  std::thread first_asker([&] { first_reply = asked("reload", "/changed/0"); });
  EXPECT_TRUE(eventually([&] { return asked("status", "/agent/state") == "reloading"; }));
  set_next(second);
  std::thread second_asker([&] { second_reply = asked("reload", "/changed/0"); });
  may_end = true;
  first_asker.join();
  second_asker.join();
  EXPECT_EQ(first_reply, "a");
  EXPECT_EQ(second_reply, "a");
  finish();
}

TEST_F(AgentTest, WhatASourceSaysOfItselfIsAProblemWhileItRuns) {
  Script script = patient();
  script.probe = [] {
    return Error(ErrorKind::NotFound, "journald is down").with_hint("Start it.");
  };
  add("a", script);
  start();
  EXPECT_EQ(asked("status", "/agent/health"), "degraded");
  EXPECT_EQ(asked("status", "/agent/problems/0"), "source a: journald is down. Start it.");
  EXPECT_EQ(asked("status", "/sources/0/problem/message"), "journald is down");
}

TEST_F(AgentTest, AnUnknownRequestIsAnswered) {
  add("a", patient());
  start();
  const auto reply = ask("dance");
  ASSERT_FALSE(reply);
  EXPECT_TRUE(reply.error().is_running);
}

}  // namespace
}  // namespace plasmite
