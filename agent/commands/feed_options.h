// What `feed` can be told, as typed and as checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/command_context.h"
#include "agent/commands/remote_options.h"
#include "core/pool/pool.h"
#include "core/record/json_text.h"
#include "sources/framing.h"
#include "sources/record_intake.h"

namespace plasmite {

inline constexpr const char* kDefaultRetryDelay = "50ms";

struct FeedOptions {
  std::string pool;
  std::optional<std::string> data;
  std::optional<std::string> file;
  std::vector<std::string> tags;
  std::string durability = "fast";
  bool create = false;
  std::optional<std::string> create_size;
  std::string retry = "0";
  std::optional<std::string> retry_delay;
  std::string lock_timeout = "5s";
  std::string max_record = "1M";
  std::string in = "auto";
  std::string errors = "stop";
  bool quiet = false;
  RemoteOptions remote;
};

struct FeedPlan {
  uint64_t create_bytes = kDefaultPoolBytes;
  Durability durability = Durability::fast;
  uint64_t retries = 0;
  std::chrono::milliseconds retry_delay{0};
  std::chrono::milliseconds lock_timeout = kDefaultLockTimeout;
  size_t max_record_bytes = kMaxRecordBytes;
  Framing framing = Framing::detect;
  OnBadRecord on_bad_record = OnBadRecord::stop;
  TagBlock tags;
};

void add_feed_options(CLI::App& command, FeedOptions& options);

// The command line that would have made the missing pool.
std::string missing_pool_hint(const FeedOptions& options);

}  // namespace plasmite
