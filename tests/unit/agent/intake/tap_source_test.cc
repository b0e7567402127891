#include "agent/intake/tap_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <iterator>

#include "tests/unit/agent/intake/source_fixture.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class TapSourceTest : public SourceTest {
 protected:
  TapSourceTest() { config_.kind = TapConfig{.command = {"true"}}; }

  TapConfig& tap() { return std::get<TapConfig>(config_.kind); }
  void shell(const std::string& script) { tap().command = {"sh", "-c", script}; }

  SourceEnd run() { return must(TapSource(context_).run()); }
  // In a thread of its own, which lives as long as the run.
  std::future<Result<SourceEnd>> run_aside() {
    return std::async(std::launch::async, [this] { return TapSource(context_).run(); });
  }
  uint64_t stored() const { return report_.snapshot().totals.stored; }
  void until_stored(uint64_t records) {
    eventually([&] { return stored() >= records; });
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const std::string& body : bodies_of(path_))
      if (body.find(R"("kind":"line")") != std::string::npos) lines.push_back(body);
    return lines;
  }
  std::vector<std::string> lifecycle() const {
    std::vector<std::string> bodies;
    for (const StoredRecord& record : records_of(path_))
      if (record.tags == std::vector<std::string>{"lifecycle"}) bodies.push_back(record.body);
    return bodies;
  }

  const SourceContext context_ = context();
};

std::string line(std::string_view text, std::string_view stream = "stdout") {
  return R"({"kind":"line","line":")" + std::string(text) + R"(","stream":")" +
         std::string(stream) + R"("})";
}

bool is_zombie(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  const std::string all{std::istreambuf_iterator<char>(stat), {}};
  return all.find(") Z ") != std::string::npos;
}

TEST_F(TapSourceTest, StoresTheSameRecordsAsTap) {
  shell("echo out; echo err >&2; exit 3");
  config_.tags = {"t"};
  EXPECT_EQ(run(), SourceEnd::retry);
  EXPECT_THAT(lines(), testing::UnorderedElementsAre(line("out"), line("err", "stderr")));
  EXPECT_THAT(
      lifecycle(),
      ElementsAre(
          AllOf(StartsWith(R"({"cmd":["sh","-c",)"), HasSubstr(R"("kind":"start")")),
          AllOf(StartsWith(R"({"code":3,)"), HasSubstr(R"("kind":"exit")"),
                HasSubstr(R"("stderr":{"bytes":4,"lines":1},"stdout":{"bytes":4,"lines":1})"),
                Not(HasSubstr("pipes")))));
  EXPECT_EQ(records_of(path_)[1].tags, std::vector<std::string>{"t"});
  EXPECT_EQ(stored(), 2u) << "lifecycle records do not count";
  const Pool pool = must(Pool::open(path_));
  EXPECT_EQ(must(pool.checkpoint("tap.0"))->value, "") << "the run has its end";
  EXPECT_EQ(report_.snapshot().last_error->message(), "the command ended with exit code 3");
}

TEST_F(TapSourceTest, RestartsAsItsPolicySays) {
  using Restart = TapConfig::Restart;
  const auto end_of = [&](Restart restart, const char* script) {
    tap().restart = restart;
    shell(script);
    return run();
  };
  EXPECT_EQ(end_of(Restart::never, "exit 0"), SourceEnd::finished);
  EXPECT_EQ(end_of(Restart::never, "exit 1"), SourceEnd::failed);
  EXPECT_EQ(end_of(Restart::on_failure, "exit 0"), SourceEnd::finished);
  EXPECT_EQ(end_of(Restart::on_failure, "kill -TERM $$"), SourceEnd::retry);
  EXPECT_EQ(report_.snapshot().last_error->message(), "the command was ended by SIGTERM");
  EXPECT_EQ(end_of(Restart::on_failure, "kill -ABRT $$"), SourceEnd::retry);
  EXPECT_EQ(report_.snapshot().last_error->message(), "the command was ended by SIGABRT");
  EXPECT_EQ(end_of(Restart::on_failure, "kill -40 $$"), SourceEnd::retry);
  EXPECT_EQ(report_.snapshot().last_error->message(), "the command was ended by SIG40");
  EXPECT_EQ(end_of(Restart::always, "exit 0"), SourceEnd::again);
  EXPECT_EQ(end_of(Restart::always, "exit 1"), SourceEnd::retry);
}

