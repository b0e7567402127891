// A picture of an agent for tests of what is made of it.
#pragma once

#include "agent/daemon/agent_status.h"

namespace plasmite {

inline constexpr int64_t kSecondNs = 1'000'000'000;
inline constexpr int64_t kNowNs = 1'800'000'000 * kSecondNs;

inline SourceStatus some_source(const std::string& name) {
  SourceStatus source{.name = name, .type = "tap", .pool = "p", .snapshot = {}};
  SourceTotals& totals = source.snapshot.totals;
  totals.stored = 1234567;
  totals.stored_bytes = 98765432;
  totals.dropped[0] = 3;
  for (size_t i = 0; i < totals.rejected.size(); ++i) totals.rejected[i] = 10 * (i + 1);
  totals.gaps = 2;
  totals.lost = 7;
  source.snapshot.state = SourceState::running;
  source.snapshot.last_event_ns = kNowNs - 3 * kSecondNs;
  source.snapshot.checkpoint = "s=1;i=2";
  source.snapshot.child_pid = 4711;
  return source;
}

inline AgentStatus some_status() {
  AgentStatus status{.config = "/etc/plasmite/agent.toml",
                     .pid = 17,
                     .now_ns = kNowNs,
                     .started_ns = kNowNs - 7200 * kSecondNs,
                     .uptime = std::chrono::hours(2),
                     .now = std::chrono::steady_clock::time_point(std::chrono::hours(100)),
                     .sources = {some_source("app"), some_source("web")},
                     .pools = {}};
  for (SourceStatus& source : status.sources)
    source.snapshot.state_since = status.now - std::chrono::seconds(5);
  PoolStatus pool{
      .name = "p", .path = "/var/lib/plasmite/pools/p.plasmite", .size_bytes = 4u << 20};
  pool.info = PoolInfo{};
  pool.info->file_size = 4u << 20;
  pool.info->ring_size = 4'000'000;
  pool.info->used_bytes = 1'000'000;
  pool.info->oldest_seq = 11;
  pool.info->newest_seq = 110;
  pool.info->oldest_time_ns = kNowNs - 3600 * kSecondNs;
  pool.info->newest_time_ns = kNowNs - 2 * kSecondNs;
  pool.records_per_s = 12.34;
  pool.bytes_per_s = 2048;
  status.pools.push_back(std::move(pool));
  status.rejects = RejectStatus{.pool = "rejects", .kept = 5, .lost = 1};
  return status;
}

}  // namespace plasmite
