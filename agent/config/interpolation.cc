#include "agent/config/interpolation.h"

#include <algorithm>

namespace plasmite {
namespace {

constexpr const char* kAsItIs = "For a `${` as it is write `$${`.";

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto is_inside = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, is_inside);
}

// `inside` is what stands between the braces.
std::expected<std::string, InterpolationFailure> value_of(std::string_view inside,
                                                          const VariableLookup& variable) {
  const size_t colon = inside.find(":-");
  const std::string name(inside.substr(0, colon));
  if (!is_variable_name(name)) {
    return std::unexpected(InterpolationFailure{
        .message = "`${" + std::string(inside.substr(0, 64)) + "}` names no environment variable",
        .fix = std::string("Only ${NAME} and ${NAME:-default} are known. ") + kAsItIs});
  }
  const auto value = variable(name);
  if (colon == std::string_view::npos) {
    if (value) return *value;
    return std::unexpected(InterpolationFailure{
        .message = "the environment variable " + name + " is not set",
        .fix = "Set it for the agent, or give a default: ${" + name + ":-default}. " + kAsItIs});
  }
  if (value && !value->empty()) return *value;
  return std::string(inside.substr(colon + 2));
}

}  // namespace

std::expected<std::string, InterpolationFailure> interpolate(std::string_view text,
                                                             const VariableLookup& variable) {
  std::string out;
  while (!text.empty()) {
    const size_t dollar = std::min(text.find('$'), text.size());
    out += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.starts_with("${")) {
      const size_t end = text.find('}');
      if (end == std::string_view::npos)
        return std::unexpected(
            InterpolationFailure{.message = "a `${` without its `}`", .fix = kAsItIs});
      auto value = value_of(text.substr(2, end - 2), variable);
      if (!value) return value;
      out += *value;
      text.remove_prefix(end + 1);
    } else if (!text.empty()) {
      out += '$';
      text.remove_prefix(text.starts_with("$$") ? 2 : 1);
    }
    if (out.size() > kMaxInterpolatedBytes) {
      return std::unexpected(InterpolationFailure{.message = "longer than 1 MiB with its variables",
                                                  .fix = "Use shorter values."});
    }
  }
  return out;
}

}  // namespace plasmite
