#include "capture/pty.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "capture/child_process.h"
#include "capture/pty_input.h"

namespace plasmite {
namespace {

constexpr winsize kSize{.ws_row = 12, .ws_col = 34, .ws_xpixel = 0, .ws_ypixel = 0};

Pty open_default() {
  auto pty = open_pty({.size = kSize});
  EXPECT_TRUE(pty) << pty.error().message();
  return std::move(*pty);
}

SpawnOptions shell(const std::string& script) {
  SpawnOptions options{.argv = {"sh", "-c", script}, .signal_mask = {}};
  sigemptyset(&options.signal_mask);
  return options;
}

// What the child prints until it has ended.
std::string output_of(Pty& pty, Result<RunningChild> child) {
  EXPECT_TRUE(child) << child.error().message();
  std::string text;
  char buffer[4096];
  pty.slave.reset();
  for (;;) {
    pollfd readable{.fd = pty.master.get(), .events = POLLIN, .revents = 0};
    ::poll(&readable, 1, 10'000);
    const ssize_t got = ::read(pty.master.get(), buffer, sizeof(buffer));
    if (got <= 0) break;
    text.append(buffer, static_cast<size_t>(got));
  }
  EXPECT_TRUE(std::move(*child).wait());
  return text;
}

TEST(Pty, HasTheSizeAndTheModesAsked) {
  Pty plain = open_default();
  termios modes{};
  ASSERT_EQ(::tcgetattr(plain.slave.get(), &modes), 0);
  EXPECT_EQ(modes.c_lflag & ECHO, 0u);
  winsize size{};
  ASSERT_EQ(::ioctl(plain.slave.get(), TIOCGWINSZ, &size), 0);
  EXPECT_EQ(size.ws_row, 12);
  EXPECT_EQ(size.ws_col, 34);
  modes.c_lflag |= ECHO;
  modes.c_cc[VEOF] = 5;
  auto like = open_pty({.modes = modes, .size = kSize});
  ASSERT_TRUE(like);
  termios found{};
  ASSERT_EQ(::tcgetattr(like->slave.get(), &found), 0);
  EXPECT_NE(found.c_lflag & ECHO, 0u);
  EXPECT_EQ(found.c_cc[VEOF], 5);
}

TEST(Pty, IsTheChildsTerminalOnAllStreams) {
  Pty pty = open_default();
  auto child = RunningChild::spawn_on_terminal(
      shell("test -t 0 && test -t 1 && test -t 2 && stty size <&2 && echo ok >/dev/tty"),
      pty.slave.get());
  EXPECT_EQ(output_of(pty, std::move(child)), "12 34\r\nok\r\n");
}

TEST(Pty, AMissingCommandLeavesNothingBehind) {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {  // what other tests left
  }
  Pty pty = open_default();
  SpawnOptions options = shell("");
  options.argv = {"no-such-command-here"};
  options.shown_name = "another name";
  const auto child = RunningChild::spawn_on_terminal(options, pty.slave.get());
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().message(), "wrapped command not found: another name");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

TEST(Pty, AStopIsToldOnceAndAChildCanGoOn) {
  Pty pty = open_default();
  auto child = RunningChild::spawn_on_terminal(shell("kill -TSTP $$; echo on"), pty.slave.get());
  ASSERT_TRUE(child);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child->pid()), &info, WSTOPPED | WNOWAIT), 0);
  EXPECT_EQ(child->take_stop(), SIGTSTP);
  EXPECT_FALSE(child->take_stop());
  child->signal(SIGCONT);
  EXPECT_EQ(output_of(pty, std::move(child)), "on\r\n");
}

TEST(Pty, EveryLimitOfOpenFilesIsAnErrorOrAPty) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int lowest_free = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get();
  bool opened = false;
  for (int extra = 0; extra <= 10; ++extra) {
    rlimit limited = before;
    limited.rlim_cur = static_cast<rlim_t>(lowest_free + extra);
    ::setrlimit(RLIMIT_NOFILE, &limited);
    auto pty = open_pty({.size = kSize});
    auto child = pty ? RunningChild::spawn_on_terminal(shell("exit 3"), pty->slave.get())
                     : std::unexpected(pty.error());
    ::setrlimit(RLIMIT_NOFILE, &before);
    if (!child) {
      EXPECT_FALSE(opened) << extra;
      EXPECT_EQ(child.error().kind(), ErrorKind::Io);
      continue;
    }
    opened = true;
    auto exited = std::move(*child).wait();
    ASSERT_TRUE(exited);
    EXPECT_EQ(shell_status(exited->end()), 3);
  }
  EXPECT_TRUE(opened);
}

class PtyInputTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    from_ = UniqueFd(ends[0]);
    typist_ = UniqueFd(ends[1]);
  }
  void type(std::string_view text) {
    ASSERT_EQ(::write(typist_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  // One read of the terminal: nullopt when it would block.
  std::optional<std::string> read_once() {
    pollfd readable{.fd = pty_.slave.get(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, 0) != 1) return std::nullopt;
    char buffer[8192];
    const ssize_t got = ::read(pty_.slave.get(), buffer, sizeof(buffer));
    return std::string(buffer, static_cast<size_t>(std::max<ssize_t>(got, 0)));
  }

  Pty pty_ = open_default();
  UniqueFd from_, typist_;
};

TEST_F(PtyInputTest, BytesAndThenTheEnd) {
  PtyInput input(from_.get(), pty_);
  EXPECT_EQ(input.wanted().fd, from_.get());
  type("one\n");
  input.serve();
  EXPECT_EQ(read_once(), "one\n");
  EXPECT_EQ(read_once(), std::nullopt);
  typist_.reset();
  input.serve();
  EXPECT_TRUE(input.at_end());
  EXPECT_EQ(input.wanted().fd, -1);
  EXPECT_EQ(read_once(), "");
}

TEST_F(PtyInputTest, TheEndInTheMiddleOfALine) {
  PtyInput input(from_.get(), pty_);
  type("half");
  typist_.reset();
  input.serve();
  input.serve();
  EXPECT_EQ(read_once(), "half");
  EXPECT_EQ(read_once(), "");
}

TEST_F(PtyInputTest, TheEndIsThereForEveryoneWhoAsks) {
  PtyInput input(from_.get(), pty_);
  typist_.reset();
  input.serve();
  for (int n = 0; n < 5; ++n) {
    input.look_after_end();
    input.look_after_end();  // no more than one at a time
    EXPECT_EQ(read_once(), "");
    EXPECT_EQ(read_once(), std::nullopt);
  }
}

TEST_F(PtyInputTest, ARawTerminalGetsTheEndOnce) {
  termios modes{};
  ASSERT_EQ(::tcgetattr(pty_.slave.get(), &modes), 0);
  ::cfmakeraw(&modes);
  ASSERT_EQ(::tcsetattr(pty_.slave.get(), TCSANOW, &modes), 0);
  PtyInput input(from_.get(), pty_);
  type("keys");
  input.serve();
  typist_.reset();
  input.serve();
  input.look_after_end();
  // What was written in two goes may come in two: the kernel delivers behind our back, and poll(2)
  // waits for it only where there is nothing yet.
  std::string got;
  while (const auto piece = read_once()) got += *piece;
  EXPECT_EQ(got, "keys\x04");
  input.look_after_end();
  EXPECT_EQ(read_once(), std::nullopt);
}

TEST_F(PtyInputTest, AReaderThatDoesNotReadHoldsItUp) {
  PtyInput input(from_.get(), pty_);
  const std::string line(99, 'x');
  std::string sent, got;
  int rounds = 0;
  while (input.wanted().fd == from_.get() && rounds++ < 10'000) {
    type(line + "\n");
    sent += line + "\n";
    input.serve();
  }
  EXPECT_EQ(input.wanted().fd, pty_.master.get());
  EXPECT_EQ(input.wanted().events, POLLOUT);
  while (got.size() < sent.size()) {
    const auto piece = read_once();
    if (piece) got += *piece;
    pollfd wanted = input.wanted();
    if (wanted.events == POLLOUT && ::poll(&wanted, 1, 0) == 1) input.serve();
  }
  EXPECT_TRUE(got == sent);
}

}  // namespace
}  // namespace plasmite
