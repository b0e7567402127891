#include "core/pool/ring.h"

#include <cstring>

#include "core/base/padded_word.h"

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
  if (whole != text.size()) store_at(step(offset, whole), last_padded_word(text));
}

// Almost no frame wraps, and then there is one place to store to, not one for each word.
void Ring::copy_in_at(uint64_t offset, const std::array<uint64_t, 4>& head, std::string_view text) {
  const uint64_t whole = text.size() / 8;
  if (offset + sizeof(head) + 8 * (whole + 1) > size_) {
    for (uint64_t i = 0; i < head.size(); ++i) store_at(step(offset, 8 * i), head[i]);
    return copy_in_at(step(offset, sizeof(head)), text);
  }
  uint64_t* to = words_ + offset / 8;
  for (const uint64_t word : head) store_release(*to++, word);  // pairs with crc32c_copy_shared
  store_words(to, text.data(), whole);
  if (text.size() % 8 != 0) store_release(to[whole], last_padded_word(text));
}

}  // namespace plasmite
