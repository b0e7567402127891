#include "capture/signal_watch.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <memory>

namespace plasmite {
namespace {

TEST(SignalWatch, TurnsSignalsIntoEvents) {
  auto watch = SignalWatch::create();
  ASSERT_TRUE(watch);
  EXPECT_FALSE(watch->take());
  ::kill(::getpid(), SIGTERM);
  ::kill(::getpid(), SIGUSR1);
  pollfd readable{.fd = watch->fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&readable, 1, 10'000), 1);
  int seen = 0;
  while (const auto signal = watch->take()) {
    EXPECT_TRUE(signal->number == SIGTERM || signal->number == SIGUSR1);
    EXPECT_FALSE(signal->from_terminal);
    ++seen;
  }
  EXPECT_EQ(seen, 2);
}

TEST(SignalWatch, IgnoredSignalsStayIgnored) {
  const auto before = std::signal(SIGHUP, SIG_IGN);
  {
    auto watch = SignalWatch::create();
    ASSERT_TRUE(watch);
    ::kill(::getpid(), SIGHUP);
    EXPECT_FALSE(watch->take());
  }
  std::signal(SIGHUP, before);
}

TEST(SignalWatch, RestoresTheMask) {
  sigset_t before, during, after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    auto watch = SignalWatch::create();
    ASSERT_TRUE(watch);
    ::pthread_sigmask(SIG_SETMASK, nullptr, &during);
    EXPECT_EQ(sigismember(&during, SIGTERM), 1);
    EXPECT_EQ(sigismember(&watch->previous_mask(), SIGTERM), sigismember(&before, SIGTERM));
  }
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  EXPECT_EQ(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
}

TEST(SignalWatch, SignalsThatNobodyTookAreDropped) {
  auto watch = std::make_unique<Result<SignalWatch>>(SignalWatch::create());
  ASSERT_TRUE(*watch);
  ::kill(::getpid(), SIGTERM);
  watch.reset();  // a SIGTERM delivered now would end the test
}

TEST(SignalWatch, KnowsWhichSignalsAskForAnEnd) {
  EXPECT_TRUE(is_stop_signal(SIGTERM));
  EXPECT_TRUE(is_stop_signal(SIGQUIT));
  EXPECT_FALSE(is_stop_signal(SIGUSR1));
}

}  // namespace
}  // namespace plasmite
