#include "agent/daemon/metrics.h"

#include <array>
#include <charconv>

#include "agent/daemon/status_report.h"

namespace plasmite {
namespace {

using Type = MetricFamily::Type;

constexpr double kNsPerSecond = 1e9;

// What a label's value may not have as it is; a help text only minds the first two.
void append_escaped(std::string& out, std::string_view text, bool is_value) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && is_value) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

void append_sample(std::string& out, std::string_view name, const MetricFamily::Sample& sample) {
  out += name;
  if (!sample.labels.empty()) {
    char separator = '{';
    for (const auto& [label, value] : sample.labels) {
      out += separator;
      out += label;
      out += "=\"";
      append_escaped(out, value, /*is_value=*/true);
      out += '"';
      separator = ',';
    }
    out += '}';
  }
  out += ' ';
  out += sample.value;
  out += '\n';
}

// The metrics of one kind of thing, filled thing by thing.
struct SourceFamilies {
  MetricFamily received{"plasmite_source_received_total",
                        "Records that came in: stored, dropped or rejected."};
  MetricFamily stored{"plasmite_source_stored_total", "Records stored in the pool."};
  MetricFamily stored_bytes{"plasmite_source_stored_bytes_total",
                            "Bytes of JSON text of the records stored."};
  MetricFamily dropped{"plasmite_source_dropped_total",
                       "Records left out because input was faster than the pool."};
  MetricFamily rejected{"plasmite_source_rejected_total",
                        "Records that could not be stored as they were."};
  MetricFamily gaps{"plasmite_source_gaps_total", "Gap records written."};
  MetricFamily lost{"plasmite_source_lost_total",
                    "Records that were gone before they could be read, as far as known."};
  MetricFamily own_log{"plasmite_source_own_log_total",
                       "Entries left out because they are the agent's own log."};
  MetricFamily restarts{"plasmite_source_restarts_total", "Starts after the first one."};
  MetricFamily state{"plasmite_source_state", "1 for the state that the source is in, else 0.",
                     Type::gauge};
  MetricFamily last_event{"plasmite_source_last_event_timestamp_seconds",
                          "Time of the newest record stored, by the source's clock.", Type::gauge};
  MetricFamily lag{"plasmite_source_lag_seconds",
                   "How far the source is behind; 0 if it has seen everything.", Type::gauge};

  void add(const SourceStatus& source, const AgentStatus& status);
  void move_to(std::vector<MetricFamily>& families);
};

void SourceFamilies::add(const SourceStatus& source, const AgentStatus& status) {
  const SourceSnapshot& now = source.snapshot;
  const MetricLabels labels = {{"source", source.name}, {"type", source.type}};
  const auto with = [&](std::string_view label, std::string_view value) {
    MetricLabels more = labels;
    more.emplace_back(label, value);
    return more;
  };
  received.add(labels, now.totals.received());
  stored.add(labels, now.totals.stored);
  stored_bytes.add(labels, now.totals.stored_bytes);
  for (size_t i = 0; i < now.totals.dropped.size(); ++i)
    dropped.add(with("reason", drop_reason_name(static_cast<DropReason>(i))),
                now.totals.dropped[i]);
  for (size_t i = 0; i < now.totals.rejected.size(); ++i)
    rejected.add(with("reason", reject_reason_name(static_cast<RejectReason>(i))),
                 now.totals.rejected[i]);
  gaps.add(labels, now.totals.gaps);
  lost.add(labels, now.totals.lost);
  own_log.add(labels, now.totals.own_log);
  restarts.add(labels, now.totals.restarts);
  for (const SourceState each :
       {SourceState::starting, SourceState::running, SourceState::blocked, SourceState::backing_off,
        SourceState::finished, SourceState::failed, SourceState::stopped})
    state.add(with("state", source_state_name(each)), each == now.state ? 1 : 0);
  if (now.last_event_ns)
    last_event.add_seconds(labels, static_cast<double>(*now.last_event_ns) / kNsPerSecond);
  if (const auto behind = lag_ms(now, status))
    lag.add_seconds(labels, static_cast<double>(*behind) / 1000);
}

void SourceFamilies::move_to(std::vector<MetricFamily>& families) {
  for (MetricFamily* family : {&received, &stored, &stored_bytes, &dropped, &rejected, &gaps, &lost,
                               &own_log, &restarts, &state, &last_event, &lag})
    families.push_back(std::move(*family));
}

struct PoolFamilies {
  MetricFamily size{"plasmite_pool_size_bytes", "Size of the pool's file.", Type::gauge};
  MetricFamily used{"plasmite_pool_used_bytes", "Bytes of the ring that hold records.",
                    Type::gauge};
  MetricFamily published{"plasmite_pool_published_bytes_total",
                         "Bytes ever written to the ring, by all writers, with what frames need."};
  MetricFamily oldest{"plasmite_pool_oldest_seq", "Sequence of the oldest record retained.",
                      Type::gauge};
  MetricFamily newest{"plasmite_pool_newest_seq", "Sequence of the newest record.", Type::gauge};
  MetricFamily oldest_time{"plasmite_pool_oldest_timestamp_seconds",
                           "Time of the oldest record retained.", Type::gauge};
  MetricFamily newest_time{"plasmite_pool_newest_timestamp_seconds", "Time of the newest record.",
                           Type::gauge};
  MetricFamily error{"plasmite_pool_error",
                     "1 if the agent cannot use the pool as declared, else 0.", Type::gauge};

