// Numbers in jq programs that jq 1.6 cannot hold: all its numbers are doubles.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plasmite {

struct RoundedNumber {
  std::string written;  // "12345678901234567891"
  std::string used;     // "12345678901234567168"
};

// The first whole number in the program, outside strings and comments, that a double cannot hold.
// A comparison with it would also be true of its neighbours. Reads any text; one that is no jq
// program may have an answer that means nothing. Pure.
std::optional<RoundedNumber> first_rounded_number(std::string_view program);

}  // namespace plasmite
