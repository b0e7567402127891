#include "sources/framing.h"

#include "sources/json_values.h"

namespace plasmite {

std::string_view framing_mode(Framing framing) {
  switch (framing) {
    case Framing::value:
      return "json";
    case Framing::values:
      return "jq";
    case Framing::sequence:
      return "seq";
    case Framing::events:
      return "event";
    case Framing::detect:
    case Framing::lines:
    case Framing::joined_lines:
      break;
  }
  return "jsonl";
}

std::optional<Framing> detect_framing(std::string_view beginning, bool is_all) {
  const std::string_view window = beginning.substr(0, kDetectionBytes);
  is_all = is_all || beginning.size() >= kDetectionBytes;
  const size_t first = window.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    return is_all ? std::optional(Framing::joined_lines) : std::nullopt;
  if (window[first] == kRecordSeparator) return Framing::sequence;
  if (first > 0 && window[first - 1] != '\n' && window[first - 1] != '\r')
    return Framing::joined_lines;
  const std::string_view line = window.substr(first);
  bool may_become_events = false;
  for (const std::string_view field : {":", "data:", "event:", "id:", "retry:"}) {
    if (line.starts_with(field)) return Framing::events;
    may_become_events |= field.starts_with(line);
  }
  if (may_become_events && !is_all) return std::nullopt;
  return Framing::joined_lines;
}

}  // namespace plasmite
