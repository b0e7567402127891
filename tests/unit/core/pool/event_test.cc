// Sleeping and waking: no wake-up is lost, none is paid for without a sleeper.
#include "core/pool/event.h"

#include <gtest/gtest.h>

#include <thread>

namespace plasmite {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kForever{60};  // a sleep that long means a lost wake-up

TEST(Event, TellsTheActorOnlyOfThoseWhoAnnouncedThemselves) {
  uint32_t word = 0;
  Event event(word);
  EXPECT_FALSE(event.signal());
  event.announce();
  EXPECT_TRUE(event.somebody_announced());
  EXPECT_TRUE(event.signal());
  EXPECT_FALSE(event.somebody_announced());
  EXPECT_FALSE(event.signal());
}

TEST(Event, NeverHasTheSameValueAfterASignal) {
  uint32_t word = 0xFFFFFFFC;
  Event event(word);
  for (int i = 0; i < 8; ++i) {
    const uint32_t announced = event.announce();
    event.signal();
    EXPECT_NE(announced, word | 1) << "a sleeper would not notice";
  }
}

TEST(Event, ASleeperThatComesTooLateDoesNotSleep) {
  uint32_t word = 0;
  Event event(word);
  const uint32_t announced = event.announce();
  event.signal();
  const auto begin = steady_clock::now();
  event.sleep(announced, kForever);
  EXPECT_LT(steady_clock::now() - begin, kForever / 2);
}

TEST(Event, ASleepEndsAtItsCap) {
  uint32_t word = 0;
  Event event(word);
  const auto begin = steady_clock::now();
  while (steady_clock::now() - begin < milliseconds(5))
    event.sleep(event.announce(), milliseconds(5));
  event.sleep(event.announce(), milliseconds(0));
  event.sleep(event.announce(), milliseconds(-1));
}

// Two threads hand a ball to and fro and sleep while they do not have it.
TEST(Event, NoWakeUpIsLostBetweenTwoThreads) {
  constexpr int kRounds = 5000;
  uint32_t words[2] = {0, 0};
  std::atomic<int> ball{0};
  std::atomic<bool> overslept{false};
  const auto play = [&](int side) {
    for (int round = 0; round < kRounds; ++round) {
      while (ball.load(std::memory_order_acquire) != 2 * round + side) {
        Event mine(words[side]);
        const uint32_t announced = mine.announce();
        if (ball.load(std::memory_order_acquire) == 2 * round + side) break;
        const auto begin = steady_clock::now();
        mine.sleep(announced, kForever);
        if (steady_clock::now() - begin > kForever / 2) overslept = true;
      }
      ball.store(2 * round + side + 1, std::memory_order_release);
      Event theirs(words[1 - side]);
      if (theirs.signal()) theirs.wake_all();
    }
  };
  std::jthread other([&] { play(1); });
  play(0);
  other.join();
  EXPECT_FALSE(overslept);
  EXPECT_EQ(ball, 2 * kRounds);
}

TEST(Event, WakeAllReachesEverySleeper) {
  uint32_t word = 0;
  std::atomic<bool> done{false};
  std::atomic<int> awake{0};
  {
    std::vector<std::jthread> sleepers;
    for (int i = 0; i < 4; ++i)
      sleepers.emplace_back([&] {
        Event event(word);
        for (;;) {
          const uint32_t announced = event.announce();
          if (done.load()) break;
          event.sleep(announced, kForever);
        }
        ++awake;
      });
    Event event(word);
    while (!event.somebody_announced()) std::this_thread::yield();
    done = true;
    event.signal();
    event.wake_all();
  }
  EXPECT_EQ(awake, 4);
}

}  // namespace
}  // namespace plasmite
