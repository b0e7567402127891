#include "core/pool/ring.h"

#include <cstring>

namespace plasmite {

static void store_words(uint64_t* to, const char* from, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t word;
    std::memcpy(&word, from + 8 * i, 8);
    store_release(to[i], word);  // pairs with crc32c_copy_shared
  }
}

void Ring::copy_in_at(uint64_t offset, std::string_view text) {
  const uint64_t whole = text.size() / 8 * 8;
  const auto span = ring_span<uint64_t>(offset, whole, size_);
  store_words(words_ + span.first_offset / 8, text.data(), span.first_bytes / 8);
  if (span.second_bytes != 0)
    store_words(words_, text.data() + span.first_bytes, span.second_bytes / 8);
  if (whole == text.size()) return;
  uint64_t last = 0;
  std::memcpy(&last, text.data() + whole, text.size() - whole);
  store_at(step(offset, whole), last);
}

}  // namespace plasmite
