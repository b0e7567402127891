// One run of a supervised child, from its first to its last line. Thread-safety: one thread, which
// must not end before the child.
#pragma once

#include <poll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "agent/commands/tap_run_slot.h"
#include "agent/config/config.h"
#include "agent/intake/captured_text.h"
#include "agent/intake/source.h"
#include "agent/intake/source_input.h"
#include "agent/intake/source_writer.h"
#include "capture/child_process.h"
#include "core/base/error.h"

namespace plasmite {

class SupervisedRun {
 public:
  // The context, the writer and the guard (null: none) must outlive this.
  SupervisedRun(const SourceContext& context, SourceWriter& writer, const ProcessGuard* guard);
  // A child that still runs is killed.
  ~SupervisedRun();
  SupervisedRun(const SupervisedRun&) = delete;
  SupervisedRun& operator=(const SupervisedRun&) = delete;

  // Usage: no such command, no such working directory.
  Result<void> start();
  // How the child ended; none: the stop signal said `now`, and nobody saw its end. An error is the
  // writer's, or of the system.
  Result<std::optional<ChildEnd>> capture();

 private:
  using Clock = std::chrono::steady_clock;
  struct Stream {
    SourceInput input;
    CapturedText text;
  };

  Result<void> store_start();
  void keep_slot();
  bool is_running() const { return std::holds_alternative<RunningChild>(*child_); }
  bool streams_at_end() const;
  bool is_over() const;
  std::optional<Clock::time_point> deadline() const;
  int timeout_ms() const;
  Result<void> step();
  void look_at_stop();
  void look_while_blocked();
  void begin_stop();
  Result<void> note_exit();
  Result<void> read(Stream& stream);
  Result<bool> finish_stream(Stream& stream);
  Result<ChildEnd> finish();
  void kill();

  const SourceContext& context_;
  const TapConfig& config_;
  SourceWriter& writer_;
  const ProcessGuard* guard_;
  std::string id_;
  RunSlot slot_;
  uint64_t slot_made_at_ = 0;  // how often the pool had been made anew then
  std::optional<std::variant<RunningChild, ExitedChild>> child_;
  std::array<std::optional<Stream>, 2> streams_;
  size_t first_to_read_ = 0;  // alternates, so that neither stream starves the other
  bool caught_up_ = false;
  std::optional<Clock::time_point> kill_at_;  // a stop was asked for
  bool killed_ = false;
  Clock::time_point exited_at_{};                // when its end was noted,
  std::optional<Clock::time_point> dead_since_;  // and seen before, while the pool took nothing
};

}  // namespace plasmite
