#include "core/append/appender.h"

#include <algorithm>
#include <string>

namespace plasmite {

Appender::Appender(Pool& pool, AppenderOptions options)
    : pool_(pool),
      options_(std::move(options)),
      batch_limit_(std::min(kBatchBytes, pool.max_batch_bytes())),
      record_limit_(pool.max_batch_bytes()) {}

Result<void> Appender::add(JsonText text, const TagBlock* tags) {
  const RecordView record{.body = text.view(), .tags = tags};
  const uint64_t stored = Pool::stored_bytes(record);
  if (stored > record_limit_) {
    return std::unexpected(
        Error(ErrorKind::Usage, "record of " + std::to_string(text.view().size()) +
                                    " bytes exceeds what this pool takes (" +
                                    std::to_string(record_limit_) + " bytes with overhead)")
            .with_path(pool_.path().string())
            .with_hint("Create the pool larger: a record may have a quarter of its ring."));
  }
  pending_.push_back(record);
  pending_bytes_ += stored;
  return {};
}

Result<void> Appender::commit(std::optional<CheckpointView> checkpoint) {
  Result<void> result;
  if (pending_bytes_ > record_limit_) {
    result = commit_in_parts(checkpoint);
  } else if (!pending_.empty() || checkpoint) {
    result = publish(pending_, checkpoint);
  }
  pending_.clear();
  pending_bytes_ = 0;
  arena_.clear();
  return result;
}

Result<void> Appender::commit_in_parts(std::optional<CheckpointView> checkpoint) {
  size_t begin = 0;
  uint64_t bytes = 0;
  for (size_t i = 0; i < pending_.size(); ++i) {
    const uint64_t stored = Pool::stored_bytes(pending_[i]);
    if (bytes + stored > record_limit_) {
      auto published = publish(std::span(pending_).subspan(begin, i - begin), std::nullopt);
      if (!published) return published;
      begin = i;
      bytes = 0;
    }
    bytes += stored;
  }
  return publish(std::span(pending_).subspan(begin), checkpoint);
}

Result<void> Appender::publish(std::span<const RecordView> batch,
                               std::optional<CheckpointView> checkpoint) {
  auto receipt =
      pool_.append_batch(batch, {.durability = options_.durability, .checkpoint = checkpoint});
  if (!receipt) return std::unexpected(std::move(receipt.error()));
  records_committed_ += receipt->count;
  for (const RecordView& record : batch) bytes_committed_ += record.body.size();
  if (options_.on_committed) options_.on_committed(*receipt, batch);
  return {};
}

}  // namespace plasmite
