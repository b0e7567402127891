// What the processes of one crash run share: anonymous memory made before the first fork. Whoever
// is killed leaves it usable: every word is atomic and stands for itself.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/base/probe.h"
#include "tests/crash/payload.h"

namespace plasmite::crash {

inline constexpr int kPools = 3;
inline constexpr int kWriters = 3;  // per pool; writer 0 is the checkpointed source
inline constexpr int kReaders = 2;  // per pool; reader 0 follows, reader 1 seeks
inline constexpr int kSource = 0;

enum class Failure : uint8_t { lost, repeated, torn, open_failures, stuck };
inline constexpr int kFailures = 5;

struct FailureCounts {
  std::array<std::atomic<uint64_t>, kFailures> counts{};

  // Counts, and tells the first few on stderr.
  [[gnu::format(printf, 3, 4)]] void report(Failure failure, const char* format, ...);
  uint64_t of(Failure failure) const { return counts[static_cast<int>(failure)].load(); }
  uint64_t total() const;
};

// An operation that should take bounded time.
struct OperationClock {
  std::atomic<int64_t> started_ns{0};  // steady clock; 0: none under way
  void begin();
  void end() { started_ns.store(0, std::memory_order_relaxed); }
};

inline constexpr uint32_t kNoStep = 0xFFFFFFFF;

struct alignas(64) WriterSlot {
  std::atomic<uint32_t> step{kNoStep};         // last probe reached
  std::atomic<uint32_t> die_at_step{kNoStep};  // order to die there...
  std::atomic<uint32_t> die_after_locks{0};    // ...once the lock was taken this many times more
  std::atomic<uint32_t> died_as_told{0};
  OperationClock operation;
};

// Where a checked stream of records stands. Trivially copyable: a reader keeps it across its
// deaths.
struct StreamState {
  uint64_t expected_seq = 0;  // 0: the stream begins with whatever comes
  int64_t last_time_ns = 0;
  PayloadId last{};       // of the last record
  bool in_batch = false;  // the last record was not the end of its batch
  bool after_gap = true;  // the next record may be in the middle of its batch
  struct Writer {
    uint32_t run = 0;
    uint64_t number = 0;
    bool exact = false;  // no gap since that record
  };
  std::array<Writer, kWriters> writers{};
  uint64_t delivered = 0;
  uint64_t lost = 0;  // reported by gaps
};

struct alignas(64) ReaderSlot {
  OperationClock operation;
  // The copy that `current` selects is complete; the reader fills the other one.
  std::atomic<uint32_t> current{0};
  StreamState states[2];
};

// One word per sequence, for a while: which record it was given to. Everybody who learns of a
// record agrees with what others have seen.
class SequenceTable {
 public:
  static constexpr size_t kEntries = 1u << 17;

  // False: `seq` was given to another record.
  bool agree(uint64_t seq, uint64_t digest);

 private:
  std::array<std::atomic<uint64_t>, kEntries> entries_{};  // seq << 24 | 24 bits of digest
};

struct PoolShared {
  std::array<WriterSlot, kWriters> writers;
  std::array<ReaderSlot, kReaders> readers;
  SequenceTable sequences;
};

struct SharedState {
  FailureCounts failures;
  std::atomic<uint32_t> stopping{0};
  std::array<PoolShared, kPools> pools;
};

struct SharedDeleter {
  void operator()(SharedState* state) const;
};
using SharedStatePtr = std::unique_ptr<SharedState, SharedDeleter>;

// Null when there is no memory.
SharedStatePtr make_shared_state();

}  // namespace plasmite::crash
