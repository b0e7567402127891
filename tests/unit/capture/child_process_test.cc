#include "capture/child_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>

namespace plasmite {
namespace {

SpawnOptions shell(const std::string& script, ProcessGroup group = ProcessGroup::own) {
  SpawnOptions options{.argv = {"sh", "-c", script}, .group = group, .signal_mask = {}};
  sigemptyset(&options.signal_mask);
  return options;
}

SpawnOptions command(std::vector<std::string> argv) {
  SpawnOptions options = shell("");
  options.argv = std::move(argv);
  return options;
}

// Everything up to the end of the stream.
std::string read_all(const UniqueFd& fd) {
  std::string text;
  char buffer[4096];
  for (;;) {
    pollfd readable{.fd = fd.get(), .events = POLLIN, .revents = 0};
    ::poll(&readable, 1, -1);
    const ssize_t got = ::read(fd.get(), buffer, sizeof(buffer));
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;  // a signal ended the wait
    if (got <= 0) return text;
    text.append(buffer, static_cast<size_t>(got));
  }
}

ExitedChild wait_for(Result<RunningChild> child) {
  EXPECT_TRUE(child) << child.error().message();
  auto exited = std::move(*child).wait();
  EXPECT_TRUE(exited) << exited.error().message();
  return std::move(*exited);
}

bool process_exists(pid_t pid) { return ::kill(pid, 0) == 0; }

class Folder {
 public:
  Folder() {
    std::string name = testing::TempDir() + "child.XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const char* name, std::string_view content, mode_t mode) const {
    const std::string path = path_ / name;
    std::ofstream(path) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(ChildProcess, ExitCodesAndSignalsAreTold) {
  const ExitedChild seven = wait_for(RunningChild::spawn(shell("exit 7")));
  EXPECT_EQ(std::get<ExitedWith>(seven.end()).code, 7);
  EXPECT_EQ(shell_status(seven.end()), 7);
  const ExitedChild killed = wait_for(RunningChild::spawn(shell("kill -KILL $$")));
  EXPECT_EQ(std::get<KilledBy>(killed.end()).signal, SIGKILL);
  EXPECT_EQ(shell_status(killed.end()), 137);
}

TEST(ChildProcess, StreamsAreApart) {
  auto child = RunningChild::spawn(shell("echo out; echo err >&2"));
  ASSERT_TRUE(child);
  EXPECT_EQ(read_all(child->take_stdout()), "out\n");
  EXPECT_EQ(read_all(child->take_stderr()), "err\n");
}

TEST(ChildProcess, ThePidfdBecomesReadableAtTheEndOnly) {
  auto child = RunningChild::spawn(shell("read line || true"));
  ASSERT_TRUE(child);
  auto waits = RunningChild::spawn(command({"sleep", "60"}));
  ASSERT_TRUE(waits);
  pollfd readable{.fd = waits->pidfd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&readable, 1, 0), 0);
  waits->signal(SIGTERM);
  EXPECT_EQ(::poll(&readable, 1, 10'000), 1);
  EXPECT_EQ(shell_status(wait_for(std::move(waits)).end()), 128 + SIGTERM);
}

TEST(ChildProcess, AGroupOfItsOwnGetsSignalsTogether) {
  // The grandchild, too, must die, or its end of the pipe stays open.
  auto child = RunningChild::spawn(shell("sleep 60 & echo ready; wait"));
  ASSERT_TRUE(child);
  const UniqueFd out = child->take_stdout();
  char ready[6];
  pollfd readable{.fd = out.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&readable, 1, 10'000), 1);
  ASSERT_EQ(::read(out.get(), ready, sizeof(ready)), 6);
  EXPECT_EQ(::getpgid(child->pid()), child->pid());
  child->signal(SIGTERM);
  EXPECT_EQ(read_all(out), "");
}

TEST(ChildProcess, ASharedGroupIsOurs) {
  auto child = RunningChild::spawn(shell("sleep 60", ProcessGroup::shared));
  ASSERT_TRUE(child);
  EXPECT_EQ(::getpgid(child->pid()), ::getpgrp());
  child->signal(SIGKILL);  // the child alone: we are in that group
  EXPECT_EQ(shell_status(wait_for(std::move(child)).end()), 128 + SIGKILL);
}

TEST(ChildProcess, AnExitedChildKeepsItsPidUntilReaped) {
  auto child = RunningChild::spawn(shell("exit 0"));
  ASSERT_TRUE(child);
  const pid_t pid = child->pid();
  ExitedChild exited = wait_for(std::move(child));
  EXPECT_TRUE(process_exists(pid));
  std::move(exited).reap();
  EXPECT_FALSE(process_exists(pid));
}

TEST(ChildProcess, DestroyingAnExitedChildReapsIt) {
  pid_t pid = 0;
  {
    auto child = RunningChild::spawn(shell("exit 0"));
    ASSERT_TRUE(child);
    pid = child->pid();
    const ExitedChild exited = wait_for(std::move(child));
  }
  EXPECT_FALSE(process_exists(pid));
}

TEST(ChildProcess, UsageIsReported) {
  ExitedChild exited = wait_for(RunningChild::spawn(shell("exit 0")));
  EXPECT_GT(exited.elapsed().count(), 0);
  const ChildUsage usage = std::move(exited).reap();
  EXPECT_GT(usage.max_rss_bytes, 64u << 10);
}

TEST(ChildProcess, SignalsAreAsAChildExpectsThem) {
  std::signal(SIGPIPE, SIG_IGN);
  auto child = RunningChild::spawn(shell("grep -E 'SigBlk|SigIgn' /proc/self/status"));
  ASSERT_TRUE(child);
  const std::string status = read_all(child->take_stdout());
  const auto bits = [&](const std::string& name) {
    return std::stoull(status.substr(status.find(name) + name.size()), nullptr, 16);
  };
  EXPECT_EQ(bits("SigBlk:"), 0u) << status;
  EXPECT_EQ(bits("SigIgn:") >> (SIGPIPE - 1) & 1, 0u) << status;
  // The two that the C library keeps for itself, and which its posix_spawn leaves ignored.
  EXPECT_EQ(bits("SigIgn:") >> (32 - 1) & 3, 0u) << status;
}

TEST(ChildProcess, ExitStatusesAreKeptWhereSigchldWasIgnored) {
  std::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(shell_status(wait_for(RunningChild::spawn(shell("exit 9"))).end()), 9);
}

TEST(ChildProcess, NoDescriptorLeaks) {
  // What we were started with and do not close on exec, the child has, too; nothing else.
  std::set<std::string> expected;
  for (int fd = 0; fd < 1024; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) expected.insert(std::to_string(fd));
  }
  int own = 0;  // the one with which the child reads the folder
  while (expected.contains(std::to_string(own))) ++own;
  expected.insert(std::to_string(own));
  auto child = RunningChild::spawn(shell("for fd in /proc/$$/fd/*; do echo \"${fd##*/}\"; done"));
  ASSERT_TRUE(child);
  std::istringstream words(read_all(child->take_stdout()));
  std::set<std::string> found{std::istream_iterator<std::string>(words), {}};
  EXPECT_EQ(found, expected);
}

TEST(ChildProcess, AMissingCommandIsAUsageError) {
  for (const char* name : {"no-such-command-here", "/no/such/file", "./no-such-file"}) {
    const auto child = RunningChild::spawn(command({name}));
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().kind(), ErrorKind::Usage);
    EXPECT_EQ(child.error().message(), "wrapped command not found: " + std::string(name));
    EXPECT_EQ(child.error().hint(), "Check PATH or use an absolute executable path.");
  }
}

TEST(ChildProcess, WhatCannotBeRunSaysWhy) {
  const Folder folder;
  const struct {
    std::string path;
    const char* message;
  } cases[] = {
      {folder.file("text", "no program\n", 0644), "is not executable"},
      {folder.path().string(), "is a directory"},
      {folder.file("script", "#!/no/such/interpreter\n", 0755), "interpreter does not exist"},
  };
  for (const auto& [path, message] : cases) {
    const auto child = RunningChild::spawn(command({path}));
    ASSERT_FALSE(child) << path;
    EXPECT_EQ(child.error().kind(), ErrorKind::Io);
    EXPECT_TRUE(child.error().message().starts_with("failed to spawn wrapped command"));
    EXPECT_TRUE(child.error().message().ends_with(message)) << child.error().message();
    EXPECT_FALSE(child.error().hint().empty());
  }
}

TEST(ChildProcess, AScriptWithoutInterpreterLineIsRunByTheShell) {
  const Folder folder;
  auto child = RunningChild::spawn(command({folder.file("script", "echo \"$1\"\n", 0755), "a b"}));
  ASSERT_TRUE(child) << child.error().message();
  EXPECT_EQ(read_all(child->take_stdout()), "a b\n");
}

class PathVariable {
 public:
  explicit PathVariable(const char* value) : before_(::getenv("PATH")) { set(value); }
  ~PathVariable() { set(before_.c_str()); }
  PathVariable(const PathVariable&) = delete;
  PathVariable& operator=(const PathVariable&) = delete;

 private:
  static void set(const char* value) {
    if (value != nullptr) {
      ::setenv("PATH", value, 1);
    } else {
      ::unsetenv("PATH");
    }
  }
  std::string before_;
};

TEST(ChildProcess, TheFoldersOfPathAreTriedInTurn) {
  const Folder first, second;
  first.file("denied-then-good", "#!/bin/sh\nexit 1\n", 0600);
  second.file("denied-then-good", "#!/bin/sh\nexit 2\n", 0700);
  first.file("both", "#!/bin/sh\nexit 3\n", 0700);
  second.file("both", "#!/bin/sh\nexit 4\n", 0700);
  first.file("denied", "#!/bin/sh\n", 0600);
  const std::string path = "/no/such/folder:/etc/passwd:" + std::string(5000, 'x') + ":" +
                           first.path().string() + ":" + second.path().string();
  const PathVariable variable(path.c_str());
  EXPECT_EQ(shell_status(wait_for(RunningChild::spawn(command({"denied-then-good"}))).end()), 2);
  EXPECT_EQ(shell_status(wait_for(RunningChild::spawn(command({"both"}))).end()), 3);
  const auto denied = RunningChild::spawn(command({"denied"}));
  ASSERT_FALSE(denied);
  EXPECT_THAT(denied.error().message(), testing::HasSubstr("not executable"));
  const auto missing = RunningChild::spawn(command({"missing"}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::Usage);
}

TEST(ChildProcess, AnEmptyFolderOfPathIsTheWorkingDirectoryAndNoPathTheUsualFolders) {
  const Folder folder;
  folder.file("here", "#!/bin/sh\nexit 5\n", 0700);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  {
    const PathVariable variable("/no/such/folder:");
    EXPECT_EQ(shell_status(wait_for(RunningChild::spawn(command({"here"}))).end()), 5);
  }
  std::filesystem::current_path(before);
  const PathVariable none(nullptr);
  EXPECT_EQ(shell_status(wait_for(RunningChild::spawn(command({"sh", "-c", "exit 6"}))).end()), 6);
}

TEST(ChildProcess, EveryLimitOfOpenFilesIsAnErrorOrAChild) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int lowest_free = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get();
  bool spawned = false;
  for (int extra = 0; extra <= 6; ++extra) {
    rlimit limited = before;
    limited.rlim_cur = static_cast<rlim_t>(lowest_free + extra);
    ::setrlimit(RLIMIT_NOFILE, &limited);
    auto child = RunningChild::spawn(shell("exit 3"));
    ::setrlimit(RLIMIT_NOFILE, &before);
    if (!child) {
      EXPECT_FALSE(spawned) << extra;
      EXPECT_EQ(child.error().kind(), ErrorKind::Io);
      continue;
    }
    spawned = true;
    EXPECT_EQ(shell_status(wait_for(std::move(child)).end()), 3);
  }
  EXPECT_TRUE(spawned);
}

// What the command printed.
std::string output_of(const SpawnOptions& options) {
  auto child = RunningChild::spawn(options);
  EXPECT_TRUE(child) << child.error().message();
  if (!child) return {};
  std::string text = read_all(child->take_stdout());
  (void)wait_for(std::move(child));
  return text;
}

TEST(ChildProcess, HasTheWorkingDirectoryItWasGiven) {
  const Folder folder;
  SpawnOptions options = shell("pwd -P");
  options.working_directory = folder.path();
  EXPECT_EQ(output_of(options), std::filesystem::canonical(folder.path()).string() + "\n");
  folder.file("here", "#!/bin/sh\necho ran\n", 0755);
  options.argv = {"./here"};
  EXPECT_EQ(output_of(options), "ran\n") << "a relative command is looked for there";
  folder.file("bare", "echo bare\n", 0755);
  options.argv = {"./bare"};
  EXPECT_EQ(output_of(options), "bare\n");
}

TEST(ChildProcess, AMissingWorkingDirectoryIsNamed) {
  SpawnOptions options = shell("true");
  options.working_directory = "/no/such/folder";
  const auto missing = RunningChild::spawn(options);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::Usage);
  EXPECT_EQ(missing.error().message(), "working directory not found: /no/such/folder");
  EXPECT_FALSE(missing.error().hint().empty());
  options.working_directory = "/dev/null";
  EXPECT_EQ(RunningChild::spawn(options).error().kind(), ErrorKind::Usage);
}

TEST(ChildProcess, AMissingCommandInAWorkingDirectoryIsNotMistakenForOneHere) {
  const Folder folder;
  SpawnOptions options = shell("true");
  options.working_directory = folder.path();
  options.argv = {"./nothing"};
  const auto missing = RunningChild::spawn(options);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::Usage);
  EXPECT_EQ(missing.error().message(), "wrapped command not found: ./nothing");
}

TEST(ChildProcess, TheEnvironmentIsOursWithWhatWasAddedOrReplaced) {
  ::setenv("PLASMITE_TEST_KEPT", "kept", 1);
  ::setenv("PLASMITE_TEST_REPLACED", "old", 1);
  SpawnOptions options =
      shell("echo $PLASMITE_TEST_KEPT,$PLASMITE_TEST_REPLACED,$PLASMITE_TEST_NEW");
  EXPECT_EQ(output_of(options), "kept,old,\n");
  options.environment = {{"PLASMITE_TEST_REPLACED", "new"}, {"PLASMITE_TEST_NEW", "a=b c"}};
  EXPECT_EQ(output_of(options), "kept,new,a=b c\n");
  EXPECT_STREQ(std::getenv("PLASMITE_TEST_REPLACED"), "old");
  options.argv = {"env"};
  const std::string all = output_of(options);
  EXPECT_EQ(all.find("PLASMITE_TEST_REPLACED=old"), std::string::npos);
}

TEST(ChildProcess, ThePathThatTheChildGetsIsTheOneItIsLookedForIn) {
  const Folder folder;
  folder.file("plasmite-test-command", "#!/bin/sh\necho found\n", 0755);
  SpawnOptions options = command({"plasmite-test-command"});
  EXPECT_FALSE(RunningChild::spawn(options));
  options.environment = {{"PATH", folder.path().string()}};
  EXPECT_EQ(output_of(options), "found\n");
}

TEST(ChildProcess, StdinCanBeNothing) {
  SpawnOptions options = shell("readlink /proc/self/fd/0; cat");
  options.null_input = true;
  EXPECT_EQ(output_of(options), "/dev/null\n");
}

TEST(ChildProcess, CanHaveEverySignalAtItsDefaultWhateverWeHave) {
  struct sigaction handled{}, ignored{}, before_usr1, before_hup;
  handled.sa_handler = [](int) {};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGUSR1, &handled, &before_usr1);
  ::sigaction(SIGHUP, &ignored, &before_hup);
  SpawnOptions options = command({"cat", "/proc/self/status"});
  const std::string as_ours = output_of(options);
  options.default_signals = true;
  const std::string defaults = output_of(options);
  struct sigaction after;
  ::sigaction(SIGUSR1, &before_usr1, &after);
  ::sigaction(SIGHUP, &before_hup, nullptr);
  EXPECT_EQ(after.sa_handler, handled.sa_handler) << "ours are ours";
  EXPECT_NE(as_ours.find("SigIgn:\t0000000000000001"), std::string::npos) << as_ours;
  for (const char* what : {"SigBlk", "SigIgn", "SigCgt"})
    EXPECT_NE(defaults.find(what + std::string(":\t0000000000000000\n")), std::string::npos)
        << what;
}

TEST(ChildProcess, GetsItsDeathSignalWhenTheThreadThatStartedItEnds) {
  SpawnOptions options = shell("exec sleep 1000");
  options.death_signal = SIGKILL;
  std::optional<RunningChild> child;
  std::thread([&] { child.emplace(std::move(*RunningChild::spawn(options))); }).join();
  auto exited = std::move(*child).wait();
  ASSERT_TRUE(exited);
  EXPECT_EQ(std::get<KilledBy>(exited->end()).signal, SIGKILL);
}

TEST(ChildProcess, ThreadsStartChildrenAtTheSameTimeWhileSignalsComeIn) {
  static std::atomic<int> handled;
  struct sigaction action{}, before;
  action.sa_handler = [](int) { ++handled; };
  ::sigaction(SIGUSR1, &action, &before);
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([i] {
      SpawnOptions options = command({"echo", std::to_string(i)});
      options.default_signals = true;
      options.death_signal = SIGKILL;
      for (int round = 0; round < 30; ++round)
        EXPECT_EQ(output_of(options), std::to_string(i) + "\n");
    });
  }
  std::thread signals([&] {
    while (!done) {
      ::kill(::getpid(), SIGUSR1);
      std::this_thread::yield();
    }
  });
  for (std::thread& thread : threads) thread.join();
  done = true;
  signals.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  EXPECT_GT(handled, 0);
}

}  // namespace
}  // namespace plasmite
