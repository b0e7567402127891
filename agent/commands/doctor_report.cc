#include "agent/commands/doctor_report.h"

#include <algorithm>

#include "agent/output/human.h"
#include "agent/output/terminal_text.h"
#include "agent/pool_access.h"

namespace plasmite {
namespace {

void append_issue(JsonWriter& json, const DoctorIssue& issue) {
  json.begin_object();
  json.key("code").string(issue.code);
  json.key("message").string(issue.message);
  json.key("offset").number_or_null(issue.offset);
  json.key("seq").number_or_null(issue.seq);
  json.end_object();
}

void append_repair(JsonWriter& json, const RepairReport& repair) {
  json.begin_object();
  json.key("damaged_copy").string(repair.damaged_copy.string());
  json.key("id_changed").boolean(repair.id_changed);
  json.key("records_kept").number(repair.records_kept);
  json.key("records_lost").number(repair.records_lost);
  json.end_object();
}

void append_hints(JsonWriter& json, const Examined& examined) {
  json.begin_array();
  if (!examined.report.healthy()) {
    json.string("`plasmite doctor " + quote_token(examined.label) +
                " --repair` saves every intact record; recreate the pool if nothing of it is "
                "needed.");
  }
  for (const std::string& warning : examined.report.warnings) json.string("warning: " + warning);
  json.end_array();
}

std::string repair_text(const RepairReport& repair) {
  std::string text = "repaired: kept " + counted(repair.records_kept, "record") + ", lost " +
                     std::to_string(repair.records_lost);
  if (repair.id_changed) text += ", new pool id";
  return text + "; the damaged file is " + repair.damaged_copy.string();
}

std::string message_range(const DoctorReport& report) {
  if (report.intact_records == 0) return "empty";
  std::string text = std::to_string(report.intact_records);
  if (report.oldest_seq && report.last_good_seq) {
    text += " (seq " + std::to_string(*report.oldest_seq) + ".." +
            std::to_string(*report.last_good_seq) + ")";
  }
  return text;
}

}  // namespace

void append_report(JsonWriter& json, const Examined& examined) {
  const DoctorReport& report = examined.report;
  json.begin_object();
  json.key("intact_records").number(report.intact_records);
  json.key("issue_count").number(report.issue_count);
  json.key("issues").begin_array();
  for (const DoctorIssue& issue : report.issues) append_issue(json, issue);
  json.end_array();
  json.key("last_good_seq").number_or_null(report.last_good_seq);
  json.key("path").string(examined.path.string());
  json.key("pool_ref").string(examined.label);
  append_hints(json.key("remediation_hints"), examined);
  if (examined.repair) append_repair(json.key("repair"), *examined.repair);
  json.key("snapshot_path");
  examined.repair ? json.string(examined.repair->damaged_copy.string()) : json.null();
  json.key("status").string(report.healthy() ? "ok" : "corrupt");
  json.end_object();
}

std::string report_line(const Examined& examined) {
  const DoctorReport& report = examined.report;
  std::string line = (report.healthy() ? "OK: " : "CORRUPT: ") + examined.label;
  if (!report.healthy()) {
    if (report.last_good_seq) line += " last_good_seq=" + std::to_string(*report.last_good_seq);
    if (!report.issues.empty()) line += " issue=" + report.issues.front().message;
  }
  if (examined.repair) line += " (" + repair_text(*examined.repair) + ")";
  return line + "\n";
}

std::string report_for_people(const Examined& examined) {
  const DoctorReport& report = examined.report;
  std::string text =
      escape_for_terminal(examined.label) + (report.healthy() ? ": healthy" : ": corrupt") +
      "\n  messages:  " + message_range(report) + "\n  checked:   header, index, ring — " +
      counted(report.issue_count, "issue") + "\n";
  for (const DoctorIssue& issue : report.issues)
    text += "  detail:    " + escape_for_terminal(issue.message) + "\n";
  for (const std::string& warning : report.warnings)
    text += "  warning:   " + escape_for_terminal(warning) + "\n";
  if (examined.repair) {
    text += "  repair:    " + escape_for_terminal(repair_text(*examined.repair)) + "\n";
  } else if (!report.healthy()) {
    text += "  repair:    pls doctor " + escape_for_terminal(quote_token(examined.label)) +
            " --repair saves every intact record\n";
  }
  return text;
}

std::string summary_for_people(const std::vector<Examined>& all) {
  if (all.empty()) return "No pools found.\n";
  const auto bad = static_cast<size_t>(std::ranges::count_if(
      all, [](const Examined& examined) { return !examined.report.healthy(); }));
  const std::string total = std::to_string(all.size());
  const char* noun = all.size() == 1 ? " pool" : " pools";
  std::string text = bad == 0 ? (all.size() == 1 ? "The only pool is healthy.\n\n"
                                                 : "All " + total + noun + " healthy.\n\n")
                              : std::to_string(bad) + " of " + total + noun + " unhealthy.\n\n";
  size_t width = 0;
  const auto name_of = [](const Examined& examined) {
    return escape_for_terminal(examined.path.stem().string());
  };
  for (const Examined& examined : all) width = std::max(width, display_width(name_of(examined)));
  for (const Examined& examined : all) {
    const std::string name = name_of(examined);
    if (bad != 0) text += examined.report.healthy() ? "  ✓ " : "  ✗ ";
    if (bad == 0) text += "  ";
    text += name + std::string(width - display_width(name), ' ') + "   " +
            counted(examined.report.intact_records, "message") + "   " +
            counted(examined.report.issue_count, "issue") + "\n";
    if (examined.repair)
      text += "      " + escape_for_terminal(repair_text(*examined.repair)) + "\n";
  }
  if (bad != 0) text += "\n  Details: pls doctor NAME\n";
  return text;
}

}  // namespace plasmite
