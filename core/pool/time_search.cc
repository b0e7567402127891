#include "core/pool/time_search.h"

#include <algorithm>

namespace plasmite {

std::optional<uint64_t> TimeSearch::next() {
  const uint64_t width = high_ - low_;
  if (width <= 1) return std::nullopt;
  if (width <= width_ >> guesses_) guesses_ = 0;  // as good as halving
  if (guesses_ == 0) width_ = width;
  if (guesses_ == kMaxGuesses) {
    guesses_ = 0;
    return low_ + width / 2;
  }
  ++guesses_;
  const double part = low_miss_ / (low_miss_ - high_miss_) * static_cast<double>(width);
  return low_ + std::clamp<uint64_t>(static_cast<uint64_t>(part), 1, width - 1);
}

void TimeSearch::found(uint64_t bucket, uint64_t time) {
  if (time < wanted_) {
    low_ = bucket;
    low_miss_ = miss(time);
    if (moved_ == Moved::low) high_miss_ /= 2;
    moved_ = Moved::low;
  } else {
    high_ = bucket;
    high_miss_ = miss(time);
    if (moved_ == Moved::high) low_miss_ /= 2;
    moved_ = Moved::high;
  }
}

}  // namespace plasmite
