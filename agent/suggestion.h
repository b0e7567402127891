// "Did you mean …?": the known word that somebody probably meant. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plasmite {

// The nearest of `known`: up to a third of the word (at most three characters) replaced, missing,
// too many or swapped with the next; or the only one that begins with it. Empty: none is near.
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

// "Did you mean `X`? ", or nothing when X is empty.
std::string did_you_mean(std::string_view suggestion);

}  // namespace plasmite
