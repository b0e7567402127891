#include "agent/commands/follow_run.h"

#include <utility>

#include "agent/pool_access.h"

namespace plasmite {
namespace {

constexpr std::string_view kLast = "last";
Error no_such_run(std::string_view wanted, const std::string& ref) {
  const std::string pool = quote_token(ref);
  const std::string how = "`plasmite follow " + pool +
                          " --tail 20 --tag lifecycle` shows how runs of tap began and "
                          "ended; `plasmite tap " +
                          pool + " -- CMD` makes one.";
  if (wanted == kLast) {
    return Error(ErrorKind::NotFound, "no run of tap is retained")
        .with_cause("the pool has no start record, or it was retired to make room")
        .with_hint(how);
  }
  return Error(ErrorKind::NotFound, "no run " + quote_token(wanted) + " of tap is retained")
      .with_cause("the pool has no start record with this run id, or it was retired to make room")
      .with_hint("`--run last` takes the newest run. " + how);
}

}  // namespace

Result<FollowedRun> FollowedRun::find(const Pool& pool, std::string_view wanted,
                                      const std::string& ref) {
  RunSearch search{.end_seq = UINT64_MAX, .run = {}};
  if (wanted != kLast) search.run = wanted;
  auto found = find_newest_run(pool, search);
  if (!found) return std::unexpected(found.error());
  if (!*found) return std::unexpected(no_such_run(wanted, ref));
  return FollowedRun(pool, std::move(**found));
}

FollowedRun::Verdict FollowedRun::judge(const MessageView& message) {
  if (message.tags.contains(kLifecycleTag)) {
    const TapRecord record = reader_.read(message);
    const auto* end = std::get_if<TapRunEnd>(&record);
    if (end != nullptr && end->run == found_.run) return Verdict::ours_and_last;
    const auto* lost = std::get_if<TapRunLost>(&record);
    if (lost != nullptr && lost->run == found_.run) return Verdict::ours_and_last;
  }
  return found_.tag.empty() || message.tags.contains(found_.tag) ? Verdict::ours
                                                                 : Verdict::not_ours;
}

}  // namespace plasmite
