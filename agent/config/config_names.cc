#include "agent/config/config_names.h"

#include <algorithm>

#include "core/pool/pool.h"

namespace plasmite {

std::string why_no_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  if (name.empty()) return "an empty name";
  if (name.size() > kMaxCheckpointNameBytes) return "a name longer than 64 bytes";
  if (!std::ranges::all_of(name, is_allowed)) return "a name with a character that is not allowed";
  if (name.front() == '.' || name.front() == '-') return "a name that begins with a dot or a dash";
  return {};
}

std::string why_no_variable(std::string_view name) {
  if (name.empty()) return "an empty name";
  if (name.contains('=') || name.contains('\0'))
    return "no name of a variable: it has = or NUL in it";
  return {};
}

}  // namespace plasmite
