// The tokens of a jq program, as far as it takes to tell numbers and variables from what is inside
// names, strings and comments. Reads any text; of one that is no jq program the tokens may mean
// nothing.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace plasmite {

struct JqToken {
  enum class Kind : unsigned char {
    end,
    number,    // as it is written
    variable,  // its name without the $, which blanks and comments may separate from it
  };
  Kind kind;
  std::string_view text;
};

class JqScanner {
 public:
  explicit JqScanner(std::string_view program) : rest_(program) {}

  JqToken next();

 private:
  std::string_view take_number();
  void take_sign();
  void take_from_string();
  template <class Predicate>
  std::string_view take_while(Predicate belongs);

  std::string_view rest_;
  bool after_dollar_ = false;
  bool in_string_ = false;
  size_t depth_ = 0;             // of parentheses
  std::vector<size_t> strings_;  // depths at which an interpolation within a string ends
};

}  // namespace plasmite
