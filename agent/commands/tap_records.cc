#include "agent/commands/tap_records.h"

#include <limits.h>
#include <unistd.h>

#include <filesystem>
#include <span>
#include <system_error>

#include "agent/output/json_writer.h"
#include "core/record/json_escape.h"
#include "core/record/utf8.h"

namespace plasmite {
namespace {

// A byte of a command word takes up to six as JSON and, where a neighbour is not UTF-8, two more.
constexpr size_t kMaxGrowth = 8;
constexpr size_t kPunctuationBytes = 8;  // quotes and commas of a word in both arrays

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

size_t words_that_fit(const std::vector<std::string>& command, size_t bytes) {
  size_t count = 0;
  for (const std::string& word : command) {
    const size_t needed = kMaxGrowth * word.size() + kPunctuationBytes;
    if (needed > bytes) break;
    bytes -= needed;
    ++count;
  }
  return count;
}

bool all_utf8(std::span<const std::string> words) {
  for (const std::string& word : words) {
    if (!is_utf8(word)) return false;
  }
  return true;
}

JsonWriter& append_totals(JsonWriter& json, const StreamTotals& totals) {
  return json.begin_object()
      .key("bytes")
      .number(totals.bytes)
      .key("lines")
      .number(totals.lines)
      .end_object();
}

}  // namespace

std::string tap_start_json(const TapStart& start, size_t max_bytes) {
  const std::vector<std::string>& command = start.command;
  std::error_code no_directory;  // it may have been removed under us
  const std::string directory = start.working_directory.empty()
                                    ? std::filesystem::current_path(no_directory).string()
                                    : start.working_directory;
  const std::string host = host_name();
  const size_t others = 256 + kMaxGrowth * (directory.size() + host.size());
  const size_t kept = words_that_fit(command, max_bytes > others ? max_bytes - others : 0);
  const auto words = std::span(command).first(kept);

  JsonWriter json;
  json.begin_object().key("cmd").begin_array();
  for (const std::string& word : words) json.string(word);
  json.end_array();
  if (!all_utf8(words)) {
    json.key("cmd_base64").begin_array();
    for (const std::string& word : words) json.string(base64_encode(word));
    json.end_array();
  }
  if (kept < command.size()) json.key("cmd_omitted").number(command.size() - kept);
  if (!no_directory) {
    json.key("cwd").string(directory);
    if (!is_utf8(directory)) json.key("cwd_base64").string(base64_encode(directory));
  }
  json.key("host").string(host).key("kind").string("start").key("pid").number(start.pid);
  if (start.pty) json.key("pty").boolean(true);
  json.key("run").string(start.run).end_object();
  return json.text();
}

std::string tap_exit_json(const TapExit& exit) {
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(exit.elapsed);
  JsonWriter json;
  json.begin_object();
  if (const auto* exited = std::get_if<ExitedWith>(&exit.end))
    json.key("code").number(exited->code);
  json.key("elapsed_ms").number(elapsed.count()).key("kind").string("exit");
  if (exit.pipes_open) json.key("pipes").string("open");
  if (exit.pty) json.key("pty").boolean(true);
  json.key("run").string(exit.run);
  json.key("rusage")
      .begin_object()
      .key("max_rss_bytes")
      .number(exit.usage.max_rss_bytes)
      .key("system_us")
      .number(exit.usage.system_us)
      .key("user_us")
      .number(exit.usage.user_us)
      .end_object();
  if (const auto* killed = std::get_if<KilledBy>(&exit.end))
    json.key("signal").string(signal_name(killed->signal));
  append_totals(json.key("stderr"), exit.err);
  append_totals(json.key("stdout"), exit.out);
  json.end_object();
  return json.text();
}

std::string tap_gap_json(std::string_view lost_run, std::string_view source) {
  JsonWriter json;
  json.begin_object().key("count").null().key("from").null().key("kind").string("gap");
  json.key("reason").string("no exit record").key("run").string(lost_run);
  json.key("source").string(source).key("to").null().end_object();
  return json.text();
}

}  // namespace plasmite
