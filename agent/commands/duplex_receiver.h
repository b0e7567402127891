// The receiving side of duplex: messages of the pool to stdout.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "agent/commands/drop_notices.h"
#include "core/base/error.h"
#include "core/pool/pool.h"
#include "sinks/message_sink.h"

namespace plasmite {

struct DuplexReceiverOptions {
  std::function<bool(const MessageView&)> shown;     // which messages; must not be null
  std::optional<std::chrono::milliseconds> timeout;  // since the start or the last message shown
  int output_fd = 1;
};

// run() belongs to one thread, finish_after() may be called from any. The references must outlive
// it.
class DuplexReceiver {
 public:
  DuplexReceiver(DuplexReceiverOptions options, Pool& pool, Cursor& cursor, MessageSink& sink,
                 DropNotices& drops);

  // Until finish_after() is fulfilled or stdout's reader goes away (0), the timeout passes (124),
  // or the pool ends (an error).
  Result<int> run();

  // Ends run() as soon as everything up to this sequence is printed.
  void finish_after(uint64_t seq);

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr uint64_t kNever = UINT64_MAX;

  Result<std::optional<int>> take(const MessageView& message);
  Result<std::optional<int>> idle(bool finishing);

  DuplexReceiverOptions options_;
  Pool& pool_;
  Cursor& cursor_;
  MessageSink& sink_;
  DropNotices& drops_;
  bool watch_reader_;
  Clock::time_point deadline_;  // max() without a timeout
  bool shown_since_deadline_ = false;
  std::atomic<uint64_t> last_wanted_{kNever};
  std::atomic<bool> finishing_{false};
};

}  // namespace plasmite
