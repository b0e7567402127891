// What `follow` can be told, as typed and as checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/command_context.h"
#include "agent/commands/follow_end.h"
#include "agent/commands/remote_options.h"
#include "core/base/error.h"
#include "core/filter/filter.h"
#include "sinks/follow_writer.h"

namespace plasmite {

struct FollowOptions {
  std::vector<std::string> pools;  // refs and patterns, at least one
  bool text = false;
  bool raw = false;
  std::optional<std::string> run;
  bool create = false;
  std::optional<std::string> name;
  std::optional<std::string> tail;
  std::optional<std::string> since;
  std::optional<std::string> since_seq;
  std::optional<std::string> until;
  std::optional<std::string> until_seq;
  bool one = false;
  bool jsonl = false;
  std::optional<std::string> format;
  bool data_only = false;
  std::optional<std::string> timeout;
  std::vector<std::string> where;
  std::vector<std::string> tags;
  bool quiet_drops = false;
  bool no_notify = false;
  std::optional<std::string> replay;
  RemoteOptions remote;
};

struct FollowPlan {
  FollowWriterOptions::Format format = FollowWriterOptions::Format::pretty;  // without --text
  uint64_t tail = 0;
  std::optional<int64_t> since_ns;
  bool since_is_to_come = false;
  std::optional<uint64_t> since_seq;
  FollowEnd end;
  std::optional<double> replay_speed;
  std::optional<std::chrono::milliseconds> timeout;
  std::unique_ptr<Filter> where;  // null without --where
};

void add_follow_options(CLI::App& command, FollowOptions& options);

// Usage errors, in the documented order of checks.
Result<FollowPlan> make_follow_plan(const FollowOptions& options, int64_t now_ns);

// The refs as typed, for notices that are about no particular one.
std::string pools_as_typed(const FollowOptions& options);

// Usage errors of what is not for several pools. `patterns`: some are found by their names.
Result<void> check_several_pools(const FollowOptions& options, bool patterns);

// The command line that would have made the missing pool.
std::string missing_pool_hint(const FollowOptions& options);

}  // namespace plasmite
