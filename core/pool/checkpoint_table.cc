#include "core/pool/checkpoint_table.h"

#include <algorithm>
#include <cstring>

namespace plasmite {
namespace {

constexpr size_t kSlotWords = sizeof(CheckpointSlot) / 8;

uint64_t slot_crc(const CheckpointSlot& slot) {
  uint64_t words[kSlotWords];
  std::memcpy(words, &slot, sizeof(words));
  return crc32c_words(kCrc32cInit, words, kSlotWords - 1);
}

CheckpointSlot load_slot(const CheckpointSlot& shared) {
  uint64_t words[kSlotWords];
  crc32c_copy_shared(0, words, reinterpret_cast<const uint64_t*>(&shared), kSlotWords);
  CheckpointSlot slot;
  std::memcpy(&slot, words, sizeof(slot));
  return slot;
}

std::string_view name_of(const CheckpointSlot& slot) { return {slot.name, slot.name_len}; }

}  // namespace

CheckpointSlot make_checkpoint_slot(std::string_view name, std::string_view value, uint64_t head) {
  CheckpointSlot slot{};
  slot.head = head;
  slot.name_len = static_cast<uint16_t>(name.size());
  slot.value_len = static_cast<uint16_t>(value.size());
  std::copy(name.begin(), name.end(), slot.name);
  std::copy(value.begin(), value.end(), slot.value);
  slot.crc = slot_crc(slot);
  return slot;
}

bool valid_checkpoint(const CheckpointSlot& slot) {
  return slot.name_len > 0 && slot.name_len <= kCheckpointNameBytes &&
         slot.value_len <= kCheckpointValueBytes && slot.crc == slot_crc(slot);
}

std::optional<uint32_t> find_checkpoint_slot(const PoolView& view, uint32_t checkpoint_sel,
                                             std::string_view name) {
  std::optional<uint32_t> free_slot;
  for (uint32_t slot = 0; slot < view.geometry.checkpoint_slots; ++slot) {
    const CheckpointSlot& current = view.checkpoints[2 * slot + (checkpoint_sel >> slot & 1)];
    if (!valid_checkpoint(current)) {
      if (!free_slot) free_slot = slot;
    } else if (name_of(current) == name) {
      return slot;
    }
  }
  return free_slot;
}

uint32_t store_checkpoint(const PoolView& view, uint32_t checkpoint_sel, uint32_t slot,
                          const CheckpointSlot& content) {
  const uint32_t selected = checkpoint_sel ^ (uint32_t{1} << slot);
  uint64_t words[kSlotWords];
  std::memcpy(words, &content, sizeof(words));
  auto* to = reinterpret_cast<uint64_t*>(&view.checkpoints[2 * slot + (selected >> slot & 1)]);
  for (size_t i = 0; i < kSlotWords; ++i) store_release(to[i], words[i]);  // pairs with load_slot
  return selected;
}

void discard_unpublished_checkpoints(const PoolView& view, uint32_t checkpoint_sel, uint64_t head) {
  for (uint32_t slot = 0; slot < view.geometry.checkpoint_slots; ++slot) {
    CheckpointSlot& other = view.checkpoints[2 * slot + (~checkpoint_sel >> slot & 1)];
    if (load_relaxed(other.head) > head) store_release(other.crc, UINT64_MAX);
  }
}

std::vector<CheckpointSlot> load_checkpoints(const PoolView& view, uint32_t checkpoint_sel) {
  std::vector<CheckpointSlot> slots(view.geometry.checkpoint_slots);
  for (uint32_t slot = 0; slot < slots.size(); ++slot) {
    const CheckpointSlot current =
        load_slot(view.checkpoints[2 * slot + (checkpoint_sel >> slot & 1)]);
    if (valid_checkpoint(current)) slots[slot] = current;
  }
  return slots;
}

Result<std::vector<Checkpoint>> read_checkpoints(const PoolView& view) {
  // Two publishes after a commit record was read its copies may be rewritten: then head has moved.
  for (;;) {
    const auto commit = view.read_commit();
    if (!commit) return std::unexpected(Error(ErrorKind::Corrupt, "live page is damaged"));
    std::vector<Checkpoint> checkpoints;
    for (const CheckpointSlot& slot : load_checkpoints(view, commit->checkpoint_sel)) {
      if (slot.name_len == 0) continue;
      checkpoints.push_back(
          {std::string(name_of(slot)), std::string(slot.value, slot.value_len), slot.head});
    }
    if (view.head() == commit->head) return checkpoints;
  }
}

std::string encode_checkpoint_body(uint32_t slot, const CheckpointView& checkpoint) {
  const CheckpointBody fixed{.slot = static_cast<uint16_t>(slot),
                             .name_len = static_cast<uint16_t>(checkpoint.name.size()),
                             .value_len = static_cast<uint16_t>(checkpoint.value.size()),
                             .reserved = 0};
  std::string body(reinterpret_cast<const char*>(&fixed), sizeof(fixed));
  body += checkpoint.name;
  body += checkpoint.value;
  return body;
}

std::optional<DecodedCheckpoint> decode_checkpoint_body(std::string_view body, uint32_t slots) {
  CheckpointBody fixed;
  if (body.size() < sizeof(fixed)) return std::nullopt;
  std::memcpy(&fixed, body.data(), sizeof(fixed));
  body.remove_prefix(sizeof(fixed));
  if (fixed.slot >= slots || fixed.name_len == 0 || fixed.name_len > kCheckpointNameBytes ||
      fixed.value_len > kCheckpointValueBytes ||
      body.size() != size_t{fixed.name_len} + fixed.value_len)
    return std::nullopt;
  return DecodedCheckpoint{fixed.slot, body.substr(0, fixed.name_len), body.substr(fixed.name_len)};
}

}  // namespace plasmite
