// What can be said about jq programs before they run: whether they may be sent at all, and what
// jq's complaints mean. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/filter/filter_limits.h"

namespace plasmite {

inline constexpr size_t kMaxFilterPrograms = 64;
inline constexpr size_t kMaxFilterProgramBytes = 256u << 10;

// Usage `invalid filter expression`: a NUL byte or bytes that are not UTF-8 (jq would read another
// program than was written), too many or too long ones, or the environment out of reach.
Result<void> check_programs(const std::vector<std::string>& programs, FilterReach reach);

// Usage `invalid filter expression`, a cause for each of jq's messages: what, line, and the text
// there. `program` is what was compiled; its beginning is shown.
Error compile_error(std::string_view program, std::string_view jq_messages, FilterReach reach);

// A program in an error: all of a short one.
std::string shown(std::string_view program);

}  // namespace plasmite
