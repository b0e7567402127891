#include "core/filter/compile_error.h"

#include <algorithm>

#include "core/record/utf8.h"

namespace plasmite {
namespace {

constexpr const char* kHint =
    "An expression is any jq 1.6 program (`man jq`), in single quotes for the shell: --where "
    "'.data.level == \"error\"', --where '.data.msg | test(\"panic\")'.";

Error invalid(std::string cause) {
  return Error(ErrorKind::Usage, "invalid filter expression")
      .with_cause(std::move(cause))
      .with_hint(kHint);
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

// "jq: error: X at <top-level>, line 1:\n.a ==   " becomes "X at line 1: .a ==".
std::string tidy(std::string_view message) {
  constexpr std::string_view kPrefix = "jq: error: ";
  if (message.starts_with(kPrefix)) message.remove_prefix(kPrefix.size());
  std::string text(message);
  replace_all(text, " (Unix shell quoting issues?)", "");
  replace_all(text, " at <top-level>, line ", " at line ");
  replace_all(text, "$end", "end of expression");
  for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos;)
    text.replace(at, std::min(text.find_first_not_of(" \n", at), text.size()) - at, " ");
  while (!text.empty() && (text.back() == ' ' || text.back() == ':')) text.pop_back();
  return text;
}

}  // namespace

Result<void> check_programs(const std::vector<std::string>& programs) {
  if (programs.size() > kMaxFilterPrograms)
    return std::unexpected(
        invalid("more than " + std::to_string(kMaxFilterPrograms) + " expressions"));
  for (const std::string& program : programs) {
    if (program.size() > kMaxFilterProgramBytes)
      return std::unexpected(invalid("an expression of more than " +
                                     std::to_string(kMaxFilterProgramBytes >> 10) + " KiB"));
    if (program.find('\0') != std::string::npos)
      return std::unexpected(invalid("an expression with a NUL byte"));
    if (!is_utf8(program)) return std::unexpected(invalid("an expression that is not UTF-8"));
  }
  return {};
}

Error compile_error(std::string_view program, std::string_view jq_messages) {
  // Each message ends in a NUL: they have line ends of their own.
  std::vector<std::string> causes;
  while (!jq_messages.empty()) {
    const size_t end = std::min(jq_messages.find('\0'), jq_messages.size());
    const std::string_view message = jq_messages.substr(0, end);
    jq_messages.remove_prefix(std::min(end + 1, jq_messages.size()));
    const bool only_counts =
        message.starts_with("jq: ") && message.find(" compile error") != message.npos;
    if (!only_counts && !message.empty()) causes.push_back(tidy(message));
  }
  if (causes.empty()) causes.emplace_back("jq does not say why");
  causes.front() = std::string(program) + ": " + causes.front();
  Error error = invalid(std::move(causes.front()));
  for (size_t i = 1; i < causes.size(); ++i)
    error = std::move(error).with_cause(std::move(causes[i]));
  return error;
}

}  // namespace plasmite
