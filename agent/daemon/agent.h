// The running agent: one event loop in the main thread that does nothing at rest. Signals, requests
// on the control socket and ends of sources come in; sources are in threads of their own
// (supervisor.h). Main thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/config/config_loader.h"
#include "agent/daemon/agent_pools.h"
#include "agent/daemon/agent_status.h"
#include "agent/daemon/control_server.h"
#include "agent/daemon/instance_lock.h"
#include "agent/daemon/log.h"
#include "agent/daemon/notify.h"
#include "agent/daemon/reload.h"
#include "agent/daemon/supervisor.h"
#include "agent/intake/reject_pool.h"
#include "core/base/unique_fd.h"

namespace plasmite {

using LoadConfig = std::function<std::expected<AgentConfig, std::vector<ConfigProblem>>(
    const std::filesystem::path& file)>;

class Agent {
 public:
  struct Setup {
    std::filesystem::path config_file;
    AgentConfig config;
    LoadConfig load;
    MakeSource make;
    Log* log = nullptr;   // must outlive this
    UniqueFd guard = {};  // readable when the guard of child processes is dead; none: there is none
  };
  explicit Agent(Setup setup);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Until a signal says so, or every source has ended. The exit code: 0 after a clean end, 1 if a
  // source failed or had to be cut off.
  Result<int> run();

  AgentStatus status();

  // From the drain's deadline, or the second SIGTERM, to the end of the process, whatever hangs.
  static constexpr std::chrono::seconds kLastGrace{5};
  static constexpr size_t kMostWaiting = 8;  // for one reload

 private:
  enum class Phase : uint8_t { running, reloading, draining, hurrying };

  Result<void> start();
  Result<void> listen();
  void prepare_pools(const std::vector<PoolConfig>& pools);
  std::unique_ptr<RejectPool> make_reject_pool();
  void wait_for_signal();
  void handle_signal(int signal);
  void handle_request(const std::string& request, ControlServer::Answer answer);
  void answer_status(const std::string& request, const ControlServer::Answer& answer);

  void request_reload(std::optional<ReloadWaiter> waiter);
  void start_reload();
  void listen_again_if_gone();
  Result<void> lock_config();
  void apply_config(AgentConfig config);
  void wait_for_reload();
  void end_reload();

  void stop();   // drains; again: hurry()
  void hurry();  // ends at once
  void source_changed();
  void end(int exit_code);
  void tell_manager();
  void watch();
  void watch_guard();
  void after(std::chrono::milliseconds delay, void (Agent::*what)());
  void forget_timer();
  void later(std::chrono::milliseconds delay, std::function<void()> work);

  Setup setup_;
  AgentConfig config_;
  Log& log_;
  Notifier notifier_;
  const int64_t started_ns_;
  const std::chrono::steady_clock::time_point started_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  boost::asio::posix::stream_descriptor guard_;
  boost::asio::steady_timer timer_;  // of a reload or of the end
  uint64_t timer_turn_ = 0;  // one that has run out already, but not been handled, is told apart
  boost::asio::steady_timer retry_;     // runs only while a source has no thread
  boost::asio::steady_timer watchdog_;  // runs only if the service manager wants it
  AgentPools pools_;
  std::unique_ptr<RejectPool> rejects_;                   // null: none
  std::vector<std::unique_ptr<RejectPool>> old_rejects_;  // of sources that are being drained
  Supervisor supervisor_;
  std::unique_ptr<ControlServer> server_;
  std::optional<InstanceLock> config_lock_;
  Phase phase_ = Phase::running;
  ReloadOutcome reload_;  // the one under way
  std::vector<ReloadWaiter> waiters_, next_waiters_;
  bool reload_again_ = false;
  std::optional<ReloadStatus> last_reload_;
  bool is_clean_ = true;
  std::optional<int> exit_code_;
};

}  // namespace plasmite
