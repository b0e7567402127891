#include "tests/bench/report.h"

#include <cstdarg>
#include <cstdio>

#include "core/record/json_escape.h"

namespace plasmite::bench {
namespace {

__attribute__((format(printf, 1, 2))) std::string print(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

const char* better_name(Better better) { return better == Better::higher ? "higher" : "lower"; }
const char* bool_name(bool value) { return value ? "true" : "false"; }

double ns_per_record(double rate) { return 1e9 / rate; }
double gigabytes_per_second(const Lane& lane, double rate) {
  return rate * lane.record_bytes / 1e9;
}

// Large rates without digits nobody needs, small figures with the ones they do.
std::string figure(double value) {
  if (value >= 1e6) return print("%.3f M", value / 1e6);
  if (value >= 1e4) return print("%.1f k", value / 1e3);
  return print("%.3f", value);
}

}  // namespace

std::string json_line(const Lane& lane, const LaneResult& result) {
  std::string line =
      print(R"({"lane":"%s","value":%.6g,"unit":"%s","floor":%.6g,"ratio":%.4f,"goal":%g,)"
            R"("better":"%s","ok":%s,"noisy":%s,"spread":%.4f,"pairs":%d)",
            std::string(lane.name).c_str(), result.value, std::string(lane.unit).c_str(),
            result.floor, result.ratio, lane.goal, better_name(lane.better), bool_name(result.ok),
            bool_name(result.noisy), result.spread, result.pairs);
  if (result.cpu_ratio > 0) line += print(R"(,"cpu_ratio":%.4f)", result.cpu_ratio);
  if (lane.record_bytes > 0)
    line +=
        print(R"(,"value_ns":%.1f,"floor_ns":%.1f,"floor_gbps":%.3f)", ns_per_record(result.value),
              ns_per_record(result.floor), gigabytes_per_second(lane, result.floor));
  return line + "}\n";
}

std::string json_failure(const Lane& lane, const Error& error) {
  std::string line =
      print(R"({"lane":"%s","value":null,"unit":"%s","floor":null,"ratio":null,"goal":%g,)"
            R"("better":"%s","ok":false,"noisy":false,"error":)",
            std::string(lane.name).c_str(), std::string(lane.unit).c_str(), lane.goal,
            better_name(lane.better));
  append_json_string(line, error.message());
  return line + "}\n";
}

std::string table_header() {
  return print("%-17s %11s %11s %-10s %6s  %-8s %-7s %6s  %5s  %s\n", "lane", "value", "floor",
               "unit", "ratio", "goal", "", "spread", "cpu", "floor per record");
}

std::string table_row(const Lane& lane, const LaneResult& result) {
  std::string row = print(
      "%-17s %11s %11s %-10s %6.3f  %s %-5g %-7s %5.1f%%%s", std::string(lane.name).c_str(),
      figure(result.value).c_str(), figure(result.floor).c_str(), std::string(lane.unit).c_str(),
      result.ratio, lane.better == Better::higher ? ">=" : "<=", lane.goal,
      result.ok ? "ok" : "MISSED", result.spread * 100, result.noisy ? "~" : " ");
  row += result.cpu_ratio > 0 ? print(" %5.3f", result.cpu_ratio) : std::string(6, ' ');
  if (lane.record_bytes > 0)
    row += print("  %.0f ns (ours %.0f ns), %.2f GB/s", ns_per_record(result.floor),
                 ns_per_record(result.value), gigabytes_per_second(lane, result.floor));
  return row + "\n";
}

std::string table_failure(const Lane& lane, const Error& error) {
  std::string row = print("%-17s failed: ", std::string(lane.name).c_str()) + error.message();
  for (const std::string& cause : error.causes()) row += ": " + cause;
  return row + "\n";
}

}  // namespace plasmite::bench
