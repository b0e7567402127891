#include "agent/commands/tap_runs.h"

#include <algorithm>
#include <utility>

#include "core/record/tap_record.h"

namespace plasmite {
namespace {

// A run usually is not far back; each further look takes twice as much.
constexpr uint64_t kFirstWindow = 256;

// The newest in [first_seq, end_seq).
Result<std::optional<FoundRun>> newest_between(const Pool& pool, uint64_t first_seq,
                                               uint64_t end_seq,
                                               std::optional<std::string_view> wanted,
                                               TapRecordReader& reader) {
  std::optional<FoundRun> found;
  auto cursor = pool.cursor(Start::at_seq(first_seq));
  if (!cursor) return std::unexpected(cursor.error());
  for (;;) {
    const auto message = cursor->next();
    if (!message) return std::unexpected(message.error());
    if (!*message || (*message)->seq >= end_seq) return found;
    const MessageView& view = **message;
    if (!view.tags.contains(kLifecycleTag)) continue;
    const TapRecord record = reader.read(view);
    const auto* start = std::get_if<TapRunStart>(&record);
    if (start == nullptr || (wanted && start->run != *wanted)) continue;
    std::string tag = std::string(kRunTagPrefix) + std::string(start->run);
    if (start->run.empty() || !view.tags.contains(tag)) tag.clear();
    found = FoundRun{.start_seq = view.seq,
                     .run = std::string(start->run),
                     .tag = std::move(tag),
                     .pty = start->pty};
  }
}

}  // namespace

Result<std::optional<FoundRun>> find_newest_run(const Pool& pool, const RunSearch& search) {
  const auto info = pool.info();
  if (!info) return std::unexpected(info.error());
  if (!info->oldest_seq || !info->newest_seq) return std::nullopt;
  uint64_t end = std::min(*info->newest_seq + 1, search.end_seq);
  const uint64_t oldest = std::max(*info->oldest_seq, end - std::min(end, search.most_messages));
  TapRecordReader reader;
  for (uint64_t window = kFirstWindow; end > oldest; window *= 2) {
    const uint64_t first = end - std::min(window, end - oldest);
    auto found = newest_between(pool, first, end, search.run, reader);
    if (!found || *found) return found;
    end = first;
  }
  return std::nullopt;
}

Result<bool> begins_within_pty_run(const Pool& pool, uint64_t seq) {
  constexpr uint64_t kMostMessages = 1u << 16;
  const auto run =
      find_newest_run(pool, {.end_seq = seq, .run = {}, .most_messages = kMostMessages});
  if (!run) return std::unexpected(run.error());
  return *run && (*run)->pty;
}

}  // namespace plasmite
