// Makes strings from outside safe to show on a terminal: control characters, escape sequences,
// direction overrides and invisible characters appear as escapes. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace plasmite {

// "\n" as \n, ESC as \x1b, U+202E as \u{202e}, a byte that is not UTF-8 as \xNN. Never contains a
// line end, so that a one-line message stays one line.
std::string escape_for_terminal(std::string_view text);

// Does so with the first character of `text`, which must have one; returns how many bytes it took.
size_t append_escaped_for_terminal(std::string& out, std::string_view text);

// The same for JSON text: unprintable characters become \uXXXX, which leaves the document's meaning
// as it was. Line ends and other JSON white space stay. Returns `json` itself when nothing needs
// escaping.
std::string_view escape_json_for_terminal(std::string_view json, std::string& buffer);

// Columns `text` takes on a terminal (wide characters count two, combining ones none).
size_t display_width(std::string_view utf8);

}  // namespace plasmite
