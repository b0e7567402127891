#include "agent/commands/follow_where.h"

#include "agent/output/json_writer.h"
#include "agent/output/notice.h"
#include "core/base/check.h"
#include "core/filter/rounded_number.h"
#include "core/record/json_escape.h"

namespace plasmite {
namespace {

// Enough that waking the other process costs little beside the work, little enough to wait for.
constexpr size_t kMostMessages = 512;
constexpr size_t kMostBytes = 64u << 10;

}  // namespace

void WhereStage::tell_rounded_numbers(const std::vector<std::string>& programs) const {
  for (const std::string& program : programs) {
    const auto number = first_rounded_number(program);
    if (!number) continue;
    JsonWriter details;
    details.begin_object().key("used").string(number->used).key("where").string(program);
    details.key("written").string(number->written).end_object();
    print_notice(color_,
                 {.command = "follow",
                  .kind = "where_number",
                  .message = "jq computes with " + number->used + " for " + number->written +
                             " in --where: it cannot tell it from its "
                             "neighbours.",
                  .pool = ref_,
                  .details_json = details.text()});
  }
}

bool WhereStage::is_full() const {
  return held_count_ >= kMostMessages || held_bytes_ >= kMostBytes;
}

void WhereStage::name_pool(size_t pool, std::string name) {
  if (pool >= pools_.size()) pools_.resize(pool + 1);
  pools_[pool].json.clear();
  append_json_string_lossy(pools_[pool].json, name);
  pools_[pool].name = std::move(name);
}

void WhereStage::put(const MessageView& message, size_t pool) {
  if (!holds_any()) {
    held_count_ = taken_ = held_bytes_ = 0;
    verdicts_.clear();
  }
  PLASMITE_CHECK(taken_ == 0);
  if (held_count_ == held_.size()) held_.emplace_back();
  const size_t index = held_count_++;
  held_[index].pool = pool;
  Message& held = held_[index].message;
  held.seq = message.seq;
  held.time_ns = message.time_ns;
  held.tag_bytes.assign(message.tags.bytes());
  held.body.assign(message.body);
  held_bytes_ += message.body.size();
  text_.clear();
  envelope_.append_message(text_, message, pools_.empty() ? std::string_view() : pools_[pool].json);
  filter_.add(index, text_);  // sequences of several pools would not tell them apart
}

WhereStage::Judged WhereStage::take() {
  const size_t index = taken_++;
  return {.message = held_[index].message.view(),
          .pool = held_[index].pool,
          .matches = verdicts_[index] == FilterVerdict::match};
}

Result<bool> WhereStage::wait(Clock::time_point deadline) {
  if (has_verdict()) return true;
  auto verdicts = filter_.judge(deadline);
  tell_first_error();
  if (!verdicts) return std::unexpected(at_message(std::move(verdicts.error())));
  verdicts_.insert(verdicts_.end(), verdicts->begin(), verdicts->end());
  return !verdicts->empty();
}

// The filter knows messages by their place here.
Error WhereStage::at_message(Error error) const {
  if (!error.seq() || *error.seq() >= held_count_) return error;
  const auto& [message, pool] = held_[*error.seq()];
  error = std::move(error).with_seq(message.seq);
  if (!pools_.empty()) error = std::move(error).with_cause("in pool " + pools_[pool].name);
  return error;
}

void WhereStage::tell_first_error() {
  const auto error = filter_.take_first_error();
  if (!error) return;
  const auto& [message, pool] = held_[error->seq];
  JsonWriter details;
  details.begin_object().key("error").string(error->text).key("seq").number(message.seq);
  details.key("where").string(error->program).end_object();
  print_notice(color_, {.command = "follow",
                        .kind = "where_error",
                        .message = "A message on which --where fails does not match. Message " +
                                   std::to_string(message.seq) + " was the first: " + error->text,
                        .pool = pools_.empty() ? ref_ : pools_[pool].name,
                        .details_json = details.text()});
}

}  // namespace plasmite
