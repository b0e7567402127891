// What `status` and the metrics are made of: one picture of the agent, as plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/intake/source_report.h"
#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

struct SourceStatus {
  std::string name;
  std::string type;
  std::string pool;
  SourceSnapshot snapshot;
  std::optional<Error> problem = {};  // what Source::probe() says
};

struct PoolStatus {
  std::string name;
  std::filesystem::path path;
  Durability durability = Durability::fast;
  uint64_t size_bytes = 0;            // of the file; as declared while there is none
  std::optional<PoolInfo> info = {};  // none: not open
  std::optional<Error> error = {};
  double records_per_s = 0;
  double bytes_per_s = 0;
  std::vector<std::string> notes = {};  // sentences: in what the file is not as declared
};

struct RejectStatus {
  std::string pool;
  uint64_t kept = 0;
  uint64_t lost = 0;
};

struct ReloadStatus {
  int64_t time_ns = 0;     // UTC
  std::string error = {};  // empty: it went well
};

struct AgentStatus {
  std::string config;
  int64_t pid = 0;
  int64_t now_ns = 0;      // UTC
  int64_t started_ns = 0;  // UTC
  std::chrono::milliseconds uptime{0};
  std::chrono::steady_clock::time_point now;
  std::string state = "running";  // "draining", "reloading"
  std::optional<ReloadStatus> last_reload = {};
  std::vector<SourceStatus> sources;
  std::vector<PoolStatus> pools;
  std::optional<RejectStatus> rejects = {};
  std::vector<std::string> dir_problems = {};  // sentences about the pool directory
};

// One sentence each. What is only worth knowing (a pool of another size than declared) is in it and
// leaves the agent healthy.
struct Health {
  bool healthy = true;
  std::vector<std::string> problems;
};
Health assess(const AgentStatus& status);

// Whether something is wrong with the source right now.
bool is_in_trouble(const SourceStatus& source);

}  // namespace plasmite
