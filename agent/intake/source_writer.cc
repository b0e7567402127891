#include "agent/intake/source_writer.h"

#include <algorithm>
#include <span>
#include <utility>

#include "agent/intake/pool_patience.h"
#include "agent/intake/reject_pool.h"
#include "agent/output/json_writer.h"

namespace plasmite {
namespace {

// No source can say anything in less.
constexpr size_t kLeastRecordBytes = 512;
// Stored bytes of one, with two cursors in it.
constexpr size_t kMostGapBytes = 2048;

Error too_small_error(const Pool& pool) {
  return Error(ErrorKind::Usage, "pool is too small for the records of the source")
      .with_path(pool.path().string())
      .with_hint("Give the pool a larger size, or the source fewer and shorter tags.");
}

JsonWriter& string_or_null(JsonWriter& json, const std::string& text) {
  return text.empty() ? json.null() : json.string(text);
}

}  // namespace

struct SourceWriter::State {
  explicit State(const SourceContext& given) : context(given), patience(given) {}

  Result<void> open();
  void move_to(std::shared_ptr<Pool> other);
  bool bear(const Error& error);
  void settle(std::span<const RecordView> batch);
  void refuse(const RecordView& record);
  bool is_ours(const RecordView& record) const { return record.tags == &lifecycle_tags; }

