// How a stream of bytes is cut into records, and how that is told from how the stream begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace plasmite {

enum class Framing : uint8_t {
  detect,        // one of the last three, by how the input begins
  lines,         // JSON Lines: one record per line, always
  value,         // the whole input is one JSON value
  values,        // JSON values one after the other, with white space or nothing between
  sequence,      // JSON text sequences: RFC 7464
  events,        // server-sent events with JSON as their data
  joined_lines,  // JSON Lines, but a record may span lines
};

// What notices call it; lines are lines, joined or not.
std::string_view framing_mode(Framing framing);

// Detection looks at that much and no further.
inline constexpr size_t kDetectionBytes = 8192;
inline constexpr size_t kDetectionLines = 8;

// Detects the framing from the beginning of the input (without a byte order mark). None: it takes
// more bytes to tell, and none of those here is part of a record that is complete. Decides as early
// as it can: at the first byte that is not blank, or, when an event stream may begin there, within
// the next six.
std::optional<Framing> detect_framing(std::string_view beginning, bool is_all);

}  // namespace plasmite
