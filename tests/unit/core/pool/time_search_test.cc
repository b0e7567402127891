#include "core/pool/time_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace plasmite {
namespace {

struct Found {
  uint64_t bucket;
  int looks;
};

Found search(const std::vector<uint64_t>& times, uint64_t wanted) {
  TimeSearch search(wanted, times.front(), std::max(times.back(), wanted), times.size());
  Found found{0, 0};
  while (const auto bucket = search.next()) {
    EXPECT_GT(*bucket, 0u);
    EXPECT_LT(*bucket, times.size());
    if (++found.looks > 1000) break;
    search.found(*bucket, times[*bucket]);
    if (times[*bucket] < wanted) found.bucket = *bucket;
  }
  return found;
}

uint64_t expected(const std::vector<uint64_t>& times, uint64_t wanted) {
  return static_cast<uint64_t>(std::ranges::lower_bound(times, wanted) - times.begin() - 1);
}

struct Stream {
  const char* name;
  std::function<double(std::mt19937&, size_t)> gap_ns;
};

std::vector<uint64_t> times_of(const Stream& stream, size_t buckets) {
  std::mt19937 random(7);
  std::vector<uint64_t> times;
  double now = 1.7e18;
  for (size_t i = 0; i < buckets; ++i) {
    times.push_back(static_cast<uint64_t>(now));
    now += std::max(1.0, stream.gap_ns(random, i));
  }
  return times;
}

const std::vector<Stream>& streams() {
  static const std::vector<Stream> all = {
      {"even", [](std::mt19937&, size_t) { return 1e6; }},
      {"random",
       [](std::mt19937& random, size_t) { return std::exponential_distribution(1e-6)(random); }},
      {"bursts",
       [](std::mt19937& random, size_t) {
         return 1e4 * std::exp(6 * std::normal_distribution(0., 1.)(random));
       }},
      {"nights", [](std::mt19937&, size_t i) { return i % 500 == 0 ? 4e13 : 1e3; }},
      {"one jump", [](std::mt19937&, size_t i) { return i == 17 ? 1e17 : 300.; }},
  };
  return all;
}

TEST(TimeSearch, FindsTheLastBucketThatBeginsBeforeTheTimeInEveryKindOfStream) {
  for (const Stream& stream : streams()) {
    for (const size_t buckets : {1, 2, 3, 7, 100, 5000}) {
      const std::vector<uint64_t> times = times_of(stream, buckets);
      std::mt19937 random(3);
      for (int round = 0; round < 300; ++round) {
        const uint64_t any = times[random() % times.size()] + random() % 3 - 1;
        const uint64_t wanted = std::max(any, times.front() + 1);
        ASSERT_EQ(search(times, wanted).bucket, expected(times, wanted))
            << stream.name << " " << buckets << " " << wanted;
      }
    }
  }
}

TEST(TimeSearch, LooksAFewTimesInAnEvenStreamAndNeverMoreThanThriceAsOftenAsHalving) {
  constexpr size_t kBuckets = 600'000;
  for (const Stream& stream : streams()) {
    const std::vector<uint64_t> times = times_of(stream, kBuckets);
    std::mt19937 random(5);
    int most = 0, sum = 0;
    for (int round = 0; round < 500; ++round) {
      const int looks = search(times, times[1 + random() % (kBuckets - 1)]).looks;
      most = std::max(most, looks);
      sum += looks;
    }
    EXPECT_LE(most, 3 * 20) << stream.name;
    if (stream.name == std::string_view("random")) {
      EXPECT_LE(sum, 500 * 8);
    }
  }
}

TEST(TimeSearch, EndsBeforeABucketThatCannotBeRead) {
  const std::vector<uint64_t> times = times_of(streams().front(), 1000);
  TimeSearch search(times[900], times.front(), times.back(), times.size());
  uint64_t found = 0;
  while (const auto bucket = search.next()) {
    if (*bucket >= 300) {
      search.ends_before(*bucket);
    } else {
      search.found(*bucket, times[*bucket]);
      found = *bucket;
    }
  }
  EXPECT_EQ(found, 299u);
}

}  // namespace
}  // namespace plasmite