TEST_F(TapSourceTest, AMissingCommandIsAnErrorThatTheRestartPolicyDecidesOn) {
  tap().command = {"plasmite-no-such-command"};
  const auto end = TapSource(context_).run();
  ASSERT_FALSE(end) << "it is run again, with back-off";
  EXPECT_EQ(end.error().kind(), ErrorKind::Usage);
  tap().restart = TapConfig::Restart::never;
  EXPECT_EQ(run(), SourceEnd::failed);
  EXPECT_THAT(report_.snapshot().last_error->message(), HasSubstr("plasmite-no-such-command"));
  EXPECT_THAT(bodies_of(path_), IsEmpty());
}

TEST_F(TapSourceTest, WhatToDoAboutAMissingCommandFitsHowItWasNamed) {
  for (const char* name : {"/nonexistent/x", "./late.sh", "plasmite-no-such-command"}) {
    tap().command = {name};
    const auto end = TapSource(context_).run();
    ASSERT_FALSE(end);
    const std::string& hint = end.error().hint();
    const bool is_path = std::string(name).contains('/');
    EXPECT_EQ(hint.contains("PATH"), !is_path) << hint;
    EXPECT_EQ(hint.contains("the path in `command`"), is_path) << hint;
  }
}

TEST_F(TapSourceTest, AMissingWorkingDirectoryIsNamed) {
  tap().working_directory = dir_ / "none";
  const auto end = TapSource(context_).run();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().message(), "working directory not found: " + (dir_ / "none").string());
  EXPECT_EQ(end.error().path(), "") << "it would be shown twice";
}

TEST_F(TapSourceTest, TheChildHasItsDirectoryItsEnvironmentAndNoInput) {
  tap().working_directory = dir_.path();
  tap().environment = {{"GREETING", "hello"}};
  shell("pwd -P; echo $GREETING; cat; echo end");
  EXPECT_EQ(run(), SourceEnd::finished);
  const std::string directory = std::filesystem::canonical(dir_.path());
  EXPECT_THAT(lines(), ElementsAre(line(directory), line("hello"), line("end")));
  EXPECT_THAT(lifecycle()[0], HasSubstr("\"cwd\":\"" + dir_.path().string() + "\""));
  EXPECT_THAT(lifecycle()[0], Not(HasSubstr("hello"))) << "no values of the environment";
}

TEST_F(TapSourceTest, SaysWhichProcessRuns) {
  shell("echo $$; exec sleep 1000");
  auto end = run_aside();
  until_stored(1);
  const auto pid = report_.snapshot().child_pid;
  ASSERT_TRUE(pid);
  EXPECT_THAT(lines(), ElementsAre(line(std::to_string(*pid))));
  eventually([&] { return report_.snapshot().caught_up; });
  stop_.request(StopSignal::Level::drain);
  EXPECT_EQ(must(end.get()), SourceEnd::stopped);
  EXPECT_FALSE(report_.snapshot().child_pid);
}

TEST_F(TapSourceTest, DrainingSendsTheStopSignalAndStoresWhatTheChildStillSays) {
  shell("exec 2>/dev/null; trap 'echo bye; exit 7' USR1; echo ready; while :; do sleep 0.01; done");
  tap().stop_signal = SIGUSR1;
  auto end = run_aside();
  until_stored(1);
  stop_.request(StopSignal::Level::drain);
  EXPECT_EQ(must(end.get()), SourceEnd::stopped);
  EXPECT_THAT(lines(), ElementsAre(line("ready"), line("bye")));
  EXPECT_THAT(lifecycle().back(), StartsWith(R"({"code":7,)"));
}

TEST_F(TapSourceTest, AStoppedChildGetsTheStopSignal) {
  shell("echo ready; kill -STOP $$; echo never");
  auto end = run_aside();
  until_stored(1);
  stop_.request(StopSignal::Level::drain);
  EXPECT_EQ(must(end.get()), SourceEnd::stopped);
  EXPECT_THAT(lifecycle().back(), HasSubstr(R"("signal":"SIGTERM")"));
}

