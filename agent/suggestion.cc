#include "agent/suggestion.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace plasmite {
namespace {

// Edits between two words: insert, delete or replace one character, swap two neighbours.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row.back();
}

// None or several: empty.
std::string only_one_beginning_with(std::string_view word, const std::vector<std::string>& known) {
  constexpr size_t kTellsSomething = 2;  // characters behind the dashes
  const size_t dashes = std::min(word.find_first_not_of('-'), word.size());
  if (word.size() - dashes < kTellsSomething) return {};
  std::string only;
  for (const std::string& candidate : known) {
    if (!candidate.starts_with(word)) continue;
    if (!only.empty()) return {};
    only = candidate;
  }
  return only;
}

}  // namespace

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  constexpr size_t kLongest = 64;
  if (word.size() > kLongest) return {};
  if (std::string only = only_one_beginning_with(word, known); !only.empty()) return only;
  std::string best;
  size_t best_distance = std::clamp<size_t>(word.size() / 3, 1, 3) + 1;
  for (const std::string& candidate : known) {
    const size_t distance = edit_distance(word, candidate);
    // One that has nothing in common with the word is not near, however short both are.
    if (distance >= best_distance || distance >= std::max(word.size(), candidate.size())) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view suggestion) {
  return suggestion.empty() ? "" : "Did you mean `" + std::string(suggestion) + "`? ";
}

}  // namespace plasmite
