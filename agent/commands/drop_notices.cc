#include "agent/commands/drop_notices.h"

#include <string_view>

#include "agent/output/human.h"
#include "agent/output/json_writer.h"
#include "agent/output/notice.h"

namespace plasmite {
namespace {

std::string_view cause_name(Gap::Cause cause) {
  switch (cause) {
    case Gap::Cause::retention:
      return "retention";
    case Gap::Cause::power_loss:
      return "power_loss";
    case Gap::Cause::damage:
      return "damage";
  }
  return "retention";
}

std::string message_of(uint64_t count, Gap::Cause cause) {
  // After a power loss nobody knows how many of the skipped sequences were ever given out.
  if (cause == Gap::Cause::power_loss)
    return "skipped " + counted(count, "sequence") + " after a power loss";
  if (cause == Gap::Cause::damage) return "dropped " + counted(count, "damaged message");
  return "dropped " + counted(count, "message");
}

}  // namespace

void DropNotices::add(const Gap& gap) {
  const uint64_t count = gap.last - gap.first + 1;
  if (!pending_) {
    pending_ = Pending{.dropped_count = count,
                       .last_seen_seq = gap.first - 1,
                       .next_seen_seq = gap.last + 1,
                       .cause = gap.cause,
                       .mixed_causes = false,
                       .gaps = {}};
  } else {
    pending_->dropped_count += count;
    pending_->next_seen_seq = gap.last + 1;
    pending_->mixed_causes |= pending_->cause != gap.cause;
  }
  pending_->gaps.push_back(gap);
  if (pending_->gaps.size() >= kMostGaps) return print_rest();
  print_due(Clock::now());
}

void DropNotices::print_due(Clock::time_point now) {
  if (!pending_ || now < next_notice_) return;
  print_rest();
  next_notice_ = now + std::chrono::seconds(1);
}

void DropNotices::print_rest() {
  if (!pending_) return;
  JsonWriter details;
  details.begin_object();
  details.key("cause").string(pending_->mixed_causes ? "mixed" : cause_name(pending_->cause));
  details.key("dropped_count").number(pending_->dropped_count);
  details.key("gaps").begin_array();
  for (const Gap& gap : pending_->gaps)
    details.begin_object().key("from").number(gap.first).key("to").number(gap.last).end_object();
  details.end_array();
  details.key("last_seen_seq").number(pending_->last_seen_seq);
  details.key("next_seen_seq").number(pending_->next_seen_seq);
  details.key("pool_path").string(pool_path_);
  details.end_object();
  const std::string message = message_of(
      pending_->dropped_count, pending_->mixed_causes ? Gap::Cause::retention : pending_->cause);
  print_notice(color_, {.command = "follow",
                        .kind = "drop",
                        .message = message,
                        .pool = pool_,
                        .details_json = details.text()});
  pending_.reset();
}

std::optional<DropNotices::Clock::time_point> DropNotices::due() const {
  if (!pending_) return std::nullopt;
  return next_notice_;
}

}  // namespace plasmite