TEST_F(TapSourceTest, AChildThatIgnoresTheStopSignalIsKilledWithItsGroup) {
  shell("trap '' TERM; sleep 1000 & echo $!; while :; do wait; done");
  tap().stop_timeout = milliseconds(100);
  auto end = run_aside();
  until_stored(1);
  const std::string text = lines()[0];
  const pid_t other = std::stoi(text.substr(text.find(R"("line":")") + 8));
  stop_.request(StopSignal::Level::drain);
  EXPECT_EQ(must(end.get()), SourceEnd::stopped);
  EXPECT_THAT(lifecycle().back(), HasSubstr(R"("signal":"SIGKILL")"));
  eventually([&] {  // dead, and reaped by whoever it fell to, or not
    std::ifstream stat("/proc/" + std::to_string(other) + "/stat");
    const std::string all{std::istreambuf_iterator<char>(stat), {}};
    return all.empty() || all.find(") Z ") != std::string::npos;
  });
}

// A shell that has started it may end at once.
TEST_F(TapSourceTest, AProcessBehindTheChildHasUntilTheStopTimeoutToEnd) {
  shell("(trap 'sleep 2.5; echo saved; exit' TERM; echo ready; while :; do sleep 0.01; done)"
        " 2>/dev/null & exec sleep 1000");
  tap().stop_timeout = std::chrono::minutes(5);
  auto end = run_aside();
  until_stored(1);
  stop_.request(StopSignal::Level::drain);
  EXPECT_EQ(must(end.get()), SourceEnd::stopped);
  EXPECT_THAT(lines(), ElementsAre(line("ready"), line("saved")));
}

TEST_F(TapSourceTest, NowKillsAtOnce) {
  shell("trap '' TERM; echo ready; while :; do sleep 1; done");
  auto end = run_aside();
  until_stored(1);
  stop_.request(StopSignal::Level::now);
  EXPECT_EQ(must(end.get()), SourceEnd::stopped);
  EXPECT_THAT(lifecycle().back(), HasSubstr(R"("signal":"SIGKILL")"));
}

TEST_F(TapSourceTest, AStopWhileThePoolIsBlockedReachesTheChildAndTheRecordsFollow) {
  shell(
      "exec 2>/dev/null; trap 'echo bye; exit 0' TERM; echo ready; while :; do echo tick; sleep "
      "0.01; done");
  auto end = run_aside();
  until_stored(2);
  HeldLock lock(path_);
  eventually([&] { return state() == SourceState::blocked; });
  const pid_t child = static_cast<pid_t>(*report_.snapshot().child_pid);
  stop_.request(StopSignal::Level::drain);
  eventually([&] { return is_zombie(child); });  // not reaped before the pool takes records again
  lock.release();
  EXPECT_EQ(must(end.get()), SourceEnd::stopped);
  EXPECT_EQ(lines().back(), line("bye"));
}

// elapsed_ms is the command's time, not that of whoever could not store its lines.
TEST_F(TapSourceTest, WaitingForThePoolIsNoTimeOfTheChild) {
  const auto began = std::chrono::steady_clock::now();
  const auto since_begin = [&] {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began)
        .count();
  };
  shell("echo ready; read go < " + (dir_ / "fifo").string() + "; echo last");
  ASSERT_EQ(::mkfifo((dir_ / "fifo").c_str(), 0600), 0);
  auto end = run_aside();
  until_stored(1);
  const pid_t child = static_cast<pid_t>(*report_.snapshot().child_pid);
  HeldLock lock(path_);
  std::ofstream(dir_ / "fifo") << "go\n";
  eventually([&] { return state() == SourceState::blocked && is_zombie(child); });
  for (int pauses = 0; pauses < 2; ++pauses) {  // the second one begins after a look at the child
    const auto before = report_.snapshot().last_error_ns;
    eventually([&] { return report_.snapshot().last_error_ns != before; });
  }
  const auto known = since_begin();
  std::this_thread::sleep_for(milliseconds(300));
  lock.release();
  EXPECT_EQ(must(end.get()), SourceEnd::finished);
  const std::string exit = lifecycle().back();
  EXPECT_LE(std::stoll(exit.substr(exit.find(R"("elapsed_ms":)") + 13)), known) << exit;
  EXPECT_EQ(lines().back(), line("last"));
}

TEST_F(TapSourceTest, WhatTheChildLeavesBehindIsWaitedForAndEndsWithTheRun) {
  shell("(trap '' TERM; sleep 0.2; echo late; exec sleep 1000) & echo $!");
  EXPECT_EQ(run(), SourceEnd::finished);
  ASSERT_EQ(lines().size(), 2u);
  EXPECT_EQ(lines()[1], line("late"));
  EXPECT_THAT(lifecycle().back(), HasSubstr(R"("pipes":"open")"));
  const std::string text = lines()[0];
  const pid_t other = std::stoi(text.substr(text.find(R"("line":")") + 8));
  eventually([&] {
    std::ifstream stat("/proc/" + std::to_string(other) + "/stat");
    const std::string all{std::istreambuf_iterator<char>(stat), {}};
    return all.empty() || all.find(") Z ") != std::string::npos;
  });
}

TEST_F(TapSourceTest, EveryByteOfALargeOutputIsStored) {
  pool_bytes_ = 64 << 20;
  shell("seq 1 100000; printf tail");
  EXPECT_EQ(run(), SourceEnd::finished);
  EXPECT_EQ(stored(), 100'001u);
  EXPECT_THAT(lifecycle().back(), HasSubstr(R"("stdout":{"bytes":588899,"lines":100001})"));
}

TEST_F(TapSourceTest, WithDropTheChildNeverWaitsAndNothingIsUnaccountedFor) {
  pool_bytes_ = 64 << 20;
  config_.overflow = Overflow::drop;
  const std::string done = dir_ / "done";
  shell("echo first; while [ ! -e " + (dir_ / "go").string() +
        " ]; do sleep 0.01; done; yes 0123456789012345678901234567890123456789 | head -300000; "
        "touch " +
        done);
  auto end = run_aside();
  until_stored(1);
  HeldLock lock(path_);
  std::ofstream(dir_ / "go").close();
  eventually([&] { return std::filesystem::exists(done); });  // 12 MB
  lock.release();
  EXPECT_EQ(must(end.get()), SourceEnd::finished);
  EXPECT_GT(dropped(), 0u);
  EXPECT_EQ(report_.snapshot().totals.received(), 300'001u);
  EXPECT_EQ(lines().size(), stored());
  EXPECT_THAT(lifecycle(), testing::Contains(HasSubstr(R"("reason":"overflow","source":"web")")));
}

TEST_F(TapSourceTest, APoolThatVanishedMeanwhileIsMadeAgainAndKnowsOfTheRun) {
  shell("echo one; read line < " + (dir_ / "fifo").string() + "; echo two; exec sleep 1000");
  ASSERT_EQ(::mkfifo((dir_ / "fifo").c_str(), 0600), 0);
  auto end = run_aside();
  until_stored(1);
  must(Pool::remove(path_));
  std::ofstream(dir_ / "fifo") << "go\n";
  until_stored(2);
  EXPECT_THAT(lines(), ElementsAre(line("two")));
  eventually([&] {
    const Pool pool = must(Pool::open(path_));
    const auto checkpoint = must(pool.checkpoint("tap.0"));
    return checkpoint && checkpoint->value.ends_with(" web") && checkpoint->value.size() == 20;
  });
  stop_.request(StopSignal::Level::drain);
  EXPECT_EQ(must(end.get()), SourceEnd::stopped);
  const Pool pool = must(Pool::open(path_));
  EXPECT_EQ(must(pool.checkpoint("tap.0"))->value, "");
}

// The agent is another process here, which is killed in the middle of a run.
TEST_F(TapSourceTest, TheChildDiesWithTheAgentAndTheNextStartSaysSo) {
  shell("echo ready; exec sleep 1000");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // to see the child's end
  const pid_t agent = ::fork();
  if (agent == 0) {
    (void)TapSource(context_).run();
    ::_exit(1);
  }
  std::string start;
  eventually([&] {
    if (!std::filesystem::exists(path_) || lines().empty()) return false;
    start = lifecycle()[0];
    return true;
  });
  const pid_t child = std::stoi(start.substr(start.find(R"("pid":)") + 6));
  const std::string run_id = start.substr(start.find(R"("run":")") + 7, 16);
  ::kill(agent, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(agent, &status, 0), agent);
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);

  shell("true");
  config_.name = "other";  // whose start it is makes no difference: it was a run of web
  EXPECT_EQ(run(), SourceEnd::finished);
  const auto records = lifecycle();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[1],
            R"({"count":null,"from":null,"kind":"gap","reason":"no exit record","run":")" + run_id +
                R"(","source":"web","to":null})");
  EXPECT_EQ(report_.snapshot().totals.gaps, 1u);
  EXPECT_EQ(run(), SourceEnd::finished);
  EXPECT_EQ(lifecycle().size(), 6u) << "it is told once";
}

}  // namespace
}  // namespace plasmite
