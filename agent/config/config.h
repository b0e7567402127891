// What an agent is to do, as plain values: checked, complete, and without anything that runs. Made by
// load_config() (config_loader.h) from the files that spec/agent-config.md describes; compared on reload.
#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/pool/pool.h"
#include "core/record/json_text.h"
#include "sources/framing.h"
#include "sources/journal/journal_options.h"
#include "sources/record_intake.h"

namespace plasmite {

// What happens to input that comes in faster than its pool takes it.
enum class Overflow : uint8_t {
  block,  // the source is not read; whoever writes to it waits
  drop,   // at most 4 MiB wait; beyond that whole lines are left out, counted, and told of in a gap record
};

struct PoolConfig {
  std::string name;  // a pool name, below AgentConfig::pool_dir
  uint64_t size_bytes = kDefaultPoolBytes;  // when it is created
  Durability durability = Durability::fast;
  std::string group = {};  // owns the file, which it may read (0640); empty: the agent's own group, 0600

  bool operator==(const PoolConfig&) const = default;
};

struct JournaldConfig {
  JournalOptions journal = {};

  bool operator==(const JournaldConfig&) const = default;
};

// A supervised child process.
struct TapConfig {
  enum class Restart : uint8_t { never, on_failure, always };

  std::vector<std::string> command;  // program and arguments; no shell
  Restart restart = Restart::on_failure;
  std::chrono::milliseconds restart_delay{1000};       // doubled by each failure in a row,
  std::chrono::milliseconds max_restart_delay{30000};  // up to this
  std::string working_directory = {};                  // empty: the agent's
  // Added to the agent's environment, or replacing what is there. Never logged.
  std::vector<std::pair<std::string, std::string>> environment = {};
  int stop_signal = SIGTERM;
  std::chrono::milliseconds stop_timeout{5000};  // from the signal to SIGKILL

  bool operator==(const TapConfig&) const = default;
};

// The agent's own stdin: containers. At its end the source is finished.
struct StdinConfig {
  bool is_text = false;  // lines of text, as tap stores them; else JSON in this framing
  Framing framing = Framing::detect;

  bool operator==(const StdinConfig&) const = default;
};

struct SourceConfig {
  std::string name;  // also of its checkpoint
  std::string pool;  // names one of AgentConfig::pools
  std::vector<std::string> tags = {};
  Overflow overflow = Overflow::block;
  OnBadRecord on_bad_record = OnBadRecord::skip;
  size_t max_record_bytes = kMaxRecordBytes;
  std::variant<JournaldConfig, TapConfig, StdinConfig> kind;

  bool operator==(const SourceConfig&) const = default;
};

// "journald", "tap", "stdin".
const char* source_type_name(const SourceConfig& source);

struct AgentConfig {
  std::filesystem::path pool_dir;
  std::filesystem::path socket;  // of `pls agent status`; mode 0660
  std::string group = {};        // of the socket and the pool directory; empty: the agent's own
  std::string reject_pool = {};  // names one of `pools`; empty: bad records are counted only
  std::string log_level = "info";  // debug info warning error
  std::chrono::milliseconds drain_timeout{10000};
  std::vector<PoolConfig> pools;      // in the order of their names
  std::vector<SourceConfig> sources;  // likewise
  std::vector<std::filesystem::path> files = {};  // read for this, the main one first

  bool operator==(const AgentConfig&) const = default;
};

}  // namespace plasmite
