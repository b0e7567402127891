#include "tests/crash/pool_watch.h"

#include <algorithm>
#include <cinttypes>

#include "core/pool/doctor.h"
#include "tests/crash/stream_check.h"

namespace plasmite::crash {

Result<void> PoolWatch::create() {
  auto created = Pool::create(setup_.path, {.size_bytes = setup_.size_bytes});
  if (!created) return std::unexpected(std::move(created.error()));
  auto opened = Pool::open(setup_.path);
  if (!opened) return std::unexpected(std::move(opened.error()));
  pool_.emplace(std::move(*opened));
  const auto info = pool_->info();
  if (!info) return std::unexpected(info.error());
  ring_size_ = info->ring_size;
  return {};
}

void PoolWatch::acknowledged(int writer, const Acknowledgement& acknowledgement) {
  for (uint32_t i = 0; i < acknowledgement.count; ++i) {
    const Kept kept{.seq = acknowledgement.first_seq + i,
                    .number = acknowledgement.first_number + i,
                    .run = acknowledgement.run,
                    .writer = static_cast<uint32_t>(writer)};
    const PayloadId id{.writer = kept.writer,
                       .run = kept.run,
                       .number = kept.number,
                       .batch_count = acknowledgement.count,
                       .batch_index = i};
    if (!shared_.pools[number_].sequences.agree(kept.seq, id.digest()))
      shared_.failures.report(Failure::repeated,
                              "pool %d: acknowledged sequence %" PRIu64
                              " was given to another record",
                              number_, kept.seq);
    kept_[kept.seq % kKept] = kept;
  }
  const uint64_t last_seq = acknowledgement.first_seq + acknowledgement.count - 1;
  newest_acknowledged_ = std::max(newest_acknowledged_, last_seq);
  if (writer == kSource) {
    if (acknowledgement.first_number <= source_acknowledged_)
      shared_.failures.report(Failure::repeated, "pool %d: source sent number %" PRIu64 " again",
                              number_, acknowledgement.first_number);
    source_acknowledged_ = acknowledgement.first_number + acknowledgement.count - 1;
  }
  records_acknowledged_ += acknowledgement.count;
  bytes_acknowledged_ += acknowledgement.stored_bytes;
}

uint64_t PoolWatch::next_seq() const {
  const auto info = pool_->info();
  return info ? info->next_seq : 0;
}

void PoolWatch::verify(bool source_is_dead) {
  verify_last_acknowledged();
  uint64_t committed = 0;
  if (source_is_dead) {
    const auto checkpoint = pool_->checkpoint(kSourceCheckpoint);
    if (!checkpoint) report_error(shared_.failures, "checkpoint", checkpoint.error());
    committed = parse_source_checkpoint(checkpoint);
  }
  const auto info = pool_->info();
  if (!info) return report_error(shared_.failures, "info", info.error());
  const uint64_t newest = info->next_seq - 1;
  if (newest < newest_acknowledged_)
    shared_.failures.report(Failure::lost,
                            "pool %d: %" PRIu64 " was acknowledged, newest is %" PRIu64, number_,
                            newest_acknowledged_, newest);
  auto cursor = pool_->cursor(Start::oldest());
  if (!cursor) return report_error(shared_.failures, "cursor", cursor.error());
  StreamCheck check(*pool_, shared_.pools[number_], shared_.failures, "parent", StreamState());
  uint64_t last_of_source = 0;
  uint64_t last_seq = 0;
  while (last_seq < newest) {
    auto message = cursor->next();
    if (!message) return report_error(shared_.failures, "verify", message.error());
    if (!*message) break;
    last_seq = (*message)->seq;
    const auto gap = cursor->take_gap();
    const auto id = check.next(**message, gap);
    if (gap) last_of_source = 0;  // it may have been in there
    if (!id) continue;
    const Kept& kept = kept_[last_seq % kKept];
    if (kept.seq == last_seq &&
        (kept.number != id->number || kept.run != id->run || kept.writer != id->writer))
      shared_.failures.report(Failure::repeated,
                              "pool %d: %" PRIu64 " is not what was acknowledged", number_,
                              last_seq);
    if (id->writer == kSource) last_of_source = id->number;
  }
  if (last_seq < newest)
    shared_.failures.report(Failure::lost, "pool %d: reading ends at %" PRIu64 " before %" PRIu64,
                            number_, last_seq, newest);
  if (source_is_dead) verify_source(committed, last_of_source);
}

// By another path than the scan: the lookup.
void PoolWatch::verify_last_acknowledged() {
  if (newest_acknowledged_ == 0) return;
  const Kept kept = kept_[newest_acknowledged_ % kKept];
  const auto message = pool_->get(kept.seq);
  if (message) {
    const auto id = parse_payload(message->body);
    if (!id)
      shared_.failures.report(Failure::torn, "pool %d: get(%" PRIu64 ") is torn", number_,
                              kept.seq);
    else if (id->number != kept.number || id->run != kept.run || id->writer != kept.writer)
      shared_.failures.report(Failure::repeated, "pool %d: get(%" PRIu64 ") is another record",
                              number_, kept.seq);
    return;
  }
  const auto info = pool_->info();
  const ErrorKind kind = message.error().kind();
  const bool retired = (kind == ErrorKind::RetentionGap || kind == ErrorKind::NotFound) && info &&
                       (!info->oldest_seq || *info->oldest_seq > kept.seq);
  if (!retired)
    shared_.failures.report(Failure::lost, "pool %d: get(%" PRIu64 "): %s", number_, kept.seq,
                            message.error().message().c_str());
}

void PoolWatch::verify_source(uint64_t committed, uint64_t last_seen) {
  if (committed < source_acknowledged_)
    shared_.failures.report(Failure::repeated,
                            "pool %d: checkpoint %" PRIu64 " is behind acknowledged %" PRIu64,
                            number_, committed, source_acknowledged_);
  if (last_seen != 0 && committed != last_seen)
    shared_.failures.report(committed > last_seen ? Failure::lost : Failure::repeated,
                            "pool %d: checkpoint %" PRIu64 ", last record %" PRIu64, number_,
                            committed, last_seen);
}

void PoolWatch::examine() {
  const auto report = examine_pool(setup_.path);
  if (!report) return report_error(shared_.failures, "doctor", report.error());
  for (const DoctorIssue& issue : report->issues)
    shared_.failures.report(Failure::torn, "pool %d: doctor: %s", number_, issue.message.c_str());
}

void PoolWatch::remove() {
  if (pool_) pool_.reset();
  if (const auto removed = Pool::remove(setup_.path); !removed)
    report_error(shared_.failures, "remove", removed.error());
}

}  // namespace plasmite::crash
