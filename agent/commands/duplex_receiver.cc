#include "agent/commands/duplex_receiver.h"

#include <algorithm>
#include <utility>

#include "agent/commands/follow_loop.h"
#include "agent/output/stdio.h"

namespace plasmite {

DuplexReceiver::DuplexReceiver(DuplexReceiverOptions options, Pool& pool, Cursor& cursor,
                               MessageSink& sink, DropNotices& drops)
    : options_(std::move(options)),
      pool_(pool),
      cursor_(cursor),
      sink_(sink),
      drops_(drops),
      watch_reader_(may_lose_its_reader(options_.output_fd)),
      deadline_(options_.timeout ? Clock::now() + *options_.timeout : Clock::time_point::max()) {}

Result<int> DuplexReceiver::run() {
  for (;;) {
    // Before looking: what was wanted was in the pool when the wish was made, so a cursor that
    // finds nothing more after it has had all of it.
    const bool finishing = finishing_.load(std::memory_order_acquire);
    const auto message = cursor_.next();
    Result<std::optional<int>> ended;
    if (!message) {
      ended = std::unexpected(message.error());
    } else {
      ended = *message ? take(**message) : idle(finishing);
    }
    if (ended && !*ended) continue;
    // However it ends: what was taken from the pool is printed, what was lost is told.
    const auto flushed = sink_.finish();
    drops_.print_rest();
    if (!ended) return std::unexpected(ended.error());
    if (!flushed) return std::unexpected(flushed.error());
    return **ended;
  }
}

void DuplexReceiver::finish_after(uint64_t seq) {
  last_wanted_.store(seq, std::memory_order_release);
  finishing_.store(true, std::memory_order_release);  // pairs with Cursor::wait
  pool_.wake_waiters();
}

// The exit code if this was the end.
Result<std::optional<int>> DuplexReceiver::take(const MessageView& message) {
  if (const auto gap = cursor_.take_gap()) {
    if (auto flushed = sink_.flush(); !flushed) return std::unexpected(flushed.error());
    drops_.add(*gap);
  }
  if (message.seq > last_wanted_.load(std::memory_order_acquire)) return 0;
  if (!options_.shown(message)) return std::nullopt;
  const auto written = sink_.write(message);
  if (!written) return std::unexpected(written.error());
  if (*written == MessageSink::Written::nobody_reads) return 0;
  shown_since_deadline_ = true;
  return std::nullopt;
}

Result<std::optional<int>> DuplexReceiver::idle(bool finishing) {
  const auto flushed = sink_.flush();
  if (!flushed) return std::unexpected(flushed.error());
  if (!*flushed) return 0;
  if (finishing) return 0;
  const Clock::time_point now = Clock::now();
  if (std::exchange(shown_since_deadline_, false) && options_.timeout)
    deadline_ = now + *options_.timeout;
  if (now >= deadline_) return kTimedOut;
  drops_.print_due(now);
  if (watch_reader_ && reader_is_gone(options_.output_fd)) return 0;
  Clock::time_point wake_at = deadline_;
  if (const auto due = drops_.due()) wake_at = std::min(wake_at, *due);
  if (watch_reader_) wake_at = std::min(wake_at, now + std::chrono::seconds(1));
  if (auto waited = cursor_.wait(wake_at, &finishing_); !waited)
    return std::unexpected(waited.error());
  return std::nullopt;
}

}  // namespace plasmite
