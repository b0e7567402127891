// The input of the benchmarks: deterministic, varied, and shaped like what people log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plasmite::bench {

// Lines in one block, each ended by LF, the block followed by bytes a JSON parser may read ahead.
class Workload {
 public:
  Workload(Workload&&) = default;  // a copy's lines would point into the original
  Workload& operator=(Workload&&) = default;

  // JSON objects on one line: a message with spaces, numbers, a nested object. Lengths lie evenly
  // in mean_bytes +- spread_bytes, without the LF.
  static Workload json_records(size_t count, size_t mean_bytes, size_t spread_bytes);
  // Log lines of 80 to 120 bytes; some with quotes, few with characters beyond ASCII.
  static Workload log_lines(size_t count);

  std::string_view block() const { return {bytes_.data(), block_bytes_}; }
  const std::vector<std::string_view>& lines() const { return lines_; }  // without the LF
  double mean_bytes() const {
    return static_cast<double>(block_bytes_ - lines_.size()) / static_cast<double>(lines_.size());
  }

 private:
  explicit Workload(const std::vector<std::string>& lines);

  std::string bytes_;
  size_t block_bytes_;
  std::vector<std::string_view> lines_;
};

// Writes the block over and over, `lines` lines in all, in large writes. False: the reader is gone.
bool write_workload(int fd, const Workload& workload, uint64_t lines);

}  // namespace plasmite::bench
