// All sources of the agent: starts them, tells them to end, and exchanges those that a new
// configuration changes. Main thread only; what source threads say reaches it through `post`.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/daemon/agent_pools.h"
#include "agent/daemon/agent_status.h"
#include "agent/daemon/log.h"
#include "agent/daemon/source_thread.h"

namespace plasmite {

class Supervisor {
 public:
  struct Setup {
    MakeSource make;
    AgentPools* pools = nullptr;  // must outlive this, as the log
    Log* log = nullptr;
    std::function<void(std::function<void()>)> post;  // runs it in the main thread; thread-safe
    std::function<void()> on_change;                  // some source has ended; in the main thread
    // Runs it in the main thread after that time. Asked for again only when it has run.
    std::function<void(std::chrono::milliseconds, std::function<void()>)> later;
    std::function<Result<std::unique_ptr<SourceThread>>(SourceThread::Setup)> start_thread =
        SourceThread::start;
  };
  explicit Supervisor(Setup setup) : setup_(std::move(setup)) {}
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  struct Changes {
    std::vector<std::string> added, changed, removed;
  };
  // From now on these sources. One that is configured as before, its pool's durability included, is
  // not touched unless it has failed for good; one that is gone or other than before is drained
  // first. See is_settled().
  // `rejects`, null for none, must outlive those that get it.
  Changes apply(const AgentConfig& config, RejectPool* rejects);

  // Whether no source that the configuration took away or changed is still being drained.
  bool is_settled() const { return leaving().empty(); }
  std::vector<std::string> leaving() const;  // their names
  // Only those that is_settled() waits for.
  void hurry();

  // To all of them, for good: nothing is started any more.
  void stop(StopSignal::Level level);

  bool all_ended() const;
  // Of a source that reads stdin: it has not come to its end. That is also so when it has failed: nothing
  // is left to read then, another would end at once, and all would seem well.
  bool keeps_stdin(const std::string& name) const;
  bool any_failed() const;
  size_t size() const { return slots_.size(); }
  std::vector<SourceStatus> statuses(std::chrono::steady_clock::time_point now);
  // The names of sources that are stuck.
  std::vector<std::string> stuck(std::chrono::steady_clock::time_point now,
                                 std::chrono::microseconds within) const;

 private:
  struct Wanted {
    SourceConfig config;
    Durability durability = Durability::fast;
    RejectPool* rejects = nullptr;
    bool operator==(const Wanted&) const = default;
  };
  struct Slot {
    std::unique_ptr<SourceThread> thread;  // null: could not be started
    Wanted now;
    std::optional<Wanted> next;  // is started when `thread` has ended
    bool is_leaving = false;     // it is being drained for good or for `next`
    std::optional<Error> error;  // why there is no thread; is tried again
  };
  static constexpr std::chrono::milliseconds kFirstRetry{100};

  void start(Slot& slot, Wanted wanted);
  SourceThread::Setup thread_setup(const Slot& slot);
  void retry_later();
  void retry();
  void source_ended(const std::string& name);
  void replace(const std::string& name);
  static void drain(Slot& slot);

  Setup setup_;
  std::map<std::string, Slot> slots_;  // by the names of sources
  bool is_stopping_ = false;
  bool is_retrying_ = false;
  std::chrono::milliseconds retry_delay_ = kFirstRetry;
  std::chrono::steady_clock::time_point retry_at_;
};

}  // namespace plasmite
