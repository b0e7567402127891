#include "tests/crash/powerloss/oracle.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace plasmite::crash {
namespace {

uint64_t round_up_to_word(uint64_t bytes) { return (bytes + 7) / 8 * 8; }

}  // namespace

std::string checkpoint_name(int which) { return "source-" + std::to_string(which); }

uint64_t Batch::checkpoint_bytes() const {
  if (checkpoint < 0) return 0;
  const uint64_t text =
      checkpoint_name(checkpoint).size() + std::to_string(checkpoint_number).size();
  return 32 + round_up_to_word(8 + text);
}

uint64_t Batch::record_begin(size_t index) const {
  uint64_t at = begin + checkpoint_bytes();
  for (size_t i = 0; i < index; ++i) at += Pool::stored_bytes({.body = bodies[i]});
  return at;
}

uint64_t Batch::bytes() const { return record_begin(bodies.size()) - begin; }

std::string make_body(uint32_t id, size_t index, size_t length) {
  char head[64];
  const int bytes =
      std::snprintf(head, sizeof(head), R"({"b":"%08x","i":"%04zx","f":")", id, index);
  std::string body(head, static_cast<size_t>(bytes));
  uint64_t x = (uint64_t{id} << 20 | index) * 0x9E3779B97F4A7C15 + 1;
  while (body.size() + 2 < length) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    body += static_cast<char>('a' + x % 26);
  }
  return body + "\"}";
}

std::optional<BodyId> parse_body(std::string_view body) {
  if (body.size() < 32 || !body.starts_with(R"({"b":")")) return std::nullopt;
  BodyId id{};
  const auto number = [&](size_t at, size_t digits, auto& into) {
    const char* begin = body.data() + at;
    const auto [end, error] = std::from_chars(begin, begin + digits, into, 16);
    return error == std::errc() && end == begin + digits;
  };
  if (!number(6, 8, id.batch) || !number(21, 4, id.index)) return std::nullopt;
  return id;
}

uint32_t Oracle::plan(Batch batch) {
  batches_.push_back(std::move(batch));
  now_.states.push_back(BatchState::planned);
  return static_cast<uint32_t>(batches_.size() - 1);
}

void Oracle::attempt(uint32_t id) {
  Batch& batch = batches_[id];
  batch.first_seq = next_seq_;
  batch.begin = now_.position;
  batch.end = batch.begin + batch.bytes();
  now_.attempt_end = std::max(now_.attempt_end, batch.end);
  // Again after others published, if it had to reserve space first.
  auto& attempts = now_.open_attempts;
  if (std::find(attempts.begin(), attempts.end(), id) == attempts.end()) attempts.push_back(id);
  now_.states[id] = BatchState::attempted;
}

void Oracle::publish(uint32_t id) {
  const Batch& batch = batches_[id];
  now_.states[id] = BatchState::published;
  now_.order.push_back(id);
  // Whoever tried before at this place can no longer be recovered, and must not be.
  now_.open_attempts.clear();
  now_.position = batch.end;
  next_seq_ += batch.bodies.size();
  now_.max_visible_seq = std::max(now_.max_visible_seq, next_seq_ - 1);
}

void Oracle::make_durable(size_t count) {
  for (size_t i = 0; i < count; ++i) now_.states[now_.order[i]] = BatchState::durable;
}

void Oracle::adopt(const Survivors& survivors) {
  std::vector<uint32_t> order;
  for (size_t i = 0; i < survivors.order_count; ++i) {
    const uint32_t id = now_.order[i];
    const bool shown =
        std::find(survivors.shown.begin(), survivors.shown.end(), id) != survivors.shown.end();
    if (shown || batches_[id].bodies.empty()) order.push_back(id);
  }
  if (survivors.attempt) order.push_back(*survivors.attempt);
  for (BatchState& state : now_.states) state = BatchState::gone;
  for (const uint32_t id : order) now_.states[id] = BatchState::durable;
  now_.order = std::move(order);
  now_.base_order = now_.order.size();
  now_.front_batch =
      survivors.shown.empty() ? std::nullopt : std::optional(survivors.shown.front());
  now_.front_index = survivors.front_index;
  now_.open_attempts.clear();
  now_.base_checkpoints = survivors.checkpoints;
  now_.position = now_.attempt_end = survivors.position;
  next_seq_ = survivors.next_seq;
  now_.max_visible_seq = std::max(now_.max_visible_seq, next_seq_ - 1);
}

}  // namespace plasmite::crash
