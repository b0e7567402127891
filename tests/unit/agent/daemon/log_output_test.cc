#include "agent/daemon/log_output.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>

#include <gtest/gtest.h>

#include "agent/daemon/log.h"
#include "core/base/check.h"

namespace plasmite {
namespace {

class LogOutputTest : public testing::Test {
 protected:
  void SetUp() override {
    // A page is the least that a pipe has, and one line of the greatest length.
    ASSERT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
    read_ = UniqueFd(ends_[0]);
    write_ = UniqueFd(ends_[1]);
    ASSERT_GT(::fcntl(write_.get(), F_SETPIPE_SZ, 4096), 0);
  }
  std::string read() const {
    std::array<char, 1 << 16> buffer;
    const ssize_t size = ::read(read_.get(), buffer.data(), buffer.size());
    return {buffer.data(), static_cast<size_t>(std::max<ssize_t>(size, 0))};
  }
  static std::string line(size_t size) { return std::string(size - 1, 'x') + "\n"; }

  std::array<int, 2> ends_{};
  UniqueFd read_, write_;
};

TEST_F(LogOutputTest, ALineThatAFullPipeDoesNotTakeIsLeftOut) {
  LogOutput output(write_.get());
  EXPECT_TRUE(output.write(line(4096)));
  EXPECT_FALSE(output.write("no\n"));
  EXPECT_FALSE(output.write("neither\n"));
  EXPECT_EQ(read(), line(4096));
  EXPECT_TRUE(output.write("yes\n"));
  EXPECT_EQ(read(), "yes\n");
}

// As in a container, whose stderr is a pipe of somebody else's.
TEST_F(LogOutputTest, TheSameHoldsIfThePipeCannotBeOpenedAgain) {
  ASSERT_EQ(::fchmod(write_.get(), 0), 0);
  const uid_t user = ::geteuid();
  constexpr uid_t kNobody = 65534;
  if (user == 0) ASSERT_EQ(::seteuid(kNobody), 0);
  LogOutput output(write_.get());
  if (user == 0) PLASMITE_CHECK(::seteuid(user) == 0);  // nothing after this may run as another
  EXPECT_TRUE(output.write("yes\n"));
  EXPECT_EQ(read(), "yes\n");
  EXPECT_TRUE(output.write(line(4096)));
  EXPECT_FALSE(output.write("no\n"));
  EXPECT_EQ(read(), line(4096));
  EXPECT_TRUE(output.write("yes\n"));
}

TEST_F(LogOutputTest, TheDescriptorItselfStaysAsItWas) {
  const LogOutput output(write_.get());
  EXPECT_EQ(::fcntl(write_.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(LogOutputTest, ALineThatIsTooLongSaysThatItWasShortened) {
  LogOutput output(write_.get());
  std::string text(4078, 'x');
  for (int n = 0; n < 1000; ++n) text += "ä";
  ASSERT_TRUE(output.write(text + "\n"));
  EXPECT_EQ(read(), std::string(4078, 'x') + " … (shortened)\n") << "no half of a letter";
}

TEST_F(LogOutputTest, WithoutAReaderNothingHangs) {
  (void)std::signal(SIGPIPE, SIG_IGN);
  LogOutput output(write_.get());
  read_ = UniqueFd();
  EXPECT_FALSE(output.write("no\n"));
}

TEST_F(LogOutputTest, ASocketThatIsFullHoldsUpNobody) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const UniqueFd ours(pair[0]), theirs(pair[1]);
  LogOutput output(ours.get());
  size_t taken = 0;
  while (output.write(line(4000))) ++taken;
  EXPECT_GT(taken, 0u);
  std::string all(4000, 0);
  for (size_t n = 0; n < taken; ++n) {
    ASSERT_EQ(::recv(theirs.get(), all.data(), all.size(), MSG_WAITALL), 4000);
    EXPECT_EQ(all, line(4000));
  }
  EXPECT_TRUE(output.write("yes\n"));
}

TEST_F(LogOutputTest, ATerminalThatIsStoppedHoldsUpNobody) {
  const UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(master);
  ASSERT_EQ(::grantpt(master.get()), 0);
  ASSERT_EQ(::unlockpt(master.get()), 0);
  const UniqueFd terminal(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(terminal);
  LogOutput output(terminal.get());
  ASSERT_EQ(::tcflow(terminal.get(), TCOOFF), 0);  // as Ctrl-S does
  EXPECT_FALSE(output.write("no\n"));
  ASSERT_EQ(::tcflow(terminal.get(), TCOON), 0);
  EXPECT_TRUE(output.write("yes\n"));
}

TEST_F(LogOutputTest, TheLogTellsHowManyLinesWereLeftOutOnceThereIsRoom) {
  {
    Log log({.for_journal = true, .fd = write_.get()});
    log.info(std::string(4092, 'x'));
    for (int n = 0; n < 5; ++n) log.info("no", {{"n", std::to_string(n)}});
    (void)read();
    log.info("yes");
    EXPECT_EQ(read(),
              "<4>5 lines were not written: nobody read stderr, or it had no room\n<6>yes\n");
    log.info(std::string(4092, 'y'));
    log.info("no");
    (void)read();
  }
  EXPECT_EQ(read(), "<4>1 line was not written: nobody read stderr, or it had no room\n")
      << "at the end at latest";
}

}  // namespace
}  // namespace plasmite
