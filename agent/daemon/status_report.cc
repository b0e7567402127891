#include "agent/daemon/status_report.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/output/human.h"
#include "agent/output/json_writer.h"
#include "core/record/timestamp.h"

namespace plasmite {
namespace {

constexpr int64_t kMs = 1'000'000;

std::string rfc3339(int64_t time_ns) {
  std::string text;
  append_rfc3339(text, time_ns);
  return text;
}

void add_time(JsonWriter& json, std::string_view key, std::optional<int64_t> time_ns) {
  json.key(key);
  if (time_ns) {
    json.string(rfc3339(*time_ns));
  } else {
    json.null();
  }
}

// "hint", "kind", "message" of an open object.
void add_error_members(JsonWriter& json, const Error& error) {
  std::string message = error.message();
  if (!error.path().empty()) message += " (" + error.path() + ")";
  if (!error.causes().empty()) message += ": " + error.causes().front();
  json.key("hint").string(error.hint());
  json.key("kind").string(error_kind_name(error.kind()));
  json.key("message").string(message);
}

void add_error(JsonWriter& json, std::string_view key, const std::optional<Error>& error,
               std::optional<int64_t> time_ns = std::nullopt) {
  json.key(key);
  if (!error) {
    json.null();
    return;
  }
  json.begin_object();
  add_error_members(json, *error);
  if (time_ns) add_time(json, "time", time_ns);
  json.end_object();
}

// One decimal.
void add_rate(JsonWriter& json, std::string_view key, double rate) {
  json.key(key).raw(hundredths(static_cast<uint64_t>(std::llround(rate * 10)) * 10));
}

void add_agent(JsonWriter& json, const AgentStatus& status) {
  const Health health = assess(status);
  json.begin_object();
  json.key("config").string(status.config);
  json.key("health").string(health.healthy ? "healthy" : "degraded");
  json.key("last_reload");
  if (const auto& reload = status.last_reload) {
    json.begin_object().key("error");
    if (reload->error.empty()) {
      json.null();
    } else {
      json.string(reload->error);
    }
    json.key("ok").boolean(reload->error.empty());
    add_time(json, "time", reload->time_ns);
    json.end_object();
  } else {
    json.null();
  }
  json.key("pid").number(status.pid);
  json.key("problems").begin_array();
  for (const std::string& problem : health.problems) json.string(problem);
  json.end_array();
  add_time(json, "started", status.started_ns);
  json.key("state").string(status.state);
  json.key("uptime_ms").number(status.uptime.count());
  json.key("version").string(PLASMITE_VERSION);
  json.end_object();
}

void add_pool(JsonWriter& json, const PoolStatus& pool) {
  const PoolInfo nothing;
  const PoolInfo& info = pool.info ? *pool.info : nothing;
  json.begin_object();
  add_rate(json, "bytes_per_s", pool.bytes_per_s);
  json.key("durability").string(pool.durability == Durability::flush ? "flush" : "fast");
  add_error(json, "error", pool.error);
  json.key("name").string(pool.name);
  json.key("newest_seq").number_or_null(info.newest_seq);
  add_time(json, "newest_time", info.newest_time_ns);
  json.key("oldest_seq").number_or_null(info.oldest_seq);
  add_time(json, "oldest_time", info.oldest_time_ns);
  json.key("path").string(pool.path.native());
  add_rate(json, "records_per_s", pool.records_per_s);
  json.key("size").number(pool.size_bytes);
  json.key("used_bytes").number(info.used_bytes);
  json.end_object();
}

template <size_t N>
std::vector<std::pair<std::string_view, uint64_t>> counts_by_name(
    const std::array<uint64_t, N>& counts, auto name_of, auto first) {
  std::vector<std::pair<std::string_view, uint64_t>> named;
  named.reserve(N);
  for (size_t i = 0; i < N; ++i)
    named.emplace_back(name_of(static_cast<decltype(first)>(i)), counts[i]);
  std::ranges::sort(named);
  return named;
}

void add_counts(JsonWriter& json, std::string_view key,
                const std::vector<std::pair<std::string_view, uint64_t>>& counts) {
  json.key(key).begin_object();
  for (const auto& [name, count] : counts) json.key(name).number(count);
  json.end_object();
}

std::optional<int64_t> since(std::optional<int64_t> time_ns, int64_t now_ns) {
  if (!time_ns) return std::nullopt;
  return std::max<int64_t>(now_ns - *time_ns, 0) / kMs;
}

void add_source(JsonWriter& json, const SourceStatus& source, const AgentStatus& status) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const SourceSnapshot& now = source.snapshot;
  std::optional<int64_t> next_start;
  if (now.next_start)
    next_start =
        std::max<int64_t>(duration_cast<milliseconds>(*now.next_start - status.now).count(), 0);
  json.begin_object();
  json.key("caught_up").boolean(now.caught_up);
  json.key("checkpoint");
  if (now.checkpoint.empty()) {
    json.null();
  } else {
    json.string(now.checkpoint);
  }
  add_counts(json, "dropped", counts_by_name(now.totals.dropped, drop_reason_name, DropReason{}));
  json.key("gaps").number(now.totals.gaps);
  json.key("lag_ms").number_or_null(lag_ms(now, status));
  add_error(json, "last_error", now.last_error, now.last_error_ns);
  json.key("last_event_age_ms").number_or_null(since(now.last_event_ns, status.now_ns));
  add_time(json, "last_event_time", now.last_event_ns);
  json.key("lost").number(now.totals.lost);
  json.key("name").string(source.name);
  json.key("next_start_ms").number_or_null(next_start);
  json.key("own_log").number(now.totals.own_log);
  json.key("pid").number_or_null(now.child_pid);
  json.key("pool").string(source.pool);
  add_error(json, "problem", source.problem);
  json.key("received").number(now.totals.received());
  add_counts(json, "rejected",
             counts_by_name(now.totals.rejected, reject_reason_name, RejectReason{}));
  json.key("restarts").number(now.totals.restarts);
  json.key("state").string(source_state_name(now.state));
  json.key("state_ms")
      .number(
          std::max<int64_t>(duration_cast<milliseconds>(status.now - now.state_since).count(), 0));
  json.key("stored").number(now.totals.stored);
  json.key("stored_bytes").number(now.totals.stored_bytes);
  json.key("type").string(source.type);
  json.end_object();
}

}  // namespace

std::optional<int64_t> lag_ms(const SourceSnapshot& snapshot, const AgentStatus& status) {
  if (snapshot.caught_up) return 0;
  const auto newest_age = since(snapshot.last_event_ns, status.now_ns);
  if (!snapshot.pool_wait_since) return newest_age;
  const auto waited = std::max<int64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(status.now - *snapshot.pool_wait_since)
          .count(),
      0);
  return snapshot.was_behind ? std::max(newest_age.value_or(0), waited) : waited;
}

std::string status_as_json(const AgentStatus& status) {
  JsonWriter json;
  json.begin_object().key("agent");
  add_agent(json, status);
  json.key("pools").begin_array();
  for (const PoolStatus& pool : status.pools) add_pool(json, pool);
  json.end_array();
  json.key("rejects");
  if (const auto& rejects = status.rejects) {
    json.begin_object().key("kept").number(rejects->kept).key("lost").number(rejects->lost);
    json.key("pool").string(rejects->pool).end_object();
  } else {
    json.null();
  }
  json.key("sources").begin_array();
  for (const SourceStatus& source : status.sources) add_source(json, source, status);
  json.end_array().end_object();
  return json.text();
}

}  // namespace plasmite
