#include "agent/commands/pool_report.h"

#include <algorithm>
#include <array>
#include <optional>

#include "agent/output/human.h"
#include "core/record/timestamp.h"

namespace plasmite {
namespace {

std::string hex(const std::array<uint8_t, 16>& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

void append_time(JsonWriter& json, std::optional<int64_t> time_ns) {
  if (!time_ns) {
    json.null();
    return;
  }
  std::string text;
  append_rfc3339(text, *time_ns);
  json.string(text);
}

void append_age(JsonWriter& json, const PoolInfo& info, int64_t now_ns) {
  const auto age_ms = [&](std::optional<int64_t> time_ns) -> std::optional<int64_t> {
    if (!time_ns) return std::nullopt;
    return std::max<int64_t>(now_ns - *time_ns, 0) / 1'000'000;
  };
  json.begin_object();
  json.key("newest_age_ms").number_or_null(age_ms(info.newest_time_ns));
  append_time(json.key("newest_time"), info.newest_time_ns);
  json.key("oldest_age_ms").number_or_null(age_ms(info.oldest_time_ns));
  append_time(json.key("oldest_time"), info.oldest_time_ns);
  json.end_object();
}

void append_metrics(JsonWriter& json, const PoolInfo& info, int64_t now_ns) {
  json.begin_object();
  append_age(json.key("age"), info, now_ns);
  json.key("message_count").number(message_count(info));
  json.key("seq_span").number(message_count(info));
  json.key("utilization").begin_object();
  json.key("free_bytes").number(info.ring_size - std::min(info.used_bytes, info.ring_size));
  json.key("used_bytes").number(info.used_bytes);
  json.key("used_percent").raw(hundredths(used_hundredths(info)));
  json.end_object().end_object();
}

}  // namespace

uint64_t message_count(const PoolInfo& info) {
  if (!info.oldest_seq || !info.newest_seq) return 0;
  return *info.newest_seq - *info.oldest_seq + 1;
}

uint64_t used_hundredths(const PoolInfo& info) {
  if (info.ring_size == 0) return 0;
  // In two steps: the product of used bytes and 10000 could exceed 64 bits.
  const uint64_t unit = info.ring_size / 10000;
  if (unit > (1u << 20)) return info.used_bytes / unit;
  return info.used_bytes * 10000 / info.ring_size;
}

void append_bounds(JsonWriter& json, const PoolInfo& info) {
  json.begin_object();
  if (info.newest_seq) json.key("newest").number(*info.newest_seq);
  if (info.oldest_seq) json.key("oldest").number(*info.oldest_seq);
  json.end_object();
}

void append_pool_info(JsonWriter& json, const PoolInfo& info, std::string_view name,
                      int64_t now_ns) {
  json.begin_object();
  append_bounds(json.key("bounds"), info);
  json.key("file_size").number(info.file_size);
  json.key("format").number(info.format);
  json.key("id").string(hex(info.id));
  json.key("index_capacity").number(info.index_slots);
  json.key("index_offset").number(info.index_offset);
  json.key("index_size_bytes").number(info.index_bytes);
  append_metrics(json.key("metrics"), info, now_ns);
  json.key("name").string(name);
  json.key("path").string(info.path.string());
  json.key("ring_offset").number(info.ring_offset);
  json.key("ring_size").number(info.ring_size);
  json.end_object();
}

std::string messages_for_people(const PoolInfo& info) {
  if (!info.oldest_seq || !info.newest_seq) return "empty";
  return std::to_string(message_count(info)) + " (seq " + std::to_string(*info.oldest_seq) + ".." +
         std::to_string(*info.newest_seq) + ")";
}

std::string path_below(const std::filesystem::path& path, const std::filesystem::path& dir) {
  const std::filesystem::path relative = path.lexically_relative(dir);
  if (relative.empty() || *relative.begin() == "..") return path.string();
  return relative.string();
}

}  // namespace plasmite
