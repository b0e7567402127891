#include "sources/text_escape.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace plasmite {
namespace {

// One block of text, looked at as a whole.
#ifdef __SSE2__

struct Block {
  static constexpr size_t kBytes = 16;
  static constexpr int kBitsPerByte = 1;  // in the masks

  explicit Block(const char* from)
      : bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))) {}
  void store(char* to) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes); }

  uint64_t special() const {
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return mask(_mm_or_si128(control, _mm_or_si128(quote, backslash)));
  }
  uint64_t non_ascii() const { return mask(bytes); }

  __m128i bytes;

 private:
  static uint64_t mask(__m128i high_bits) {
    return static_cast<uint32_t>(_mm_movemask_epi8(high_bits));
  }
};

#else

struct Block {
  static constexpr size_t kBytes = 8;
  static constexpr int kBitsPerByte = 8;

  explicit Block(const char* from) {
    std::memcpy(&bytes, from, kBytes);
    if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap64(bytes);
  }
  void store(char* to) const {
    uint64_t stored = bytes;
    if constexpr (std::endian::native == std::endian::big) stored = __builtin_bswap64(stored);
    std::memcpy(to, &stored, kBytes);
  }

  // Exact up to the first marked byte; a borrow may mark bytes behind it, and nobody looks there.
  uint64_t special() const {
    return below(bytes, 0x20) | below(bytes ^ every('"'), 1) | below(bytes ^ every('\\'), 1);
  }
  uint64_t non_ascii() const { return bytes & every(0x80); }

  uint64_t bytes;

 private:
  static constexpr uint64_t every(uint8_t byte) { return 0x0101010101010101u * byte; }
  static constexpr uint64_t below(uint64_t word, uint8_t limit) {
    return (word - every(limit)) & ~word & every(0x80);
  }
};

#endif

// Length of the escape of each byte: 1 for none.
constexpr std::array<uint8_t, 256> kEscapedLength = [] {
  std::array<uint8_t, 256> lengths{};
  lengths.fill(1);
  for (size_t control = 0; control < 0x20; ++control) lengths[control] = 6;
  for (const char named : {'"', '\\', '\b', '\t', '\n', '\f', '\r'})
    lengths[static_cast<uint8_t>(named)] = 2;
  return lengths;
}();

char* write_escape(char* out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<uint8_t>(c);
  *out++ = '\\';
  if (kEscapedLength[byte] == 2) {
    switch (c) {
      case '\b':
        *out++ = 'b';
        break;
      case '\t':
        *out++ = 't';
        break;
      case '\n':
        *out++ = 'n';
        break;
      case '\f':
        *out++ = 'f';
        break;
      case '\r':
        *out++ = 'r';
        break;
      default:
        *out++ = c;
    }
    return out;
  }
  std::memcpy(out, "u00", 3);
  out[3] = kHex[byte >> 4];
  out[4] = kHex[byte & 15];
  return out + 5;
}

}  // namespace

static_assert(kJsonPadding >= Block::kBytes && kEscapeSlack >= Block::kBytes);

EscapedText escape_text(char* out, PaddedText text) {
  const char* at = text.text.data();
  const char* const end = at + text.text.size();
  uint64_t non_ascii = 0;
  while (at < end) {
    const Block block(at);
    block.store(out);  // up to the first special byte this is the result already
    const size_t have = std::min(Block::kBytes, static_cast<size_t>(end - at));
    const int bits = static_cast<int>(have) * Block::kBitsPerByte;
    const uint64_t here = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
    non_ascii |= block.non_ascii() & here;
    const uint64_t special = block.special() & here;
    const size_t plain =
        special == 0 ? have : static_cast<size_t>(std::countr_zero(special) / Block::kBitsPerByte);
    at += plain;
    out += plain;
    if (special != 0) out = write_escape(out, *at++);
  }
  return {.end = out, .non_ascii = non_ascii != 0};
}

size_t escape_growth(std::string_view text, bool replaced) {
  size_t escaped = 0;
  size_t high = 0;
  for (const char c : text) {
    escaped += kEscapedLength[static_cast<uint8_t>(c)];
    high += static_cast<uint8_t>(c) >> 7;
  }
  return escaped - text.size() + (replaced ? 2 * high : 0);
}

}  // namespace plasmite