  const SourceContext& context;
  PoolPatience patience;
  std::shared_ptr<Pool> pool;
  TagBlock tags;
  TagBlock lifecycle_tags;   // of the records that are ours: they are known by its address
  uint64_t batch_limit = 0;  // of the pool
  size_t max_record_bytes = 0;
  uint64_t times_reopened = 0;
  bool gave_up = false;
  std::optional<Appender> appender;
  SourceTotals unsettled;  // goes into the report with the next batch
  bool has_unsettled = false;
  std::optional<int64_t> last_event_ns;
};

Result<void> SourceWriter::State::open() {
  auto encoded = TagBlock::encode(context.config.tags);
  if (!encoded) return std::unexpected(std::move(encoded.error()));
  tags = std::move(*encoded);
  lifecycle_tags = *TagBlock::encode({"lifecycle"});
  auto opened = patience.open();
  if (!opened) return std::unexpected(std::move(opened.error()));
  move_to(std::move(*opened));
  if (max_record_bytes < kLeastRecordBytes) return std::unexpected(too_small_error(*pool));
  appender.emplace(
      *pool, AppenderOptions{
                 .durability = context.durability,
                 .on_publish = [this] { context.report.await_pool(); },
                 .on_committed = [this](const AppendReceipt&,
                                        std::span<const RecordView> batch) { settle(batch); },
                 .on_failure = [this](const Error& error) { return !(gave_up = !bear(error)); },
                 .on_refused = [this](const RecordView& record) { refuse(record); }});
  return {};
}

void SourceWriter::State::move_to(std::shared_ptr<Pool> other) {
  constexpr size_t kHeaderAndRoundingBytes = 40;
  if (appender) appender->move_to(*other);
  pool = std::move(other);
  batch_limit = pool->max_batch_bytes();
  const uint64_t taken = tags.bytes().size() + kHeaderAndRoundingBytes;
  max_record_bytes = std::min<uint64_t>(batch_limit > taken ? batch_limit - taken : 0,
                                        context.config.max_record_bytes);
}

// In the middle of a commit. True: it is to go on.
bool SourceWriter::State::bear(const Error& error) {
  if (error.kind() == ErrorKind::Usage) {
    // The pool may have been made smaller: then what it cannot take now is refused, and the rest
    // stored.
    const uint64_t before = batch_limit;
    move_to(pool);
    return batch_limit < before;
  }
  std::shared_ptr<Pool> reopened;
  if (!patience.bear(error, reopened)) return false;
  if (reopened) {
    move_to(std::move(reopened));
    ++times_reopened;
  }
  return true;
}

void SourceWriter::State::settle(std::span<const RecordView> batch) {
  patience.over();
  SourceTotals totals = std::exchange(unsettled, {});
  has_unsettled = false;
  for (const RecordView& record : batch) {
    if (is_ours(record)) continue;
    ++totals.stored;
    totals.stored_bytes += record.body.size();
  }
  context.report.settle(totals, last_event_ns);
}

void SourceWriter::State::refuse(const RecordView& record) {
  if (is_ours(record)) return;
  ++unsettled.rejected[static_cast<size_t>(RejectReason::refused)];
  has_unsettled = true;
  if (context.rejects != nullptr)
    context.rejects->keep(context.config.name, RejectReason::refused, record.body);
}

Result<std::unique_ptr<SourceWriter>> SourceWriter::open(const SourceContext& context) {
  auto state = std::make_unique<State>(context);
  if (auto opened = state->open(); !opened) return std::unexpected(std::move(opened.error()));
  return std::unique_ptr<SourceWriter>(new SourceWriter(std::move(state)));
}

SourceWriter::SourceWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
SourceWriter::~SourceWriter() = default;

Appender& SourceWriter::appender() { return *state_->appender; }
Pool& SourceWriter::pool() { return *state_->pool; }
uint64_t SourceWriter::times_reopened() const { return state_->times_reopened; }
TextArena& SourceWriter::arena() { return state_->appender->arena(); }
const TagBlock& SourceWriter::tags() const { return state_->tags; }
size_t SourceWriter::max_record_bytes() const { return state_->max_record_bytes; }

Result<void> SourceWriter::add(JsonText text) { return state_->appender->add(text, &state_->tags); }

bool SourceWriter::fits(JsonText text, size_t gaps) const {
  return state_->appender->fits(text, &state_->tags, gaps * kMostGapBytes);
}

void SourceWriter::add_gap(const SourceGap& gap) {
  JsonWriter json;
  json.begin_object().key("count").number_or_null(gap.count);
  string_or_null(json.key("from"), gap.from).key("kind").string("gap");
  json.key("reason").string(gap.reason).key("source").string(state_->context.config.name);
  string_or_null(json.key("to"), gap.to).end_object();
  add_lifecycle(json.text());
  count_gap();
  if (gap.reason != "overflow") state_->unsettled.lost += gap.count.value_or(0);
}

void SourceWriter::count_gap() {
  ++state_->unsettled.gaps;
  state_->has_unsettled = true;
}

void SourceWriter::add_lifecycle(std::string_view json) {
  const auto text = JsonText::from_encoder(arena().copy(json));
  (void)state_->appender->add(text, &state_->lifecycle_tags);
}

void SourceWriter::count_rejected(RejectReason reason, uint64_t count) {
  state_->unsettled.rejected[static_cast<size_t>(reason)] += count;
  state_->has_unsettled = true;
}

void SourceWriter::count_own_log(uint64_t count) {
  state_->unsettled.own_log += count;
  state_->has_unsettled = true;
}

bool SourceWriter::gave_up() const { return state_->gave_up; }
bool SourceWriter::full() const { return state_->appender->full(); }
bool SourceWriter::empty() const { return state_->appender->empty() && !state_->has_unsettled; }

void SourceWriter::set_while_blocked(std::function<void()> look) {
  state_->patience.set_while_blocked(std::move(look));
}

Result<void> SourceWriter::commit(std::optional<CheckpointView> checkpoint,
                                  std::optional<int64_t> last_event_ns) {
  state_->last_event_ns = last_event_ns;
  auto committed = state_->appender->commit(checkpoint);
  state_->last_event_ns.reset();
  if (!committed) return committed;
  if (checkpoint) state_->context.report.set_checkpoint(checkpoint->value);
  // Nothing was published, or something was refused at the very end.
  if (state_->has_unsettled) state_->settle({});
  return {};
}

Result<std::string> SourceWriter::stored_checkpoint(std::string_view name) const {
  auto found = state_->pool->checkpoint(name);
  if (!found) return std::unexpected(std::move(found.error()));
  return *found ? (*found)->value : std::string();
}

}  // namespace plasmite
