// Metrics as Prometheus reads them: text exposition format 0.0.4. Pure values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/daemon/agent_status.h"

namespace plasmite {

using MetricLabels = std::vector<std::pair<std::string_view, std::string>>;

// All samples of one name. The names, their help and the names of their labels are fixed
// (spec/agent-status.md).
struct MetricFamily {
  enum class Type : uint8_t { counter, gauge };
  struct Sample {
    MetricLabels labels;
    std::string value;
  };
  std::string_view name;
  std::string_view help;
  Type type = Type::counter;
  std::vector<Sample> samples = {};

  void add(MetricLabels labels, uint64_t value) {
    samples.push_back({std::move(labels), std::to_string(value)});
  }
  void add_seconds(MetricLabels labels, double seconds);
};

std::vector<MetricFamily> agent_metrics(const AgentStatus& status);

// Families without samples are left out. The content type of it is kMetricsContentType.
std::string render_metrics(const std::vector<MetricFamily>& families);
inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace plasmite
