#include "core/filter/restricted_program.h"

#include <algorithm>
#include <array>

#include "core/filter/jq_scanner.h"

namespace plasmite {
namespace {

// The environment, more input, the folders and files of modules; what writes, and what ends the
// process. All of jq 1.6 that reaches out but for the clock.
constexpr std::array<std::string_view, 14> kNames = {
    "env",           "input",           "inputs",     "input_filename", "input_line_number",
    "debug",         "stderr",          "halt",       "halt_error",     "get_search_list",
    "get_jq_origin", "get_prog_origin", "modulemeta", "halt_error(f)"};
constexpr std::array<std::string_view, 3> kKeywords = {"import", "include", "module"};
constexpr std::string_view kNothing = "__refused_";  // + a name: what is not there

std::string_view without_parameters(std::string_view name) {
  return name.substr(0, std::min(name.find('('), name.size()));
}

}  // namespace

const std::string& restricting_definitions() {
  static const std::string definitions = [] {
    std::string text;
    for (const std::string_view name : kNames)
      text.append("def ")
          .append(name)
          .append(":")
          .append(kNothing)
          .append(without_parameters(name))
          .append("; ");
    return text;
  }();
  return definitions;
}

bool mentions_environment(std::string_view program) {
  JqScanner scanner(program);
  for (;;) {
    const JqToken token = scanner.next();
    if (token.kind == JqToken::Kind::end) return false;
    if (token.kind == JqToken::Kind::variable && token.text == "ENV") return true;
  }
}

std::optional<std::string> refused_construct(std::string_view jq_message) {
  constexpr std::string_view kUndefined = "jq: error: __refused_";
  if (jq_message.starts_with(kUndefined)) {
    jq_message.remove_prefix(kUndefined.size());
    const std::string_view name = jq_message.substr(0, jq_message.find('/'));
    if (std::ranges::find(kNames, name) != kNames.end()) return std::string(name);
  }
  for (const std::string_view keyword : kKeywords) {
    const std::string start = "jq: error: syntax error, unexpected " + std::string(keyword) + ",";
    if (jq_message.starts_with(start)) return std::string(keyword);
  }
  return std::nullopt;
}

}  // namespace plasmite
