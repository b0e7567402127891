// Records that know who they are: a JSON text with writer, run, number and place in its batch,
// random filling and a digest of everything before the digest. A text put together from two
// records, or cut, does not pass parse_payload().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plasmite::crash {

struct PayloadId {
  uint32_t writer = 0;
  uint32_t run = 0;     // which life of the writer; 0 for the checkpointed source, which has one
  uint64_t number = 0;  // 1, 2, 3, ... within a run
  uint32_t batch_count = 1;
  uint32_t batch_index = 0;

  // Distinguishes any two records of a pool.
  uint64_t digest() const;
  bool operator==(const PayloadId&) const = default;
};

inline constexpr size_t kPayloadFixedBytes = 96;

// Replaces `out` by the text of `id` with `filling` bytes of filling.
void build_payload(std::string& out, const PayloadId& id, size_t filling);

// None: these are not the bytes that build_payload() made.
std::optional<PayloadId> parse_payload(std::string_view body);

}  // namespace plasmite::crash
