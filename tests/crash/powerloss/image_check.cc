#include "tests/crash/powerloss/image_check.h"

#include <algorithm>

namespace plasmite::crash {

std::optional<Survivors> ImageCheck::check(const Pool& pool) {
  if (!read_all(pool)) return std::nullopt;
  totals_.records_compared += shown_.size();
  identify_all();
  check_continuity();
  check_edges();
  check_required();
  check_times();
  check_checkpoints(pool);
  check_info(pool);
  if (!places_.empty()) survivors_.front_index = places_.front().index;
  for (const Place& place : places_) {
    if (is_open_attempt(place.batch))
      survivors_.attempt = place.batch;
    else if (survivors_.shown.empty() || survivors_.shown.back() != place.batch)
      survivors_.shown.push_back(place.batch);
  }
  // Batches without records after the newest shown one may be there, too.
  survivors_.order_count =
      std::min(static_cast<size_t>(newest_shown() + 1), snapshot_.order.size());
  while (survivors_.order_count < snapshot_.order.size() &&
         oracle_.batch(snapshot_.order[survivors_.order_count]).bodies.empty())
    ++survivors_.order_count;
  return survivors_;
}

bool ImageCheck::read_all(const Pool& pool) {
  auto cursor = pool.cursor(Start::oldest());
  if (!cursor) {
    fail(Broken::open_failures, "cursor: " + cursor.error().message());
    return false;
  }
  for (;;) {
    const auto message = cursor->next();
    if (!message) {
      fail(Broken::open_failures, "read: " + message.error().message());
      return false;
    }
    if (!*message) return true;
    const MessageView& view = **message;
    shown_.push_back({view.seq, view.time_ns, std::string(view.body), cursor->take_gap()});
  }
}

void ImageCheck::identify_all() {
  for (const ShownRecord& record : shown_) identify(record);
}

void ImageCheck::identify(const ShownRecord& record) {
  const std::string seq = std::to_string(record.seq);
  const auto id = parse_body(record.body);
  const bool known = id && id->batch < snapshot_.states.size() &&
                     id->index < oracle_.batch(id->batch).bodies.size() &&
                     oracle_.batch(id->batch).bodies[id->index] == record.body;
  if (!known) return fail(Broken::torn, "sequence " + seq + " is not what anybody wrote");
  const Batch& batch = oracle_.batch(id->batch);
  const BatchState state = snapshot_.states[id->batch];
  const std::string name = "record " + std::to_string(id->index) + " of batch " +
                           std::to_string(id->batch) + " as sequence " + seq;
  if (record.seq != batch.first_seq + id->index)
    return fail(Broken::seq_reused,
                name + " instead of " + std::to_string(batch.first_seq + id->index));
  if (state == BatchState::gone) return fail(Broken::torn, name + " came back");
  if (state == BatchState::planned) return fail(Broken::torn, name + " before it was appended");
  if (state == BatchState::attempted && !is_open_attempt(id->batch)) {
    const bool taken = record.seq <= snapshot_.max_visible_seq;
    return fail(taken ? Broken::seq_reused : Broken::torn, name + " of an attempt that died");
  }
  if (batch.time_ns != 0 && batch.time_ns != record.time_ns)
    return fail(Broken::torn, name + " with another time");
  places_.push_back({id->batch, id->index});
}

// What must follow `place`. None: nothing can.
std::optional<ImageCheck::Place> ImageCheck::successor(const Place& place,
                                                       uint32_t shown_batch) const {
  if (place.index + 1 < oracle_.batch(place.batch).bodies.size())
    return Place{place.batch, place.index + 1};
  if (is_open_attempt(place.batch)) return std::nullopt;
  for (size_t i = static_cast<size_t>(order_index(place.batch)) + 1; i < snapshot_.order.size();
       ++i)
    if (!oracle_.batch(snapshot_.order[i]).bodies.empty()) return Place{snapshot_.order[i], 0};
  if (is_open_attempt(shown_batch)) return Place{shown_batch, 0};
  return std::nullopt;
}

void ImageCheck::check_continuity() {
  for (size_t i = 1; i < places_.size(); ++i) {
    const auto due = successor(places_[i - 1], places_[i].batch);
    if (due && due->batch == places_[i].batch && due->index == places_[i].index) continue;
    fail(Broken::torn, "record " + std::to_string(places_[i].index) + " of batch " +
                           std::to_string(places_[i].batch) + " after record " +
                           std::to_string(places_[i - 1].index) + " of batch " +
                           std::to_string(places_[i - 1].batch));
  }
}

// Only retirement may cut a batch, and only at its front.
void ImageCheck::check_edges() {
  if (places_.empty()) return;
  const Place& first = places_.front();
  if (first.index > 0 && !may_be_retired(first.batch, first.index - 1))
    fail(Broken::torn, "batch " + std::to_string(first.batch) + " is cut at its front");
  const Place& last = places_.back();
  if (last.index + 1 != oracle_.batch(last.batch).bodies.size())
    fail(Broken::torn, "batch " + std::to_string(last.batch) + " is cut at its end");
}

void ImageCheck::check_required() {
  for (const uint32_t id : snapshot_.order) {
    const bool durable = snapshot_.states[id] == BatchState::durable;
    if (!durable && !facts_.clean) continue;
    const Batch& batch = oracle_.batch(id);
    // Salvage keeps whole batches only: of one that was never flushed the rest goes with its front.
    if (!durable && !batch.bodies.empty() && may_be_retired(id, 0)) continue;
    for (size_t index = 0; index < batch.bodies.size(); ++index) {
      if (may_be_retired(id, index)) continue;
      const bool is_shown = std::any_of(places_.begin(), places_.end(), [&](const Place& place) {
        return place.batch == id && place.index == index;
      });
      if (is_shown) continue;
      fail(durable ? Broken::flushed_lost : Broken::clean_lost,
           "record " + std::to_string(index) + " of batch " + std::to_string(id) + ", sequence " +
               std::to_string(batch.first_seq + index) + ", is missing; " +
               std::to_string(shown_.size()) + " records shown; it began at " +
               std::to_string(batch.record_begin(index)) + ", written up to " +
               std::to_string(snapshot_.attempt_end) + ", ring of " +
               std::to_string(snapshot_.ring_size));
      return;
    }
  }
}

void ImageCheck::check_times() {
  for (size_t i = 1; i < shown_.size(); ++i) {
    const ShownRecord& before = shown_[i - 1];
    const ShownRecord& record = shown_[i];
    if (record.time_ns < before.time_ns)
      fail(Broken::gap_wrong, "time goes back at " + std::to_string(record.seq));
    const bool jumps = record.seq != before.seq + 1;
    const bool told = record.gap && record.gap->cause == Gap::Cause::power_loss &&
                      record.gap->first == before.seq + 1 && record.gap->last == record.seq - 1;
    if (jumps ? !told : record.gap.has_value())
      fail(Broken::gap_wrong, "gap before " + std::to_string(record.seq) + " is not told right");
  }
}

void ImageCheck::check_info(const Pool& pool) {
  const auto info = pool.info();
  if (!info) return fail(Broken::open_failures, "info: " + info.error().message());
  survivors_.next_seq = info->next_seq;
  if (info->next_seq <= snapshot_.max_visible_seq)
    fail(Broken::seq_reused, "next sequence " + std::to_string(info->next_seq) + ", but " +
                                 std::to_string(snapshot_.max_visible_seq) + " was visible");
  const std::optional<uint64_t> oldest =
      shown_.empty() ? std::nullopt : std::optional(shown_.front().seq);
  const std::optional<uint64_t> newest =
      shown_.empty() ? std::nullopt : std::optional(shown_.back().seq);
  if (info->oldest_seq != oldest || info->newest_seq != newest)
    fail(Broken::gap_wrong, "info says " + std::to_string(info->oldest_seq.value_or(0)) + ".." +
                                std::to_string(info->newest_seq.value_or(0)) + ", shown are " +
                                std::to_string(oldest.value_or(0)) + ".." +
                                std::to_string(newest.value_or(0)));
}

void ImageCheck::check_appending(Pool& pool) {
  auto cursor = pool.cursor(Start::newest());
  const std::string bodies[2] = {R"({"after":"the power loss"})", R"({"and":"another"})"};
  const RecordView records[2] = {{.body = bodies[0]}, {.body = bodies[1]}};
  const auto receipt = pool.append_batch(
      records, {.durability = Durability::flush,
                .checkpoint = CheckpointView{.name = "source-0", .value = "after"}});
  if (!receipt) return fail(Broken::open_failures, "append: " + receipt.error().message());
  const uint64_t last_seq = shown_.empty() ? 0 : shown_.back().seq;
  if (receipt->first_seq <= snapshot_.max_visible_seq || receipt->first_seq <= last_seq)
    fail(Broken::seq_reused, "appended as " + std::to_string(receipt->first_seq) + ", but " +
                                 std::to_string(std::max(snapshot_.max_visible_seq, last_seq)) +
                                 " was visible");
  if (!shown_.empty() && receipt->time_ns <= shown_.back().time_ns)
    fail(Broken::gap_wrong, "time of an append after recovery is not above the records'");
  const auto checkpoint = pool.checkpoint("source-0");
  if (!checkpoint || !*checkpoint || (*checkpoint)->value != "after")
    fail(Broken::checkpoint_wrong, "a checkpoint set after recovery does not read back");
  // A reader that stood behind the last record learns exactly what it cannot have.
  auto behind = pool.cursor(shown_.empty() ? Start::oldest() : Start::at_seq(last_seq + 1));
  if (!behind) return fail(Broken::open_failures, "cursor: " + behind.error().message());
  const auto message = behind->next();
  const auto gap = behind->take_gap();
  if (!message || !*message || (*message)->body != bodies[0] ||
      (*message)->seq != receipt->first_seq)
    return fail(Broken::torn, "an append after recovery does not read back");
  if (shown_.empty()) return;
  const bool jumps = receipt->first_seq != last_seq + 1;
  const bool told = gap && gap->cause == Gap::Cause::power_loss && gap->first == last_seq + 1 &&
                    gap->last == receipt->first_seq - 1;
  if (jumps ? !told : gap.has_value())
    fail(Broken::gap_wrong, "the jump to " + std::to_string(receipt->first_seq) + " is not told");
}

bool ImageCheck::may_be_retired(uint32_t id, size_t index) const {
  return snapshot_.may_be_retired(id, index, oracle_.batch(id).record_begin(index),
                                  facts_.recovery_slack);
}

bool ImageCheck::is_open_attempt(uint32_t id) const {
  return std::find(snapshot_.open_attempts.begin(), snapshot_.open_attempts.end(), id) !=
         snapshot_.open_attempts.end();
}

int ImageCheck::order_index(uint32_t id) const {
  const auto found = std::find(snapshot_.order.begin(), snapshot_.order.end(), id);
  return static_cast<int>(found - snapshot_.order.begin());
}

int ImageCheck::newest_shown() const {
  if (places_.empty()) return -1;
  return order_index(places_.back().batch);
}

}  // namespace plasmite::crash
