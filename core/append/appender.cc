#include "core/append/appender.h"

#include <algorithm>
#include <string>

namespace plasmite {
namespace {

Error too_large_error(const Pool& pool, const RecordView& record, uint64_t limit) {
  return Error(ErrorKind::Usage, "record of " + std::to_string(record.body.size()) +
                                     " bytes exceeds what this pool takes (" +
                                     std::to_string(limit) + " bytes with overhead)")
      .with_path(pool.path().string())
      .with_hint("Create the pool larger: a record may have a quarter of its ring.");
}

}  // namespace

Appender::Appender(Pool& pool, AppenderOptions options) : options_(std::move(options)) {
  move_to(pool);
}

void Appender::move_to(Pool& pool) {
  pool_ = &pool;
  record_limit_ = pool.max_batch_bytes();
  batch_limit_ = std::min(kBatchBytes, record_limit_);
}

Result<void> Appender::add(JsonText text, const TagBlock* tags) {
  const uint64_t stored = Pool::stored_bytes(pending_.emplace_back(text.view(), tags));
  if (stored > record_limit_) {
    const RecordView record = pending_.back();
    pending_.pop_back();
    return std::unexpected(too_large_error(*pool_, record, record_limit_));
  }
  pending_bytes_ += stored;
  return {};
}

Result<void> Appender::commit(const std::optional<CheckpointView>& checkpoint) {
  Result<void> result;
  if (!pending_.empty() || checkpoint) result = publish_all(checkpoint);
  pending_.clear();
  pending_bytes_ = 0;
  arena_.clear();
  return result;
}

Result<void> Appender::publish_all(const std::optional<CheckpointView>& checkpoint) {
  Result<void> all_synced;
  std::span<const RecordView> rest = pending_;
  bool is_within_limit = pending_bytes_ <= record_limit_;  // nearly always
  while (!rest.empty() || checkpoint) {
    const size_t count = is_within_limit ? rest.size() : count_within_limit(rest);
    if (count == 0 && !rest.empty()) {  // the limit was another in add()
      if (!options_.on_refused)
        return std::unexpected(too_large_error(*pool_, rest.front(), record_limit_));
      options_.on_refused(rest.front());
      rest = rest.subspan(1);
      continue;
    }
    const bool is_last = count == rest.size();
    const auto batch = rest.first(count);
    if (options_.on_publish) options_.on_publish();
    // The sync comes later, as a step of its own: when it fails the records are visible already,
    // and to append them again would store them twice.
    AppendOptions options{.durability = Durability::fast};
    if (is_last && checkpoint) options.checkpoint.emplace(*checkpoint);
    const auto receipt = pool_->append_batch(batch, options);
    if (!receipt) {
      if (!try_again(receipt.error())) return std::unexpected(receipt.error());
      is_within_limit = false;  // the limit may be another now
      continue;
    }
    // Whatever becomes of the sync, the others are published too: the error says that they are.
    if (auto synced = acknowledge(*receipt, batch); !synced) all_synced = std::move(synced);
    if (is_last) break;
    rest = rest.subspan(count);
  }
  return all_synced;
}

size_t Appender::count_within_limit(std::span<const RecordView> records) const {
  size_t count = 0;
  for (uint64_t bytes = 0; count < records.size(); ++count) {
    bytes += Pool::stored_bytes(records[count]);
    if (bytes > record_limit_) break;
  }
  return count;
}

Result<void> Appender::acknowledge(const AppendReceipt& receipt,
                                   std::span<const RecordView> batch) {
  if (options_.durability == Durability::flush) {
    for (auto synced = pool_->flush(); !synced; synced = pool_->flush()) {
      if (!try_again(synced.error())) return synced;
    }
  }
  records_committed_ += receipt.count;
  for (const RecordView& record : batch) bytes_committed_ += record.body.size();
  if (options_.on_committed) options_.on_committed(receipt, batch);
  return {};
}

bool Appender::try_again(const Error& error) {
  if (options_.on_failure) return options_.on_failure(error);
  // The pool may have been made smaller: then what is pending goes into it in smaller batches.
  if (error.kind() != ErrorKind::Usage || pool_->max_batch_bytes() >= record_limit_) return false;
  move_to(*pool_);
  return true;
}

}  // namespace plasmite
