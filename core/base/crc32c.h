// CRC32C (Castagnoli, reflected polynomial 0x82F63B78, as in RFC 3720), by the processor where it can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plasmite {

inline constexpr uint32_t kCrc32cInit = 0xFFFFFFFF;

// Continues `crc` over `words`, least significant byte first. No final inversion: callers that want
// the standard value start with kCrc32cInit and invert the result.
uint32_t crc32c_words(uint32_t crc, const uint64_t* words, size_t count);

// Continues `crc` over `bytes`, as if padded with zero bytes to a multiple of 8.
uint32_t crc32c_padded(uint32_t crc, std::string_view bytes);

// The standard CRC32C of `bytes` (init and final inversion included), any length.
uint32_t crc32c(std::string_view bytes);

// Copies words out of shared memory (acquire loads: see shared_word.h) and continues `crc` over them in
// the same pass.
uint32_t crc32c_copy_shared(uint32_t crc, uint64_t* to, const uint64_t* shared, size_t count);

// For tests: the same without the processor's instruction.
uint32_t crc32c_words_portable(uint32_t crc, const uint64_t* words, size_t count);

}  // namespace plasmite
