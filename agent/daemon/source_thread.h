// One source in a thread of its own: runs it, and runs it again after errors, until it has ended
// for good or is told to stop. A failing source costs the others nothing. All methods for the
// thread that made it, but for the ones that say otherwise.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "agent/config/config.h"
#include "agent/daemon/agent_status.h"
#include "agent/daemon/log.h"
#include "agent/intake/source.h"
#include "agent/intake/stop_signal.h"

namespace plasmite {

using MakeSource = std::function<std::unique_ptr<Source>(const SourceContext& context)>;

class SourceThread {
 public:
  // An error (no pool to be had, a journal that cannot be read) is tried again at least this often:
  // so a source runs again within 3 s of the end of what was wrong.
  static constexpr std::chrono::milliseconds kMostErrorDelay{2000};
  // A run that lasted this long was no failure in a row, nor was one that stored something before
  // an error. (What a command says before it fails is worth nothing.)
  static constexpr std::chrono::seconds kLongRun{10};

  struct Setup {
    SourceConfig config;
    Durability durability = Durability::fast;
    std::function<Result<std::shared_ptr<Pool>>()> open_pool;
    RejectPool* rejects = nullptr;  // must outlive this
    MakeSource make;
    Log* log = nullptr;              // must outlive this
    std::function<void()> on_ended;  // called in the source's thread, as its last act
  };

  // Io: no descriptor, no thread.
  static Result<std::unique_ptr<SourceThread>> start(Setup setup);
  // Tells it to end now, and waits for that.
  ~SourceThread();
  SourceThread(const SourceThread&) = delete;
  SourceThread& operator=(const SourceThread&) = delete;

  void request(StopSignal::Level level) { stop_.request(level); }
  // Whether the thread is about to end or has: joining it does not take long.
  bool has_ended() const { return ended_.load(std::memory_order_acquire); }  // pairs with main_loop
  bool failed() const { return report_.snapshot().state == SourceState::failed; }

  const SourceConfig& config() const { return setup_.config; }
  // Asks the source what is wrong, at most once a second.
  SourceStatus status(std::chrono::steady_clock::time_point now);
  // False: it does neither sleep nor get on with anything, since longer than that.
  bool makes_progress(std::chrono::steady_clock::time_point now,
                      std::chrono::microseconds within) const;

 private:
  SourceThread(Setup setup, StopSignal stop);
  void main_loop();
  void supervise();
  // True: that was the end. False: it is to be run again, and has slept before that.
  bool run_once();
  bool end_as(SourceState state);
  Result<SourceEnd> run_guarded();
  void count_failure(const Result<SourceEnd>& end, bool was_long, bool has_stored);
  void back_off(const Result<SourceEnd>& end);
  void observe(const SourceSnapshot& snapshot);

  Setup setup_;
  StopSignal stop_;
  SourceReport report_;
  const SourceContext context_;
  std::unique_ptr<Source> source_;
  std::atomic<bool> ended_{false};
  uint32_t failures_ = 0;  // in a row; of the source's thread, like the next four
  SourceState logged_state_ = SourceState::starting;
  std::string logged_error_;
  uint64_t same_errors_ = 0;
  int64_t run_began_ns_ = 0;      // UTC
  std::optional<Error> problem_;  // of the last probe
  std::optional<std::chrono::steady_clock::time_point> probed_;
  std::thread thread_;
};

}  // namespace plasmite
