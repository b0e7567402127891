// Lays JSON out for people: two spaces per level, `"key": value`, empty containers as {} and [].
// Works on the text, not on parsed values: numbers, key order, duplicate keys and escapes stay as
// they were written.
#pragma once

#include <string>
#include <string_view>

namespace plasmite {

struct PrettyOptions {
  bool color = false;         // keys cyan, strings green, numbers yellow, booleans magenta
  bool for_terminal = false;  // unprintable characters inside strings become \u escapes
};

// Appends `json` laid out, without a newline at the end. Meant for valid JSON; any other bytes come
// out in some form too, because a pool file may hold anything.
void append_pretty_json(std::string& out, std::string_view json, const PrettyOptions& options = {});

}  // namespace plasmite
