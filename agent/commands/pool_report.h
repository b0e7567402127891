// What commands say about one pool: the PoolInfo JSON object and parts of it. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/output/json_writer.h"
#include "core/pool/pool.h"

namespace plasmite {

// newest - oldest + 1; 0 for an empty pool.
uint64_t message_count(const PoolInfo& info);

// Used part of the ring in hundredths of a percent, rounded down.
uint64_t used_hundredths(const PoolInfo& info);

// {"newest":41,"oldest":3}, {} for an empty pool.
void append_bounds(JsonWriter& json, const PoolInfo& info);

// The whole object; `name` is the ref as typed, ages are relative to `now_ns`.
void append_pool_info(JsonWriter& json, const PoolInfo& info, std::string_view name,
                      int64_t now_ns);

// "39 (seq 3..41)", or "empty".
std::string messages_for_people(const PoolInfo& info);

// `path` relative to `dir` when it lies in it.
std::string path_below(const std::filesystem::path& path, const std::filesystem::path& dir);

}  // namespace plasmite
