// Opening pools for commands: names become paths, missing pools get the hint that fits the command.
// Thread-safety: free functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "agent/command_context.h"
#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

struct PoolRequest {
  std::string_view ref;  // as typed: a name or a path
  Access access = Access::append;
  bool create = false;  // make it when it is missing
  uint64_t create_bytes = kDefaultPoolBytes;
  std::chrono::milliseconds lock_timeout = kDefaultLockTimeout;
  // Hint for a missing pool that was given by name, e.g. rerun_with_create_hint("tap", ref).
  std::string missing_hint = {};
};

// Opens the pool, or with `create` makes it (and its folder, mode 0700) first. A missing pool is
// NotFound, message "not found", with path and hint.
Result<Pool> open_pool(const CommandContext& context, const PoolRequest& request);

// What to do when the ref was a path and nothing is there.
std::string missing_path_hint(std::string_view ref);

// NotFound for a pool that must be there: with path, and where to look.
Error no_such_pool(const Error& error, const std::filesystem::path& path);

// mkdir -p, new folders with mode 0700. Io with the path on failure.
Result<void> make_pool_dir(const std::filesystem::path& dir);

// "Add --create to make it: `plasmite tap build --create`."
// `rest` follows: what the command line cannot do without, e.g. " -- CMD".
std::string rerun_with_create_hint(std::string_view command, std::string_view ref,
                                   std::string_view rest = {});

// A word of a command line in a hint: bare if it needs no quoting, else as a JSON string.
std::string quote_token(std::string_view token);

}  // namespace plasmite
