// What became of an input that came in certain reads: everything a caller of JsonSource can see,
// in a form that can be compared. For unit tests and fuzz targets.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/base/unique_fd.h"
#include "core/pool/pool.h"
#include "sources/json_source.h"

namespace plasmite {

struct FramingRun {
  std::vector<std::string> stored;   // the texts
  std::vector<std::string> skipped;  // one line of text each, with everything that is told of it
  std::string error;                 // the same; empty: it went well
  uint64_t records = 0, failed = 0;
  bool operator==(const FramingRun&) const = default;
};

struct FramingSetting {
  Framing framing = Framing::detect;
  OnBadRecord on_bad_record = OnBadRecord::stop;
  size_t max_record_bytes = kMaxRecordBytes;
};

inline std::string told(const SkippedRecord& skipped) {
  return "#" + std::to_string(skipped.index) + " line " +
         (skipped.line ? std::to_string(*skipped.line) : "-") + " at " +
         std::to_string(skipped.offset) + " " + std::string(skipped.mode) + " " +
         std::string(skipped.error_kind) + ": " + skipped.message + " <" + skipped.snippet + ">";
}

inline std::string told(const Error& error) {
  std::string text = std::string(error_kind_name(error.kind())) + " " + error.message();
  if (error.offset()) text += " at " + std::to_string(*error.offset());
  for (const std::string& cause : error.causes()) text += "; " + cause;
  return text + "; " + error.hint();
}

// Feeds the chunks, each of which must be smaller than a pipe, one read for each.
inline FramingRun run_framing(Pool& pool, const std::vector<std::string_view>& chunks,
                              const FramingSetting& setting) {
  FramingRun run;
  auto cursor = pool.cursor(Start::newest());
  PLASMITE_CHECK(cursor.has_value());
  Appender appender(pool, {});
  JsonSource source(
      appender, setting.framing,
      {.on_bad_record = setting.on_bad_record,
       .max_record_bytes = setting.max_record_bytes,
       .on_skip = [&](const SkippedRecord& skipped) { run.skipped.push_back(told(skipped)); }});
  int fds[2];
  PLASMITE_CHECK(::pipe2(fds, O_CLOEXEC) == 0);
  const UniqueFd read_end(fds[0]);
  UniqueFd write_end(fds[1]);
  Result<JsonSource::Progress> progress = JsonSource::Progress::data;
  for (const std::string_view chunk : chunks) {
    if (chunk.empty()) continue;
    PLASMITE_CHECK(::write(write_end.get(), chunk.data(), chunk.size()) ==
                   static_cast<ssize_t>(chunk.size()));
    progress = source.pump(read_end.get());
    if (!progress) break;
    PLASMITE_CHECK(*progress == JsonSource::Progress::data);
  }
  write_end.reset();
  if (progress) progress = source.pump(read_end.get());
  if (!progress) run.error = told(progress.error());
  run.records = source.records();
  run.failed = source.failed();
  for (;;) {
    const auto message = cursor->next();
    PLASMITE_CHECK(message.has_value());
    if (!*message) break;
    run.stored.emplace_back((*message)->body);
  }
  PLASMITE_CHECK(!cursor->take_gap());
  return run;
}

}  // namespace plasmite
