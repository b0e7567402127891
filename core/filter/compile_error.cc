#include "core/filter/compile_error.h"

#include <algorithm>

#include "core/filter/restricted_program.h"
#include "core/record/utf8.h"

namespace plasmite {
namespace {

constexpr const char* kHint =
    "An expression is any jq 1.6 program (`man jq`), in single quotes for the shell: --where "
    "'.data.level == \"error\"', --where '.data.msg | test(\"panic\")'.";

constexpr const char* kRestrictedHint =
    "A jq program sees the message and nothing else here: not the environment, other input, files "
    "or "
    "modules, and it can neither write nor end anything. `pls follow --where` has all of jq 1.6.";

Error invalid(std::string cause, const char* hint = kHint) {
  return Error(ErrorKind::Usage, "invalid filter expression")
      .with_cause(std::move(cause))
      .with_hint(hint);
}

std::string refused(std::string_view construct) {
  return std::string(construct) + " is not available here";
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

std::string shown(std::string_view program) {
  constexpr size_t kMostBytes = 200;
  if (program.size() <= kMostBytes) return "`" + std::string(program) + "`";
  return "`" + std::string(program.substr(0, utf8_cut(program, kMostBytes))) + "…`";
}

Result<void> check_programs(const std::vector<std::string>& programs, FilterReach reach) {
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
    if (reach == FilterReach::message && mentions_environment(program))
      return std::unexpected(invalid(shown(program) + ": " + refused("$ENV"), kRestrictedHint));
  }
  return {};
}

Error compile_error(std::string_view program, std::string_view jq_messages, FilterReach reach) {
  // Each message ends in a NUL: they have line ends of their own.
  std::vector<std::string> causes;
  const char* hint = kHint;
  while (!jq_messages.empty()) {
    const size_t end = std::min(jq_messages.find('\0'), jq_messages.size());
    const std::string_view message = jq_messages.substr(0, end);
    jq_messages.remove_prefix(std::min(end + 1, jq_messages.size()));
    const bool only_counts =
        message.starts_with("jq: ") && message.find(" compile error") != message.npos;
    if (only_counts || message.empty()) continue;
    const auto construct =
        reach == FilterReach::message ? refused_construct(message) : std::nullopt;
    causes.push_back(construct ? refused(*construct) : tidy(message));
    if (construct) hint = kRestrictedHint;
  }
  if (causes.empty()) causes.emplace_back("jq does not say why");
  causes.front() = shown(program) + ": " + causes.front();
  Error error = invalid(std::move(causes.front()), hint);
  for (size_t i = 1; i < causes.size(); ++i)
    error = std::move(error).with_cause(std::move(causes[i]));
  return error;
}

}  // namespace plasmite
