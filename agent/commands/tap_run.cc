#include "agent/commands/tap_run.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "sources/text_lines.h"

namespace plasmite {
namespace {

// The most that a record of this pool may have beside these tags.
Result<size_t> record_limit(const Pool& pool, const TagBlock& tags) {
  constexpr size_t kRoundingBytes = 16;
  const auto info = pool.info();
  if (!info) return std::unexpected(info.error());
  const size_t taken = tags.bytes().size() + kRoundingBytes;
  const uint64_t limit = info->max_record_bytes > taken ? info->max_record_bytes - taken : 0;
  if (limit < kMinTextLineRecordBytes) {
    return std::unexpected(Error(ErrorKind::Usage, "pool is too small for captured lines")
                               .with_path(pool.path().string())
                               .with_hint("Create a larger pool, or use fewer and shorter tags."));
  }
  return std::min<uint64_t>(limit, kMaxRecordBytes);
}

}  // namespace

Result<TapRun> prepare_run(Pool& pool, const TapOptions& options) {
  const std::string id = new_run_id();
  std::vector<std::string> line_tags = options.tags;
  std::vector<std::string> lifecycle_tags = {"lifecycle"};
  if (options.run_tag) {
    line_tags.push_back("run:" + id);
    lifecycle_tags.push_back("run:" + id);
  }
  auto tags = TagBlock::encode(line_tags);
  if (!tags) return std::unexpected(std::move(tags.error()));
  const auto max_record_bytes = record_limit(pool, *tags);
  if (!max_record_bytes) return std::unexpected(max_record_bytes.error());
  return TapRun{.id = id,
                .line_tags = std::move(*tags),
                .lifecycle_tags = *TagBlock::encode(lifecycle_tags),
                .max_record_bytes = *max_record_bytes,
                .slot = {}};
}

}  // namespace plasmite
