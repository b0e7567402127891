// Texts as words of eight bytes, the last one filled up with zeros: how bodies lie in a ring and how
// their checksums are made.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace plasmite {

// The last `bytes.size() % 8` bytes, which are some, as a word with zeros behind them. Not copied one by
// one: a memcpy of unknown length is a call, and this is done twice for every record.
inline uint64_t last_padded_word(std::string_view bytes) {
  const size_t rest = bytes.size() % 8;
  uint64_t word = 0;
  if (bytes.size() < 8) {
    std::memcpy(&word, bytes.data(), rest);
    return word;
  }
  std::memcpy(&word, bytes.data() + bytes.size() - 8, 8);
  return word >> (8 * (8 - rest));
}

}  // namespace plasmite
