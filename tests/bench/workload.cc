#include "tests/bench/workload.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/record/json_text.h"
#include "tests/bench/process.h"

namespace plasmite::bench {
namespace {

constexpr size_t kWriteBytes = 256u << 10;

class Random {  // SplitMix64
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t below(uint64_t limit) { return next() % limit; }

 private:
  uint64_t state_;
};

constexpr std::array<const char*, 4> kLevels = {"debug", "info", "warn", "error"};
constexpr std::array<const char*, 6> kServices = {"checkout", "cart",   "search",
                                                  "billing",  "mailer", "gateway"};
constexpr std::array<const char*, 16> kWords = {
    "request", "finished", "after",  "retry",  "upstream", "timed", "out",  "while",
    "loading", "the",      "cached", "result", "of",       "user",  "slot", "again"};

template <size_t N>
const char* pick(Random& random, const std::array<const char*, N>& choices) {
  return choices[random.below(N)];
}

// Words up to exactly `bytes`.
std::string message_text(Random& random, size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    if (!text.empty()) text += ' ';
    text += pick(random, kWords);
  }
  text.resize(bytes);
  if (!text.empty() && text.back() == ' ') text.back() = '.';
  return text;
}

std::string json_record(Random& random, size_t bytes) {
  char head[64];
  char tail[128];
  std::snprintf(head, sizeof head, R"({"level":"%s","service":"%s","message":")",
                pick(random, kLevels), pick(random, kServices));
  std::snprintf(tail, sizeof tail,
                R"(","ms":%llu.%02llu,"status":%llu,"request":{"id":"%08llx",)"
                R"("bytes":%llu,"cached":%s}})",
                static_cast<unsigned long long>(random.below(900)),
                static_cast<unsigned long long>(random.below(100)),
                static_cast<unsigned long long>(200 + random.below(304)),
                static_cast<unsigned long long>(random.next() & 0xffffffff),
                static_cast<unsigned long long>(random.below(1u << 20)),
                random.below(2) == 0 ? "true" : "false");
  const std::string_view fixed_head(head);
  const std::string_view fixed_tail(tail);
  const size_t fixed = fixed_head.size() + fixed_tail.size();
  std::string record(fixed_head);
  record += message_text(random, bytes > fixed ? bytes - fixed : 0);
  return record.append(fixed_tail);
}

std::string log_line(Random& random) {
  char head[128];
  std::snprintf(head, sizeof head, "2026-03-01T12:%02llu:%02llu.%03lluZ %s %s[%llu]: ",
                static_cast<unsigned long long>(random.below(60)),
                static_cast<unsigned long long>(random.below(60)),
                static_cast<unsigned long long>(random.below(1000)), pick(random, kLevels),
                pick(random, kServices), static_cast<unsigned long long>(random.below(30000)));
  std::string line(head);
  if (random.below(8) == 0) line += "path=\"/cart/items\" ";
  if (random.below(32) == 0) line += "user=J\xc3\xbcrgen ";
  const size_t bytes = 80 + random.below(41);
  if (line.size() < bytes) line += message_text(random, bytes - line.size());
  return line;
}

}  // namespace

Workload::Workload(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) bytes_.append(line).push_back('\n');
  block_bytes_ = bytes_.size();
  bytes_.append(kJsonPadding, ' ');
  size_t at = 0;
  for (const std::string& line : lines) {
    lines_.push_back(std::string_view(bytes_).substr(at, line.size()));
    at += line.size() + 1;
  }
}

Workload Workload::json_records(size_t count, size_t mean_bytes, size_t spread_bytes) {
  Random random(1);
  std::vector<std::string> lines;
  lines.reserve(count);
  for (size_t i = 0; i < count; ++i)
    lines.push_back(
        json_record(random, mean_bytes - spread_bytes + random.below(2 * spread_bytes + 1)));
  return Workload(lines);
}

Workload Workload::log_lines(size_t count) {
  Random random(2);
  std::vector<std::string> lines;
  lines.reserve(count);
  for (size_t i = 0; i < count; ++i) lines.push_back(log_line(random));
  return Workload(lines);
}

bool write_workload(int fd, const Workload& workload, uint64_t lines) {
  const std::string_view block = workload.block();
  while (lines > 0) {
    const uint64_t count = std::min<uint64_t>(lines, workload.lines().size());
    const std::string_view last = workload.lines()[count - 1];
    const auto bytes = static_cast<size_t>(last.data() + last.size() + 1 - block.data());
    for (size_t at = 0; at < bytes; at += kWriteBytes)
      if (!write_all(fd, block.substr(at, std::min(kWriteBytes, bytes - at)))) return false;
    lines -= count;
  }
  return true;
}

}  // namespace plasmite::bench
