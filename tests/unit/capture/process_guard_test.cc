#include "capture/process_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>

#include "capture/child_process.h"
#include "tests/support/child.h"
#include "tests/support/must.h"

namespace plasmite {
namespace {

bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string proc(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

// Dead, and reaped by whoever it fell to, or not.
bool is_gone(pid_t pid) {
  const std::string stat = text_of(proc(pid, "stat"));
  return stat.empty() || stat.find(") Z ") != std::string::npos;
}

bool is_readable(int fd, int timeout_ms) {
  pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&waited, 1, timeout_ms) == 1;
}

SpawnOptions shell(const std::string& script, const ProcessGuard& guard) {
  SpawnOptions options{.argv = {"sh", "-c", script}, .guard = &guard};
  sigemptyset(&options.signal_mask);
  return options;
}

// A command that starts another one, and that one's process id.
struct Family {
  RunningChild child;
  pid_t grandchild;
};
Family start_family(const ProcessGuard& guard) {
  RunningChild child =
      must(RunningChild::spawn(shell("sleep 1000 & echo $!; while :; do wait; done", guard)));
  const UniqueFd out = child.take_stdout();
  char text[16] = {};
  EXPECT_TRUE(is_readable(out.get(), -1));
  EXPECT_GT(::read(out.get(), text, sizeof(text) - 1), 0);
  return {.child = std::move(child), .grandchild = std::stoi(text)};
}

TEST(ProcessGuard, WhenWeAreKilledItKillsWhatOurChildrenHaveStarted) {
  const Pipe numbers;
  Child we([&] {
    const ProcessGuard guard = must(ProcessGuard::start());
    const Family one = start_family(guard);
    const Family two = start_family(guard);
    for (const pid_t pid : {one.grandchild, two.grandchild, one.child.pid(), guard.pid()})
      numbers.send(static_cast<uint64_t>(pid));
    for (;;) ::pause();
    return 0;
  });
  pid_t pids[4];
  for (pid_t& pid : pids) pid = static_cast<pid_t>(numbers.receive());
  EXPECT_FALSE(is_gone(pids[0]));
  we.send(SIGKILL);
  EXPECT_EQ(we.wait(), kKilled);
  for (const pid_t pid : pids) EXPECT_TRUE(eventually([&] { return is_gone(pid); })) << pid;
}

// Whoever has the number by then is somebody else.
TEST(ProcessGuard, WhatWasTakenBackIsNotTouched) {
  const Child other([] {
    ::setpgid(0, 0);
    for (;;) ::pause();
    return 0;
  });
  ASSERT_TRUE(eventually([&] { return ::getpgid(other.pid()) == other.pid(); }));
  const Pipe numbers;
  Child we([&] {
    const ProcessGuard guard = must(ProcessGuard::start());
    const pid_t group = other.pid();
    EXPECT_EQ(::send(guard.announcements(), &group, sizeof(group), 0), ssize_t{sizeof(group)});
    guard.take_back(group);
    numbers.send(static_cast<uint64_t>(guard.pid()));
    for (;;) ::pause();
    return 0;
  });
  const auto guard = static_cast<pid_t>(numbers.receive());
  we.send(SIGKILL);
  EXPECT_EQ(we.wait(), kKilled);
  EXPECT_TRUE(eventually([&] { return is_gone(guard); }));
  EXPECT_FALSE(is_gone(other.pid()));
}

// Its table would be full otherwise.
TEST(ProcessGuard, AChildThatEndedOrNeverStartedIsTakenBack) {
  pid_t grandchild = 0;
  {
    const ProcessGuard guard = must(ProcessGuard::start());
    SpawnOptions ends = shell("true", guard);
    SpawnOptions never_starts = ends;
    never_starts.argv = {"/no/such/command"};
    for (size_t i = 0; i < ProcessGuard::kMostGroups; ++i) {
      (void)must(must(RunningChild::spawn(ends)).wait());
      EXPECT_FALSE(RunningChild::spawn(never_starts));
    }
    grandchild = start_family(guard).grandchild;
  }
  EXPECT_TRUE(eventually([&] { return is_gone(grandchild); }));
}

TEST(ProcessGuard, ItsEndIsOursAndNoSignalButKillBringsItAbout) {
  pid_t grandchild = 0;
  pid_t pid = 0;
  {
    const ProcessGuard guard = must(ProcessGuard::start());
    pid = guard.pid();
    const Family family = start_family(guard);
    grandchild = family.grandchild;
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGPIPE, SIGALRM})
      ::kill(pid, signal);
  }
  EXPECT_TRUE(eventually([&] { return is_gone(grandchild); })) << "it was still there to do so";
  EXPECT_NE(::kill(pid, 0), 0) << "it is reaped";
}

TEST(ProcessGuard, HoldsNothingOfOurs) {
  const UniqueFd inherited(::dup(STDIN_FILENO));  // without O_CLOEXEC
  const ProcessGuard guard = must(ProcessGuard::start());
  EXPECT_TRUE(eventually([&] {
    size_t open = 0;
    for (const auto& entry : std::filesystem::directory_iterator(proc(guard.pid(), "fd"))) {
      (void)entry;
      ++open;
    }
    return open == 4;
  })) << "standard streams and its end";
  for (const char* stream : {"fd/0", "fd/1", "fd/2"})
    EXPECT_EQ(std::filesystem::read_symlink(proc(guard.pid(), stream)), "/dev/null");
  EXPECT_EQ(std::filesystem::read_symlink(proc(guard.pid(), "cwd")), "/");
  EXPECT_EQ(text_of(proc(guard.pid(), "comm")), "plasmite-guard\n");
  EXPECT_EQ(::getsid(guard.pid()), guard.pid());
}

TEST(ProcessGuard, ItsDeathShowsAndStopsNobody) {
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  const ProcessGuard guard = must(ProcessGuard::start());
  EXPECT_FALSE(is_readable(guard.pidfd(), 0));
  ::kill(guard.pid(), SIGKILL);
  EXPECT_TRUE(is_readable(guard.pidfd(), -1));
  const ExitedChild child = must(must(RunningChild::spawn(shell("exit 3", guard))).wait());
  EXPECT_EQ(shell_status(child.end()), 3);
  std::signal(SIGPIPE, before);
}

// It would kill groups of others once it listens again.
TEST(ProcessGuard, OneThatDoesNotListenIsKilled) {
  const ProcessGuard guard = must(ProcessGuard::start());
  ::kill(guard.pid(), SIGSTOP);
  constexpr int kMoreThanASocketHolds = 100'000;
  for (int i = 0; i < kMoreThanASocketHolds && !is_readable(guard.pidfd(), 0); ++i)
    guard.take_back(::getpid());
  EXPECT_TRUE(is_readable(guard.pidfd(), 60'000));
}

}  // namespace
}  // namespace plasmite
