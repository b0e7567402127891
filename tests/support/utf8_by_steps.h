// An opinion on what is UTF-8 that looks at one character after the other, by the bounds of each byte:
// for holding is_utf8() against.
#pragma once

#include <string_view>

#include "core/record/utf8.h"

namespace plasmite {

inline bool is_utf8_by_steps(std::string_view bytes) {
  while (!bytes.empty()) {
    const Utf8Step step = utf8_step(bytes);
    if (!step.valid) return false;
    bytes.remove_prefix(step.length);
  }
  return true;
}

}  // namespace plasmite
