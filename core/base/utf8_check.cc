#include "core/base/utf8_check.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include "core/base/cpu_features.h"

namespace plasmite {
namespace {

// The length of the well-formed character at the front; 0: there is none.
size_t character_length(const uint8_t* at, size_t have) {
  const uint8_t lead = at[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length > have) return 0;
  uint32_t code_point = lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((at[i] & 0xC0) != 0x80) return 0;
    code_point = code_point << 6 | (at[i] & 0x3F);
  }
  if (length == 3 && (code_point < 0x800 || (code_point & 0xF800) == 0xD800)) return 0;
  if (length == 4 && (code_point < 0x10000 || code_point > 0x10FFFF)) return 0;
  return length;
}

#if defined(__x86_64__)
#define PLASMITE_VECTOR __attribute__((target("sse4.2")))

// J. Keiser and D. Lemire, "Validating UTF-8 in less than one instruction per byte" (2021): every
// pair of neighbouring bytes is looked up by the first one's two halves and the second one's upper
// half. A kind of error is a bit, and is there where all three lookups have it.
enum PairError : uint8_t {
  kTooShort = 1 << 0,          // a lead byte without a continuation
  kTooLong = 1 << 1,           // ASCII with one
  kOverlong3 = 1 << 2,         // E0 80..9F
  kTooLarge = 1 << 3,          // F4 90 and above
  kSurrogate = 1 << 4,         // ED A0..BF
  kOverlong2 = 1 << 5,         // C0, C1
  kOverlong4 = 1 << 6,         // F0 80..8F; with F5.. in front, too large
  kTwoContinuations = 1 << 7,  // right where a third or fourth byte is due, checked apart
};
constexpr uint8_t kAnyLowHalf = kTooShort | kTooLong | kTwoContinuations;

PLASMITE_VECTOR inline __m128i table(const uint8_t (&entries)[16]) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(entries));
}

constexpr uint8_t kFirstHigh[16] = {kTooLong,
                                    kTooLong,
                                    kTooLong,
                                    kTooLong,
                                    kTooLong,
                                    kTooLong,
                                    kTooLong,
                                    kTooLong,  // 0..7
                                    kTwoContinuations,
                                    kTwoContinuations,
                                    kTwoContinuations,
                                    kTwoContinuations,                                  // 8..B
                                    kTooShort | kOverlong2,                             // C
                                    kTooShort,                                          // D
                                    kTooShort | kOverlong3 | kSurrogate,                // E
                                    kTooShort | kTooLarge | kOverlong4};                // F
constexpr uint8_t kFirstLow[16] = {kAnyLowHalf | kOverlong3 | kOverlong2 | kOverlong4,  // 0
                                   kAnyLowHalf | kOverlong2,                            // 1
                                   kAnyLowHalf,
                                   kAnyLowHalf,
                                   kAnyLowHalf | kTooLarge,  // 4
                                   kAnyLowHalf | kTooLarge | kOverlong4,
                                   kAnyLowHalf | kTooLarge | kOverlong4,
                                   kAnyLowHalf | kTooLarge | kOverlong4,
                                   kAnyLowHalf | kTooLarge | kOverlong4,
                                   kAnyLowHalf | kTooLarge | kOverlong4,
                                   kAnyLowHalf | kTooLarge | kOverlong4,
                                   kAnyLowHalf | kTooLarge | kOverlong4,
                                   kAnyLowHalf | kTooLarge | kOverlong4,
                                   kAnyLowHalf | kTooLarge | kOverlong4 | kSurrogate,  // D
                                   kAnyLowHalf | kTooLarge | kOverlong4,
                                   kAnyLowHalf | kTooLarge | kOverlong4};
constexpr uint8_t kContinuation = kTooLong | kOverlong2 | kTwoContinuations;
constexpr uint8_t kSecondHigh[16] = {kTooShort,
                                     kTooShort,
                                     kTooShort,
                                     kTooShort,
                                     kTooShort,
                                     kTooShort,
                                     kTooShort,
                                     kTooShort,                                // 0..7
                                     kContinuation | kOverlong3 | kOverlong4,  // 8
                                     kContinuation | kOverlong3 | kTooLarge,   // 9
                                     kContinuation | kSurrogate | kTooLarge,   // A
                                     kContinuation | kSurrogate | kTooLarge,   // B
                                     kTooShort,
                                     kTooShort,
                                     kTooShort,
                                     kTooShort};

// Not zero where a byte of `block`, behind those of `before`, makes an error.
PLASMITE_VECTOR inline __m128i errors_in(__m128i block, __m128i before) {
  const __m128i low_half = _mm_set1_epi8(0x0F);
  const __m128i one_back = _mm_alignr_epi8(block, before, 15);
  const __m128i first_high = _mm_and_si128(_mm_srli_epi16(one_back, 4), low_half);
  const __m128i second_high = _mm_and_si128(_mm_srli_epi16(block, 4), low_half);
  const __m128i pairs = _mm_and_si128(
      _mm_and_si128(_mm_shuffle_epi8(table(kFirstHigh), first_high),
                    _mm_shuffle_epi8(table(kFirstLow), _mm_and_si128(one_back, low_half))),
      _mm_shuffle_epi8(table(kSecondHigh), second_high));
  // The highest bit stays where a byte is due to be the third or fourth of a character.
  const __m128i third = _mm_subs_epu8(_mm_alignr_epi8(block, before, 14), _mm_set1_epi8(0x60));
  const __m128i fourth = _mm_subs_epu8(_mm_alignr_epi8(block, before, 13), _mm_set1_epi8(0x70));
  const __m128i due = _mm_and_si128(_mm_or_si128(third, fourth), _mm_set1_epi8(char(0x80)));
  return _mm_xor_si128(pairs, due);
}

PLASMITE_VECTOR bool is_utf8_vector(std::string_view bytes) {
  constexpr size_t kBlock = sizeof(__m128i);
  __m128i errors = _mm_setzero_si128();
  __m128i before = _mm_setzero_si128();
  const auto add = [&](__m128i block) PLASMITE_VECTOR {
    if (_mm_movemask_epi8(_mm_or_si128(block, before)) != 0)
      errors = _mm_or_si128(errors, errors_in(block, before));
    before = block;
  };
  size_t at = 0;
  for (; bytes.size() - at >= kBlock; at += kBlock)
    add(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at)));
  // At least one zero behind the end: a character that is cut off there is too short.
  char rest[kBlock] = {};
  std::memcpy(rest, bytes.data() + at, bytes.size() - at);
  add(_mm_loadu_si128(reinterpret_cast<const __m128i*>(rest)));
  return _mm_testz_si128(errors, errors) != 0;
}

using Check = bool (*)(std::string_view);
const Check kCheck = cpu_has_sse42() ? is_utf8_vector : is_utf8_portable;
#else
constexpr auto kCheck = is_utf8_portable;
#endif

}  // namespace

bool is_utf8_portable(std::string_view bytes) {
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  const uint8_t* const end = at + bytes.size();
  while (at < end) {
    uint64_t word;
    if (end - at >= static_cast<ptrdiff_t>(sizeof(word))) {
      std::memcpy(&word, at, sizeof(word));
      if ((word & 0x8080808080808080u) == 0) {
        at += sizeof(word);
        continue;
      }
    }
    const size_t length = character_length(at, static_cast<size_t>(end - at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

bool is_utf8(std::string_view bytes) { return kCheck(bytes); }

}  // namespace plasmite
