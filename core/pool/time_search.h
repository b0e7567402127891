// Which bucket of an index to look at next when a time is wanted. Pure; knows no pool.
//
// Every look is a page that nothing has touched yet, so looks count, and most streams are even
// enough for a guess by proportion: 5 looks among 600,000 buckets where halving takes 20. The guess
// is bad where a stream has bursts; halving then takes every third step at least, so that O(log n)
// holds whatever the times are.
#pragma once

#include <cstdint>
#include <optional>

namespace plasmite {

class TimeSearch {
 public:
  // Among buckets 0 .. buckets - 1: the last one that begins before `wanted`. Bucket 0 does, at
  // `first`; what stands behind the last bucket does not, being of `last` (>= wanted) or later.
  TimeSearch(uint64_t wanted, uint64_t first, uint64_t last, uint64_t buckets)
      : wanted_(wanted),
        high_(buckets),
        width_(buckets),
        low_miss_(miss(first)),
        high_miss_(miss(last)) {}

  // The bucket to look at; none when the search is over.
  std::optional<uint64_t> next();

  // What was there.
  void found(uint64_t bucket, uint64_t time);
  // Nothing that can be trusted: it ends before this bucket.
  void ends_before(uint64_t bucket) {
    high_ = bucket;
    guesses_ = kMaxGuesses;
  }

 private:
  static constexpr int kMaxGuesses = 2;  // in a row, unless they do as well as halving

  // Times are below 2^63: see kMaxTime.
  double miss(uint64_t time) const {
    return static_cast<double>(static_cast<int64_t>(time) - static_cast<int64_t>(wanted_));
  }

  uint64_t wanted_;
  uint64_t low_ = 0;  // begins before it
  uint64_t high_;     // does not
  uint64_t width_;    // of the bracket before the guesses
  int guesses_ = 0;
  // How far the ends are from the wanted time, in ns. The end that stays while the other one moves
  // twice is taken to be nearer than it is (the Illinois rule): else the bracket would shrink from
  // one side only.
  double low_miss_;
  double high_miss_;
  enum class Moved : uint8_t { none, low, high } moved_ = Moved::none;
};

}  // namespace plasmite
