// Checks what one `follow --jsonl` prints: every line intact, sequences rising, each writer's
// numbers rising, and what is missing reported on stderr, exactly.
// A check belongs to one thread; the SeenRecords they share are thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/acceptance/eight_writers/record_text.h"

namespace plasmite::acceptance {

inline constexpr uint32_t kWriters = 8;

// Which record each sequence is: every follower must see the same.
class SeenRecords {
 public:
  explicit SeenRecords(uint64_t last_seq) : records_(last_seq + 1) {}
  // False when somebody saw another record under this sequence, or the sequence is out of range.
  bool note(uint64_t seq, RecordName name);
  uint64_t highest() const { return highest_.load(std::memory_order_relaxed); }

 private:
  std::vector<std::atomic<uint32_t>> records_;  // 0: not seen yet
  std::atomic<uint64_t> highest_ = 0;
};

struct Range {  // of sequences, both included
  uint64_t first = 0;
  uint64_t last = 0;
  bool operator==(const Range&) const = default;
};

class FollowerCheck {
 public:
  // Everything from `next_seq` on must be delivered or reported.
  FollowerCheck(SeenRecords& seen, uint64_t next_seq) : seen_(seen), next_seq_(next_seq) {}

  void line(std::string_view text);
  void notices(std::string_view standard_error);
  // Call after the last line and notice. True: nothing wrong.
  bool finish(uint64_t last_seq);

  uint64_t delivered() const { return delivered_; }
  uint64_t lost() const { return lost_; }
  const std::string& problem() const { return problem_; }  // the first one

 private:
  void wrong(std::string what);
  bool drop_notice(std::string_view text);

  SeenRecords& seen_;
  uint64_t next_seq_;
  uint64_t delivered_ = 0;
  uint64_t lost_ = 0;
  std::array<int64_t, kWriters> last_number_ = {-1, -1, -1, -1, -1, -1, -1, -1};
  std::vector<Range> missing_;   // not delivered
  std::vector<Range> reported_;  // by notices
  std::string scratch_;
  std::string problem_;
};

}  // namespace plasmite::acceptance
