// One append: the steps of the table in pool_format.h, in that order.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/probe.h"
#include "core/pool/append_plan.h"
#include "core/pool/checkpoint_table.h"
#include "core/pool/event.h"
#include "core/pool/pool_handle.h"
#include "core/pool/pool_locks.h"
#include "core/pool/pool_sync.h"
#include "core/pool/retirement.h"

namespace plasmite {
namespace {

timespec utc_now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return time;
}

uint64_t to_ns(const timespec& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

// Made for one append, by one caller. Only seen in this file: so the compiler makes one function of it
// and of Pool::append_batch, which pays (see WriterLock::acquire in pool_locks.h). Thread-safety: the
// locks in PoolHandle keep writers apart.
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
  Error why_not_locked(Error error);
  Result<Published> append_locked(const AppendOptions& options);
  Result<Published> write_batch(const CommitView& commit, const AppendPlan& plan,
                                const AppendOptions& options, uint64_t now_ns);
  Result<std::optional<uint32_t>> choose_checkpoint_slot(const CommitView& commit,
                                                         const AppendOptions& options);
  uint64_t begin_attempt(const CommitView& commit, uint64_t now_ns);
  void make_room(const AppendPlan& plan, uint64_t head);
  void finish_attempt();
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

PoolWriter::Scratch& PoolWriter::thread_scratch() {
  static thread_local Scratch scratch;
  return scratch;
}

Result<AppendReceipt> PoolWriter::append(std::span<const RecordView> records,
                                         const AppendOptions& options) {
  if (auto valid = check_request(records, options); !valid)
    return std::unexpected(std::move(valid.error()));
  if (records.empty() && !options.checkpoint) return AppendReceipt{};
  prepare_bodies(records);
  auto published = append_locked(options);
  if (!published) return std::unexpected(std::move(published.error()));
  if (options.durability == Durability::flush) {
    if (auto flushed = flush_to(handle_, published->head); !flushed)
      return std::unexpected(std::move(flushed.error()));
  } else if (published->reserve_anew) {
    // Early, and outside the lock. If it fails, the writer that needs it tries again and reports.
    (void)reserve(handle_, published->anchor_gen);
  }
  return published->receipt;
}

Result<void> PoolWriter::check_request(std::span<const RecordView> records,
                                       const AppendOptions& options) {
  if (!handle_.can_append()) {
    return std::unexpected(Error(ErrorKind::Permission, "pool is open for reading only")
                               .with_path(handle_.path.string())
                               .with_hint("Check the file's permissions and owner."));
  }
  if (auto present = handle_.check_present(); !present) return present;
  uint64_t checkpoint_bytes = 0;
  if (options.checkpoint) {
    const auto& [name, value] = *options.checkpoint;
    if (name.empty() || name.size() > kMaxCheckpointNameBytes ||
        value.size() > kMaxCheckpointValueBytes) {
      return std::unexpected(
          Error(ErrorKind::Usage, "checkpoint name or value has a wrong length")
              .with_hint("Names have 1 to 64 bytes, values up to 384."));
    }
    checkpoint_bytes = sizeof(CheckpointBody) + name.size() + value.size();
  }
  batch_ = size_of_batch(records, checkpoint_bytes);
  const uint64_t limit = view_.geometry.max_batch_bytes() + kCheckpointAllowanceBytes;
  if (batch_.largest > view_.geometry.max_batch_bytes() || batch_.bytes > limit) {
    return std::unexpected(
        Error(ErrorKind::Usage, (batch_.records == 1 ? "record" : "batch") + std::string(" of ") +
                                    std::to_string(batch_.bytes) + " bytes exceeds the pool's limit of " +
                                    std::to_string(view_.geometry.max_batch_bytes()) + " bytes")
            .with_path(handle_.path.string())
            .with_hint("One append takes at most a quarter of the ring: use a larger pool."));
  }
  return {};
}

void PoolWriter::prepare_bodies(std::span<const RecordView> records) {
  bodies_.resize(records.size());
  size_t tagged_bytes = 0;
  for (const RecordView& record : records)
    if (record.tags && !record.tags->empty())
      tagged_bytes += record.tags->bytes().size() + record.body.size();
  tagged_bodies_.clear();
  if (tagged_bytes > 0) tagged_bodies_.reserve(tagged_bytes);  // so that views into it stay valid
  for (size_t i = 0; i < records.size(); ++i) {
    const RecordView& record = records[i];
    std::string_view body = record.body;
    uint8_t flags = 0;
    if (record.tags && !record.tags->empty()) {
      const size_t begin = tagged_bodies_.size();
      tagged_bodies_ += record.tags->bytes();
      tagged_bodies_ += record.body;
      body = std::string_view(tagged_bodies_).substr(begin);
      flags = kFrameTags;
    }
    bodies_[i] = {body, crc32c_padded(kCrc32cInit, body), flags};
  }
}

// Its holder may sit on a file that somebody removed.
Error PoolWriter::why_not_locked(Error error) {
  auto present = handle_.check_present_slowly();
  return present ? std::move(error) : std::move(present.error());
}

Result<PoolWriter::Published> PoolWriter::append_locked(const AppendOptions& options) {
  for (;;) {
    Deadline deadline(handle_.lock_timeout);
    uint64_t seen_gen = 0;
    {
      auto lock = WriterLock::acquire(handle_, deadline);
      if (!lock) return std::unexpected(why_not_locked(std::move(lock.error())));
      const timespec locked_at = utc_now();
      if (auto present = handle_.check_present_slowly(locked_at.tv_sec); !present)
        return std::unexpected(std::move(present.error()));
      const auto commit = view_.read_commit();
      if (!commit) return std::unexpected(handle_.corrupt_error("live page is damaged"));
      const LivePage& live = *view_.live;
      // Readers would take the records for damaged.
      if (std::max(commit->last_time, load_relaxed(live.attempt_time)) >= kMaxTime ||
          commit->head + batch_.bytes > kMaxCount / 2 ||
          commit->next_seq + batch_.records > kMaxCount / 2)
        return std::unexpected(handle_.corrupt_error("live page is damaged"));
      seen_gen = load_acquire(live.anchor_gen);
      const AppendPlan plan = plan_append({.head = commit->head,
                                           .tail = view_.tail(),
                                           .next_seq = commit->next_seq,
                                           .pos_limit = load_acquire(live.pos_limit),
                                           .seq_limit = load_acquire(live.seq_limit)},
                                          batch_, view_.geometry.ring_size, view_.sync_window,
                                          view_.seq_window);
      if (plan.verdict != AppendVerdict::reserve_first)
        return write_batch(*commit, plan, options, to_ns(locked_at));
    }
    if (auto reserved = reserve(handle_, seen_gen); !reserved)
      return std::unexpected(std::move(reserved.error()));
  }
}

// None: no checkpoint in this batch.
Result<std::optional<uint32_t>> PoolWriter::choose_checkpoint_slot(const CommitView& commit,
                                                                   const AppendOptions& options) {
  if (!options.checkpoint) return std::nullopt;
  const auto slot = find_checkpoint_slot(view_, commit.checkpoint_sel, options.checkpoint->name);
  if (!slot) {
    return std::unexpected(
        Error(ErrorKind::Usage, "all checkpoint slots of the pool are taken")
            .with_path(handle_.path.string())
            .with_hint("Pools from 1M on have 32 named checkpoints, the smallest 4."));
  }
  checkpoint_body_ = encode_checkpoint_body(*slot, *options.checkpoint);
  return slot;
}

// Strictly above every time given out, also to attempts that died: frames of two attempts at the same
// position can then never be taken for one batch.
uint64_t PoolWriter::begin_attempt(const CommitView& commit, uint64_t now_ns) {
  LivePage& live = *view_.live;
  store_release(live.writing, uint64_t{1});  // pairs with WriterLock::acquire
  probe(Step::writing_set, view_.base);
  const uint64_t time =
      std::max({now_ns, commit.last_time + 1, load_relaxed(live.attempt_time) + 1});
  if (!is_off(Protection::unique_attempt_time)) store_relaxed(live.attempt_time, time);
  probe(Step::attempt_time_stored, view_.base);
  return time;
}

void PoolWriter::make_room(const AppendPlan& plan, uint64_t head) {
  if (plan.verdict != AppendVerdict::retire) return;
  store_release(view_.live->tail, tail_from(view_, plan.retire_to, head));  // pairs with Cursor (re-check)
}

// Writer lock held. Returns having published, or having changed nothing that readers see but the tail.
Result<PoolWriter::Published> PoolWriter::write_batch(const CommitView& commit,
                                                      const AppendPlan& plan,
                                                      const AppendOptions& options,
                                                      uint64_t now_ns) {
  const auto slot = choose_checkpoint_slot(commit, options);
  if (!slot) return std::unexpected(slot.error());
  const uint64_t time = begin_attempt(commit, now_ns);
  const CommitView next{
      .head = plan.new_head,
      .next_seq = commit.next_seq + batch_.records,
      .last_time = time,
      .checkpoint_sel = commit.checkpoint_sel ^ (*slot ? uint32_t{1} << **slot : 0)};
  if (is_off(Protection::publish_order)) publish(commit, next);

  if (!is_off(Protection::retire_before_reuse)) make_room(plan, commit.head);
  probe(Step::tail_retired, view_.base);
  write_frames(commit.head, commit.next_seq, time, slot->has_value());
  probe(Step::frames_written, view_.base);
  if (is_off(Protection::retire_before_reuse)) make_room(plan, commit.head);
  write_index(commit.next_seq);
  probe(Step::index_written, view_.base);
  const auto write_checkpoint = [&] {
    if (*slot)
      store_checkpoint(view_, commit.checkpoint_sel, **slot,
                       make_checkpoint_slot(options.checkpoint->name, options.checkpoint->value,
                                            plan.new_head));
  };
  if (!is_off(Protection::checkpoint_in_batch)) write_checkpoint();
  probe(Step::checkpoint_written, view_.base);

  if (handle_.file.faulted()) return std::unexpected(handle_.truncated_error());
  if (!is_off(Protection::publish_order)) publish(commit, next);
  if (is_off(Protection::checkpoint_in_batch)) write_checkpoint();
  finish_attempt();
  return Published{.receipt = {.first_seq = commit.next_seq,
                               .count = batch_.records,
                               .time_ns = static_cast<int64_t>(time)},
                   .head = plan.new_head,
                   .reserve_anew = plan.crosses_half_window,
                   .anchor_gen = load_acquire(view_.live->anchor_gen)};
}

void PoolWriter::finish_attempt() {
  Event event(handle_.wait_page->event);
  if (event.signal()) event.wake_all();
  probe(Step::woken, view_.base);
  store_release(view_.live->writing, uint64_t{0});  // pairs with WriterLock::acquire
  probe(Step::writing_cleared, view_.base);
}

// Notes which of the frames begin a bucket of the index.
void PoolWriter::write_frames(uint64_t position, uint64_t first_seq, uint64_t time,
                              bool has_checkpoint) {
  bucket_begins_.clear();
  Ring ring = view_.ring;
  uint64_t offset = ring.offset_of(position);
  uint64_t lap = position / ring.size();
  const auto put = [&](std::string_view body, uint32_t body_crc, uint8_t flags, uint64_t seq) {
    const FrameWords frame =
        make_frame(view_.crc_seed, flags, static_cast<uint32_t>(body.size()), seq, time, position,
                   lap, body_crc);
    ring.copy_in_at(offset, frame.words, body);
    position += frame.size();
    const uint64_t next = ring.step(offset, frame.size());
    if (next <= offset) ++lap;
    offset = next;
  };
  const uint8_t end_of_checkpoint = bodies_.empty() ? kFrameEnd : 0;
  if (has_checkpoint)
    put(checkpoint_body_, crc32c_padded(kCrc32cInit, checkpoint_body_),
        kFrameCheckpoint | kFrameBegin | end_of_checkpoint, first_seq);
  for (size_t i = 0; i < bodies_.size(); ++i) {
    uint8_t flags = bodies_[i].flags;
    if (i == 0 && !has_checkpoint) flags |= kFrameBegin;
    if (i + 1 == bodies_.size()) flags |= kFrameEnd;
    if (i == bodies_.size() / 2) probe(Step::frames_half_written, view_.base);
    if ((first_seq + i) % kIndexStride == 0) bucket_begins_.push_back(position);
    put(bodies_[i].bytes, bodies_[i].crc, flags, first_seq + i);
  }
}

// The slot of a bucket of 32 sequences names the position of its first record.
void PoolWriter::write_index(uint64_t first_seq) {
  uint64_t seq = (first_seq + kIndexStride - 1) / kIndexStride * kIndexStride;
  for (const uint64_t position : bucket_begins_) {
    store_release(view_.index[view_.slot_of(seq)], position);  // pairs with seek
    seq += kIndexStride;
  }
}

// The record that is not current, then head: the one store that makes everything visible.
void PoolWriter::publish(const CommitView& commit, const CommitView& next) {
  LivePage& live = *view_.live;
  CommitRecord& other = live.commit[load_relaxed(live.commit[0].head) == commit.head ? 1 : 0];
  const CommitRecord record = make_commit_record(view_.crc_seed, next);
  store_release(other.next_seq, record.next_seq);  // pairs with PoolView::read_commit, like the next three
  store_release(other.last_time, record.last_time);
  store_release(other.sel_and_crc, record.sel_and_crc);
  store_release(other.head, record.head);
  probe(Step::commit_written, view_.base);
  store_release(live.head, next.head);  // pairs with PoolView::head
  probe(Step::published, view_.base);
}

}  // namespace

Result<AppendReceipt> Pool::append_batch(std::span<const RecordView> records,
                                         const AppendOptions& options) {
  for (;;) {
    const auto current = handle();
    auto receipt = PoolWriter(*current).append(records, options);
    // NotFound: nothing was appended to this file, another may have taken its place.
    const bool gone = !receipt && receipt.error().kind() == ErrorKind::NotFound;
    if (!gone || handle() == current) return receipt;
  }
}

}  // namespace plasmite