  void add(const PoolStatus& pool);
  void move_to(std::vector<MetricFamily>& families);
};

void PoolFamilies::add(const PoolStatus& pool) {
  const MetricLabels labels = {{"pool", pool.name}};
  error.add(labels, pool.error ? 1 : 0);
  if (!pool.info) return;
  const PoolInfo& info = *pool.info;
  size.add(labels, info.file_size);
  used.add(labels, info.used_bytes);
  published.add(labels, info.published_bytes);
  if (info.oldest_seq) oldest.add(labels, *info.oldest_seq);
  if (info.newest_seq) newest.add(labels, *info.newest_seq);
  if (info.oldest_time_ns)
    oldest_time.add_seconds(labels, static_cast<double>(*info.oldest_time_ns) / kNsPerSecond);
  if (info.newest_time_ns)
    newest_time.add_seconds(labels, static_cast<double>(*info.newest_time_ns) / kNsPerSecond);
}

void PoolFamilies::move_to(std::vector<MetricFamily>& families) {
  for (MetricFamily* family :
       {&size, &used, &published, &oldest, &newest, &oldest_time, &newest_time, &error})
    families.push_back(std::move(*family));
}

}  // namespace

void MetricFamily::add_seconds(MetricLabels labels, double seconds) {
  std::array<char, 64> text{};
  constexpr int kDecimals = 3;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), seconds,
                                 std::chars_format::fixed, kDecimals);
  samples.push_back({std::move(labels), std::string(text.data(), end.ptr)});
}

std::vector<MetricFamily> agent_metrics(const AgentStatus& status) {
  std::vector<MetricFamily> families;
  MetricFamily info{"plasmite_agent_info", "1; the version is a label.", Type::gauge};
  info.add({{"version", PLASMITE_VERSION}}, 1);
  MetricFamily started{"plasmite_agent_start_time_seconds", "When the agent was started.",
                       Type::gauge};
  started.add_seconds({}, static_cast<double>(status.started_ns) / kNsPerSecond);
  MetricFamily healthy{"plasmite_agent_healthy", "1 if status finds nothing wrong, else 0.",
                       Type::gauge};
  healthy.add({}, assess(status).healthy ? 1 : 0);
  MetricFamily kept{"plasmite_rejects_kept_total", "Rejected records kept in the reject pool."};
  MetricFamily lost{"plasmite_rejects_lost_total",
                    "Rejected records that the reject pool did not take."};
  if (status.rejects) {
    kept.add({}, status.rejects->kept);
    lost.add({}, status.rejects->lost);
  }
  for (MetricFamily* family : {&info, &started, &healthy, &kept, &lost})
    families.push_back(std::move(*family));
  SourceFamilies sources;
  for (const SourceStatus& source : status.sources) sources.add(source, status);
  sources.move_to(families);
  PoolFamilies pools;
  for (const PoolStatus& pool : status.pools) pools.add(pool);
  pools.move_to(families);
  return families;
}

std::string render_metrics(const std::vector<MetricFamily>& families) {
  std::string text;
  for (const MetricFamily& family : families) {
    if (family.samples.empty()) continue;
    text += "# HELP " + std::string(family.name) + " ";
    append_escaped(text, family.help, /*is_value=*/false);
    text += "\n# TYPE " + std::string(family.name) +
            (family.type == Type::counter ? " counter\n" : " gauge\n");
    for (const MetricFamily::Sample& sample : family.samples)
      append_sample(text, family.name, sample);
  }
  return text;
}

}  // namespace plasmite
