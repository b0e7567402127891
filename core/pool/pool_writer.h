// One append: the steps of the table in pool_format.h, in that order.
// Thread-safety: one PoolWriter per call; the locks in PoolHandle keep callers apart.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/pool/append_plan.h"
#include "core/pool/pool_handle.h"
#include "core/pool/pool_locks.h"

namespace plasmite {

class PoolWriter {
 public:
  // `handle` must outlive the writer and be open for appending.
  explicit PoolWriter(PoolHandle& handle) : handle_(handle), view_(handle.view) {}

  // See Pool::append_batch.
  Result<AppendReceipt> append(std::span<const RecordView> records, const AppendOptions& options);

 private:
  // A frame body as it will lie in the ring, with its CRC: made outside the lock.
  struct PreparedBody {
    std::string_view bytes;
    uint32_t crc;
    uint8_t flags;
  };
  struct Published {
    AppendReceipt receipt;
    uint64_t head;
    bool reserve_anew;
    uint64_t anchor_gen;
  };

  Result<void> check_request(std::span<const RecordView> records, const AppendOptions& options);
  void prepare_bodies(std::span<const RecordView> records);
  Result<Published> append_locked(const AppendOptions& options);
  Result<Published> write_batch(const CommitView& commit, const AppendPlan& plan,
                                const AppendOptions& options);
  Result<std::optional<uint32_t>> choose_checkpoint_slot(const CommitView& commit,
                                                         const AppendOptions& options);
  uint64_t begin_attempt(const CommitView& commit);
  void make_room(const AppendPlan& plan, uint64_t head);
  void finish_attempt();
  uint64_t skip_buckets(uint64_t tail, uint64_t retire_to, uint64_t limit, uint64_t head) const;
  uint64_t retire(uint64_t retire_to, uint64_t head);
  void write_frames(uint64_t position, uint64_t first_seq, uint64_t time, bool has_checkpoint);
  void write_index(uint64_t first_seq);
  void publish(const CommitView& commit, const CommitView& next);

  PoolHandle& handle_;
  const PoolView& view_;
  // Kept per thread from one append to the next: a single record shall not cost an allocation.
  struct Scratch {
    std::vector<PreparedBody> bodies;
    std::string tagged_bodies;  // of records with tags: tag block and text in one piece
    std::vector<uint64_t> bucket_begins;  // positions of the records that begin a bucket of the index
  };
  static Scratch& thread_scratch();

  std::vector<PreparedBody>& bodies_ = thread_scratch().bodies;
  std::string& tagged_bodies_ = thread_scratch().tagged_bodies;
  std::vector<uint64_t>& bucket_begins_ = thread_scratch().bucket_begins;
  std::string checkpoint_body_;  // slot filled in under the lock
  BatchSize batch_;
};

}  // namespace plasmite
