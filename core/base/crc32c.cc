#include "core/base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

#include "core/base/cpu_features.h"
#include "core/base/padded_word.h"
#include "core/base/shared_word.h"

namespace plasmite {
namespace {

constexpr std::array<std::array<uint32_t, 256>, 8> make_tables() {
  std::array<std::array<uint32_t, 256>, 8> tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82F63B78u : 0u);
    tables[0][i] = crc;
  }
  for (uint32_t i = 0; i < 256; ++i)
    for (size_t slice = 1; slice < 8; ++slice)
      tables[slice][i] = (tables[slice - 1][i] >> 8) ^ tables[0][tables[slice - 1][i] & 0xFF];
  return tables;
}

constexpr auto kTables = make_tables();

inline uint32_t step_portable(uint32_t crc, uint64_t word) {
  word ^= crc;
  uint32_t next = 0;
  for (unsigned slice = 0; slice < 8; ++slice)
    next ^= kTables[7 - slice][(word >> (8 * slice)) & 0xFF];
  return next;
}

uint32_t copy_shared_portable(uint32_t crc, uint64_t* to, const uint64_t* shared, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    to[i] = load_acquire(shared[i]);
    crc = step_portable(crc, to[i]);
  }
  return crc;
}

uint32_t padded_portable(uint32_t crc, std::string_view bytes) {
  for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    crc = step_portable(crc, word);
  }
  return bytes.size() % 8 == 0 ? crc : step_portable(crc, last_padded_word(bytes));
}

struct Functions {
  uint32_t (*words)(uint32_t, const uint64_t*, size_t);
  uint32_t (*padded)(uint32_t, std::string_view);
  uint32_t (*copy_shared)(uint32_t, uint64_t*, const uint64_t*, size_t);
};

#if defined(__x86_64__)
#define PLASMITE_CRC_TARGET __attribute__((target("sse4.2")))
PLASMITE_CRC_TARGET inline uint32_t step_hardware(uint32_t crc, uint64_t word) {
  return static_cast<uint32_t>(_mm_crc32_u64(crc, word));
}
bool have_hardware() { return cpu_has_sse42(); }
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#define PLASMITE_CRC_TARGET
inline uint32_t step_hardware(uint32_t crc, uint64_t word) { return __crc32cd(crc, word); }
bool have_hardware() { return true; }
#endif

#ifdef PLASMITE_CRC_TARGET
PLASMITE_CRC_TARGET uint32_t words_hardware(uint32_t crc, const uint64_t* words, size_t count) {
  for (size_t i = 0; i < count; ++i) crc = step_hardware(crc, words[i]);
  return crc;
}
PLASMITE_CRC_TARGET uint32_t padded_hardware(uint32_t crc, std::string_view bytes) {
  for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    crc = step_hardware(crc, word);
  }
  return bytes.size() % 8 == 0 ? crc : step_hardware(crc, last_padded_word(bytes));
}
PLASMITE_CRC_TARGET uint32_t copy_shared_hardware(uint32_t crc, uint64_t* to,
                                                  const uint64_t* shared, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    to[i] = load_acquire(shared[i]);
    crc = step_hardware(crc, to[i]);
  }
  return crc;
}
Functions choose() {
  if (have_hardware()) return {words_hardware, padded_hardware, copy_shared_hardware};
  return {crc32c_words_portable, padded_portable, copy_shared_portable};
}
#else
Functions choose() { return {crc32c_words_portable, padded_portable, copy_shared_portable}; }
#endif

const Functions kFunctions = choose();

}  // namespace

uint32_t crc32c_words_portable(uint32_t crc, const uint64_t* words, size_t count) {
  for (size_t i = 0; i < count; ++i) crc = step_portable(crc, words[i]);
  return crc;
}

uint32_t crc32c_words(uint32_t crc, const uint64_t* words, size_t count) {
  return kFunctions.words(crc, words, count);
}

uint32_t crc32c_padded(uint32_t crc, std::string_view bytes) {
  return kFunctions.padded(crc, bytes);
}

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = crc32c_padded(kCrc32cInit, bytes.substr(0, bytes.size() / 8 * 8));
  for (unsigned char byte : bytes.substr(bytes.size() / 8 * 8))
    crc = (crc >> 8) ^ kTables[0][(crc ^ byte) & 0xFF];
  return ~crc;
}

uint32_t crc32c_copy_shared(uint32_t crc, uint64_t* to, const uint64_t* shared, size_t count) {
  return kFunctions.copy_shared(crc, to, shared, count);
}

}  // namespace plasmite
