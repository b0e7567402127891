// The one append path: every source hands its records to an Appender, and nothing else appends.
//
// add() only remembers the record; commit() publishes all remembered records in one batch (two or
// more, each whole, when they exceed what one batch may have; then the checkpoint goes with the last).
// The texts handed to add() must stay where they are until commit() returns: they live in the
// source's read buffer or in arena(), which commit() clears.
// Not thread-safe. The pool must outlive the appender.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "core/base/text_arena.h"
#include "core/pool/pool.h"
#include "core/record/json_text.h"

namespace plasmite {

struct AppenderOptions {
  Durability durability = Durability::fast;
  // Called after each publish (with flush: after the sync) with the receipt and its records in order.
  std::function<void(const AppendReceipt&, std::span<const RecordView>)> on_committed;
};

class Appender {
 public:
  // A batch is closed at this many stored bytes (or a quarter of the ring, if that is less).
  static constexpr uint64_t kBatchBytes = 256u << 10;

  Appender(Pool& pool, AppenderOptions options);

  // Usage when the record alone exceeds the pool's limit; nothing is remembered then. `tags` must
  // outlive commit(); null: none.
  Result<void> add(JsonText text, const TagBlock* tags);

  // True when the remembered records are worth a batch of their own.
  bool full() const { return pending_bytes_ >= batch_limit_; }
  bool empty() const { return pending_.empty(); }

  // Publishes what is pending. On an error nothing of the failed batch is visible and it is dropped from
  // pending: records_committed() tells how many made it.
  Result<void> commit(std::optional<CheckpointView> checkpoint = std::nullopt);

  TextArena& arena() { return arena_; }
  uint64_t records_committed() const { return records_committed_; }
  uint64_t bytes_committed() const { return bytes_committed_; }

 private:
  Result<void> commit_in_parts(std::optional<CheckpointView> checkpoint);
  Result<void> publish(std::span<const RecordView> batch,
                       std::optional<CheckpointView> checkpoint);

  Pool& pool_;
  AppenderOptions options_;
  TextArena arena_;
  std::vector<RecordView> pending_;
  uint64_t pending_bytes_ = 0;
  uint64_t batch_limit_;   // soft: closes a batch
  uint64_t record_limit_;  // hard: what the pool takes at once
  uint64_t records_committed_ = 0;
  uint64_t bytes_committed_ = 0;
};

}  // namespace plasmite
