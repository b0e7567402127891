#include "agent/output/notice.h"

#include "agent/output/error_report.h"
#include "agent/output/json_writer.h"
#include "agent/output/stdio.h"
#include "agent/output/terminal_text.h"
#include "agent/values.h"
#include "core/record/timestamp.h"

namespace plasmite {
namespace {

constexpr int kYellow = 33;

std::string notice_as_text(const Notice& notice, bool colored) {
  std::string text = label("notice:", kYellow, colored) + " " + escape_for_terminal(notice.message);
  if (!notice.message_names_pool) text += " (pool: " + escape_for_terminal(notice.pool) + ")";
  return text + "\n";
}

std::string notice_as_json(const Notice& notice) {
  std::string time;
  append_rfc3339(time, wall_clock_ns());
  JsonWriter json;
  json.begin_object().key("notice").begin_object();
  json.key("cmd").string(notice.command);
  json.key("details").raw(notice.details_json);
  json.key("kind").string(notice.kind);
  json.key("message").string(notice.message);
  json.key("pool").string(notice.pool);
  json.key("time").string(time);
  json.end_object().end_object();
  return json.text() + "\n";
}

}  // namespace

void print_notice(ColorMode color, const Notice& notice) {
  write_stderr(is_terminal(kStderr) ? notice_as_text(notice, use_color(color, kStderr))
                                    : notice_as_json(notice));
}

}  // namespace plasmite
