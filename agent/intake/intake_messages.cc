#include "agent/intake/intake_messages.h"

#include <algorithm>
#include <chrono>

#include "agent/output/error_report.h"
#include "agent/output/human.h"
#include "agent/output/json_writer.h"
#include "agent/output/notice.h"

namespace plasmite {
namespace {

std::string error_text(const Error& error) {
  std::string text = error.message();
  if (!error.path().empty()) text += " (" + error.path() + ")";
  for (const std::string& cause : error.causes()) text += ": " + cause;
  return text;
}

std::string entries(uint64_t count) {
  return std::to_string(count) + (count == 1 ? " entry" : " entries");
}

std::string summary_text(const SourceTotals& totals) {
  std::string text = "Stored " + entries(totals.stored);
  if (totals.gaps != 0) {
    text += ", " + counted(totals.gaps, "gap");
    if (totals.lost != 0) text += " (" + entries(totals.lost) + " lost)";
  }
  if (totals.rejected_all() != 0)
    text += ", " + std::to_string(totals.rejected_all()) + " rejected";
  return text + ".";
}

}  // namespace

std::string intake_progress_text(const SourceSnapshot& snapshot, int64_t now_ns) {
  std::string text =
      entries(snapshot.totals.stored) + "  " + human_size(snapshot.totals.stored_bytes) + "  ";
  return text + (snapshot.caught_up ? "caught up" : human_age(snapshot.last_event_ns, now_ns));
}

void notice_trouble(const CommandContext& context, const std::string& pool,
                    const SourceSnapshot& snapshot) {
  if (!snapshot.last_error) return;
  const bool blocked = snapshot.state == SourceState::blocked;
  JsonWriter details;
  details.begin_object();
  details.key("error");
  append_error_object(details, *snapshot.last_error);
  details.key("state").string(source_state_name(snapshot.state));
  details.end_object();
  std::string message =
      blocked ? "The pool does not take entries: " : "Reading the journal failed: ";
  message += error_text(*snapshot.last_error) + ". Trying again.";
  print_notice(context.color, {.command = "intake",
                               .kind = blocked ? "intake_blocked" : "intake_retry",
                               .message = message,
                               .pool = pool,
                               .details_json = details.text()});
}

void notice_intake_summary(const CommandContext& context, const std::string& pool,
                           const SourceSnapshot& snapshot) {
  const SourceTotals& totals = snapshot.totals;
  JsonWriter details;
  details.begin_object();
  details.key("checkpoint").string(snapshot.checkpoint);
  details.key("gaps").number(totals.gaps);
  details.key("lost").number(totals.lost);
  details.key("own_log").number(totals.own_log);
  details.key("rejected").number(totals.rejected_all());
  details.key("stored").number(totals.stored);
  details.key("stored_bytes").number(totals.stored_bytes);
  details.end_object();
  print_notice(context.color, {.command = "intake",
                               .kind = "intake_summary",
                               .message = summary_text(totals),
                               .pool = pool,
                               .details_json = details.text()});
}

}  // namespace plasmite
