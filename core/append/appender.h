// The one append path: every source hands its records to an Appender, and nothing else appends.
//
// add() only remembers the record; commit() publishes all remembered records in one batch (two or
// more, each whole, when they exceed what one batch may have; then the checkpoint goes with the
// last). The texts handed to add() must stay where they are until commit() returns: they live in
// the source's read buffer or in arena(), which commit() clears. Not thread-safe. The pool must
// outlive the appender.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/base/text_arena.h"
#include "core/pool/pool.h"
#include "core/record/json_text.h"

namespace plasmite {

struct AppenderOptions {
  Durability durability = Durability::fast;
  // Called before each publish, which may wait for the pool.
  std::function<void()> on_publish = {};
  // Called after each publish (with flush: after the sync) with the receipt and its records in
  // order.
  std::function<void(const AppendReceipt&, std::span<const RecordView>)> on_committed = {};
  // For those who must not lose a batch. Asked each time a publish, or the sync behind it, failed;
  // may wait as long as it likes, and move_to() another pool. True: that step is tried again, and
  // nothing is published twice. False, or no function: commit() ends with the error; but without
  // one it goes on by itself in a pool that was made smaller.
  std::function<bool(const Error&)> on_failure = {};
  // A pending record that is too large for the pool that on_failure moved to, or for one that was
  // made smaller: it is left out. No function: commit() ends with an error there.
  std::function<void(const RecordView&)> on_refused = {};
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

  // Whether what is pending and this record still are one batch, visible at once with its
  // checkpoint. `more`: stored bytes of others that are to go with it.
  bool fits(JsonText text, const TagBlock* tags, uint64_t more = 0) const {
    const uint64_t stored = Pool::stored_bytes({.body = text.view(), .tags = tags});
    return pending_bytes_ + stored + more <= record_limit_;
  }

  // Publishes what is pending. On an error nothing of the failed batch is visible (unless the error
  // is that of the sync) and it is dropped from pending: records_committed() tells how many made
  // it.
  Result<void> commit(const std::optional<CheckpointView>& checkpoint = std::nullopt);

  // From now on into this pool, which may have other limits; or the same one, whose limits changed.
  // What is pending stays. The pool must outlive the appender.
  void move_to(Pool& pool);

  TextArena& arena() { return arena_; }
  uint64_t records_committed() const { return records_committed_; }
  uint64_t bytes_committed() const { return bytes_committed_; }

 private:
  // Into commit(): it ends with a system call, and WriterLock::acquire says what leaving it costs
  // then.
  [[gnu::always_inline]] inline Result<void> publish_all(
      const std::optional<CheckpointView>& checkpoint);
  size_t count_within_limit(std::span<const RecordView> records) const;
  Result<void> acknowledge(const AppendReceipt& receipt, std::span<const RecordView> batch);
  bool try_again(const Error& error);

  Pool* pool_;
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
