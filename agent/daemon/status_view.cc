#include "agent/daemon/status_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "agent/output/error_report.h"
#include "agent/output/human.h"
#include "agent/output/table.h"
#include "agent/output/terminal_text.h"
#include "agent/output/wrap.h"

namespace plasmite {
namespace {

constexpr int kRed = 31, kGreen = 32, kYellow = 33, kDim = 2;

std::string short_age(std::optional<int64_t> time_ns, int64_t now_ns) {
  return time_ns ? human_age(time_ns, now_ns) : "—";
}

std::string state_in_words(const SourceStatus& source, std::chrono::steady_clock::time_point now) {
  const SourceSnapshot& is = source.snapshot;
  if (is.state == SourceState::running && !is.caught_up) return "catching up";
  if (is.state != SourceState::backing_off || !is.next_start)
    return std::string(source_state_name(is.state));
  const auto left = std::chrono::ceil<std::chrono::seconds>(*is.next_start - now).count();
  return left > 0 ? "starts in " + readable_duration(std::chrono::seconds(left)) : "starts";
}

// Lines of a table, some in a colour.
std::string with_colors(const std::string& table, const std::vector<int>& row_colors, bool color) {
  if (!color) return table;
  std::string out;
  size_t row = 0;
  for (size_t begin = 0; begin < table.size(); ++row) {
    const size_t end = table.find('\n', begin);
    const std::string_view line(table.data() + begin, end - begin);
    const int sgr = row == 0 ? kDim : row_colors[row - 1];
    out += sgr == 0 ? std::string(line) : label(line, sgr, true);
    out += '\n';
    begin = end + 1;
  }
  return out;
}

// Names, which are ASCII, in at most so many columns.
std::string shortened(const std::string& name, size_t most) {
  return name.size() <= most ? name : name.substr(0, most - 1) + "…";
}

// A table whose cells in `names` are as long as the terminal has room for, but never unreadable.
std::string fitted(const std::vector<Column>& columns, const std::vector<TableRow>& rows,
                   const std::vector<size_t>& names, size_t terminal_columns) {
  constexpr size_t kLeast = 8, kLongest = 63;
  std::string table = format_columns(columns, rows);
  const auto is_too_wide = [&] {
    for (size_t begin = 0; begin < table.size();) {
      const size_t end = table.find('\n', begin);
      if (display_width(std::string_view(table).substr(begin, end - begin)) > terminal_columns)
        return true;
      begin = end + 1;
    }
    return false;
  };
  for (size_t most = kLongest; most >= kLeast && is_too_wide(); --most) {
    std::vector<TableRow> shorter = rows;
    for (TableRow& row : shorter)
      for (const size_t name : names) row[name] = shortened(row[name], most);
    table = format_columns(columns, shorter);
  }
  return table;
}

std::string sources_table(const AgentStatus& status, const ViewOptions& options) {
  if (status.sources.empty()) return "No sources.\n";
  std::vector<TableRow> rows;
  std::vector<int> colors;
  for (const SourceStatus& source : status.sources) {
    const SourceTotals& totals = source.snapshot.totals;
    rows.push_back({source.name, source.type, state_in_words(source, status.now),
                    readable_count(totals.stored),
                    readable_count(totals.dropped_all() + totals.rejected_all()),
                    readable_count(totals.lost),
                    short_age(source.snapshot.last_event_ns, status.now_ns), source.pool});
    colors.push_back(is_in_trouble(source) ? kRed : 0);
  }
  return with_colors(fitted({{"SOURCE"},
                             {"TYPE"},
                             {"STATE"},
                             {"STORED", Align::right},
                             {"LEFT OUT", Align::right},
                             {"LOST", Align::right},
                             {"LAST EVENT"},
                             {"POOL"}},
                            rows, {0, 7}, options.columns),
                     colors, options.color);
}

std::string pools_table(const AgentStatus& status, const ViewOptions& options) {
  if (status.pools.empty()) return {};
  std::vector<TableRow> rows;
  std::vector<int> colors;
  for (const PoolStatus& pool : status.pools) {
    const PoolInfo nothing;
    const PoolInfo& info = pool.info ? *pool.info : nothing;
    const uint64_t percent =
        info.ring_size == 0 ? 0
                            : static_cast<uint64_t>(100.0 * static_cast<double>(info.used_bytes) /
                                                    static_cast<double>(info.ring_size));
    const uint64_t count = info.newest_seq ? *info.newest_seq - *info.oldest_seq + 1 : 0;
    rows.push_back({pool.name, human_size(pool.size_bytes),
                    pool.info ? std::to_string(percent) + "%" : "—", readable_count(count),
                    readable_count(static_cast<uint64_t>(std::llround(pool.records_per_s))) + "/s",
                    human_size(static_cast<uint64_t>(std::llround(pool.bytes_per_s))) + "/s",
                    short_age(info.oldest_time_ns, status.now_ns),
                    short_age(info.newest_time_ns, status.now_ns)});
    colors.push_back(pool.error ? kRed : 0);
  }
  return with_colors(fitted({{"POOL"},
                             {"SIZE", Align::right},
                             {"USED", Align::right},
                             {"RECORDS", Align::right},
                             {"RATE", Align::right},
                             {"BYTES", Align::right},
                             {"OLDEST"},
                             {"NEWEST"}},
                            rows, {0}, options.columns),
                     colors, options.color);
}

std::string health_line(const AgentStatus& status, const Health& health,
                        const ViewOptions& options) {
  std::string line = health.healthy ? label("healthy", kGreen, options.color)
                                    : label("degraded", kRed, options.color);
  if (status.state != "running") line += ", " + label(status.state, kYellow, options.color);
  return line + "   up " + readable_duration(status.uptime) + "   pid " +
         std::to_string(status.pid) + "   " + escape_for_terminal(status.config) + "\n";
}

}  // namespace

std::string status_as_text(const AgentStatus& status, const ViewOptions& options) {
  const Health health = assess(status);
  std::string text = health_line(status, health, options);
  for (const std::string& problem : health.problems)
    text += "  " + label("!", kYellow, options.color) + " " +
            wrap_words(escape_for_terminal(problem), 4, options.columns) + "\n";
  text += "\n" + sources_table(status, options);
  const std::string pools = pools_table(status, options);
  if (!pools.empty()) text += "\n" + pools;
  if (status.rejects && status.rejects->kept + status.rejects->lost > 0) {
    text += "\nRejected records: " + readable_count(status.rejects->kept) + " kept in pool " +
            escape_for_terminal(status.rejects->pool);
    if (status.rejects->lost > 0) text += ", " + readable_count(status.rejects->lost) + " lost";
    text += "\n";
  }
  return text;
}

std::string readable_count(uint64_t count) {
  constexpr uint64_t kExactBelow = 10'000'000;
  if (count < kExactBelow) {
    std::string text = std::to_string(count);
    for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
    return text;
  }
  constexpr std::array<char, 4> kUnits = {'M', 'G', 'T', 'P'};
  double value = static_cast<double>(count) / 1e6;
  size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "%.1f%c", value, kUnits[unit]);
  return text.data();
}

std::string readable_duration(std::chrono::milliseconds duration) {
  const int64_t seconds = std::max<int64_t>(duration.count(), 0) / 1000;
  constexpr int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
  const auto two = [](int64_t large, char large_unit, int64_t small, char small_unit) {
    std::string text = std::to_string(large) + large_unit;
    return small == 0 ? text : text + " " + std::to_string(small) + small_unit;
  };
  if (seconds < kMinute) return std::to_string(seconds) + "s";
  if (seconds < kHour) return two(seconds / kMinute, 'm', seconds % kMinute, 's');
  if (seconds < kDay) return two(seconds / kHour, 'h', seconds % kHour / kMinute, 'm');
  return two(seconds / kDay, 'd', seconds % kDay / kHour, 'h');
}

}  // namespace plasmite
