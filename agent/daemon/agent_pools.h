// The pools of the agent, opened or made as they are declared, each once for all sources.
// Thread-safe: sources open their pools from their own threads, and one that waits for a pool's
// lock holds up nobody who asks for status.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/daemon/agent_status.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/pool/pool.h"

namespace plasmite {

class AgentPools {
 public:
  using Clock = std::chrono::steady_clock;

  AgentPools(std::filesystem::path dir, std::string dir_group)
      : dir_(std::move(dir)), dir_group_(std::move(dir_group)) {}

  // From now on these. Pools that are no longer declared are forgotten; their files stay.
  void declare(const std::vector<PoolConfig>& pools);

  // Opens the pool; makes it if it is missing. Again if it is gone since. NotFound: not declared.
  Result<std::shared_ptr<Pool>> open(const std::string& name);

  bool has_file(const std::string& name) const;

  // What is known without opening anything, with the rates since the last call that is at least
  // kMinSample ago.
  std::vector<PoolStatus> statuses(Clock::time_point now);

  // Sentences about what would keep a pool from being made now.
  std::vector<std::string> dir_problems() const;

  static constexpr std::chrono::milliseconds kMinSample{1000};

 private:
  struct Sample {
    Clock::time_point at;
    uint64_t next_seq = 0;
    uint64_t published_bytes = 0;
  };
  struct Entry {
    Mutex opening;  // held while a pool is opened or made; taken before `mutex`
    mutable Mutex mutex;
    PoolConfig config GUARDED_BY(mutex);
    std::shared_ptr<Pool> pool GUARDED_BY(mutex);
    std::optional<Error> error GUARDED_BY(mutex);
    std::optional<Error> group_error GUARDED_BY(mutex);  // it can be used all the same
    std::optional<gid_t> group GUARDED_BY(mutex);        // as declared; none: none, or not there
    std::optional<Sample> sample GUARDED_BY(mutex);
    double records_per_s GUARDED_BY(mutex) = 0;
    double bytes_per_s GUARDED_BY(mutex) = 0;
  };

  std::shared_ptr<Entry> find(const std::string& name) const;
  std::filesystem::path path_of(const std::string& name) const;
  Result<void> make_dir() const;
  Result<Pool> open_or_create(const PoolConfig& config, std::optional<Error>& group_error) const;
  PoolStatus status_of(const std::string& name, Entry& entry, Clock::time_point now) const;
  static void take_sample(Entry& entry, const PoolInfo& info, Clock::time_point now)
      REQUIRES(entry.mutex);

  const std::filesystem::path dir_;
  const std::string dir_group_;
  mutable Mutex mutex_;
  std::set<std::string> groups_ GUARDED_BY(mutex_);  // that read pools
  std::map<std::string, std::shared_ptr<Entry>> entries_ GUARDED_BY(mutex_);
};

}  // namespace plasmite
