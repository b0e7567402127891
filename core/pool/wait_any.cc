// Cursor::wait_any: one sleeper, the events of several pools.
//
// For each pool this is the protocol of event.h: announce, look again, sleep on what announce()
// returned. The kernel compares every word with what was announced when it queues the sleeper
// there, so a publish in any of the pools either makes the call return at once or wakes. A sleeper
// that one pool woke stays announced in the others, which costs each of their next publishes one
// system call, as after a deadline.
#include <algorithm>
#include <array>
#include <optional>
#include <thread>
#include <utility>

#include "core/base/futex.h"
#include "core/pool/cursor.h"
#include "core/pool/event.h"
#include "core/pool/pool_open.h"

namespace plasmite {
namespace {

using Clock = std::chrono::steady_clock;

static_assert(Cursor::kMostWaitedFor == kMostFutexWords);

}  // namespace

std::expected<void, Cursor::WaitError> Cursor::wait_any(std::span<Cursor* const> cursors,
                                                        Clock::time_point deadline) {
  if (cursors.empty()) {
    std::this_thread::sleep_until(deadline);
    return {};
  }
  const auto any_has_more = [&] {
    return std::ranges::any_of(cursors, [](const Cursor* c) { return c->state_->has_more(); });
  };
  std::array<FutexWord, kMostFutexWords> words;
  std::chrono::milliseconds pause{1};
  std::optional<bool> may_sleep;  // asked when it comes to that: nobody is announced who then polls
  for (;;) {
    if (any_has_more()) return {};
    for (size_t i = 0; i < cursors.size(); ++i) {
      State& state = *cursors[i]->state_;
      auto present = state.handle->check_present_slowly();
      if (present) present = follow_live_if_opened(*state.handle);
      if (present) continue;
      if (present.error().kind() == ErrorKind::NotFound && state.move_to_successor()) return {};
      return std::unexpected(WaitError{i, std::move(present.error())});
    }
    const auto left = deadline - Clock::now();
    if (left <= Clock::duration::zero()) return {};
    if (!may_sleep) may_sleep = cursors.size() <= kMostFutexWords && can_futex_wait_any();
    size_t announced = 0;
    bool look_again = false;
    for (Cursor* cursor : cursors) {
      PoolHandle& handle = *cursor->state_->handle;
      if (!*may_sleep || handle.wait_page == nullptr) continue;
      uint32_t& word = handle.wait_page->event;
      words[announced++] = {.word = &word, .expected = Event(word).announce()};
      look_again |= !handle.check_present();
    }
    if (look_again || any_has_more()) continue;
    const bool polls = announced < cursors.size();
    const auto cap = std::min<std::chrono::nanoseconds>(left, polls ? pause : kSleepCap);
    const bool slept = announced > 0 && futex_wait_any(std::span(words.data(), announced), cap);
    if (!slept) std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(cap, pause));
    if (polls || !slept) pause = std::min(2 * pause, kSlowestPoll);
  }
}

}  // namespace plasmite
