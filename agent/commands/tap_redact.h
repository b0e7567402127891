// Hides what a command line may have of secrets, for records, messages and terminals. Pure
// function.
#pragma once

#include <string>
#include <vector>

namespace plasmite {

// The words with "***" in place of what stands behind their first `=`, and in place of the whole
// word after a flag whose last part is token, password, secret or key in any case: --token,
// --api-key, -db_password.
std::vector<std::string> redact_words(const std::vector<std::string>& words);

// The first half of that, for one word.
std::string redact_value(std::string word);

}  // namespace plasmite
