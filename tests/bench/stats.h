// The few statistics the benchmarks need. Quantiles interpolate between neighbours.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace plasmite::bench {

// `q` in 0..1; NaN for an empty sample.
inline double quantile(std::vector<double> sample, double q) {
  if (sample.empty()) return std::nan("");
  std::sort(sample.begin(), sample.end());
  const double at = q * static_cast<double>(sample.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sample.size() - 1);
  const double fraction = at - static_cast<double>(below);
  return sample[below] + (sample[above] - sample[below]) * fraction;
}

inline double median(const std::vector<double>& sample) { return quantile(sample, 0.5); }

// How far the pairs disagree: the distance of the 90th from the 10th percentile, over the median.
inline double spread(const std::vector<double>& sample) {
  return (quantile(sample, 0.9) - quantile(sample, 0.1)) / median(sample);
}

}  // namespace plasmite::bench
