// Frame headers: encoding, and the checks that need no look at other frames.
#pragma once

#include <array>
#include <cstdint>

#include "core/base/crc32c.h"
#include "core/pool/pool_format.h"

namespace plasmite {

// A frame header as four words, the way it travels through the ring.
struct FrameWords {
  std::array<uint64_t, 4> words;

  uint8_t flags() const { return static_cast<uint8_t>(words[0]); }
  uint32_t magic() const { return static_cast<uint32_t>(words[0]); }
  uint32_t body_len() const { return static_cast<uint32_t>(words[0] >> 32); }
  uint64_t seq() const { return words[1]; }
  uint64_t time() const { return words[2]; }
  uint32_t lap() const { return static_cast<uint32_t>(words[3]); }
  uint32_t crc() const { return static_cast<uint32_t>(words[3] >> 32); }

  bool is_control() const { return (flags() & kFrameControl) != 0; }
  uint64_t size() const { return frame_bytes(body_len()); }

  // Magic and known flags; says nothing about the rest.
  bool has_magic() const {
    return (magic() & kFrameMagicMask) == kFrameMagic && (flags() & ~kFrameKnownFlags) == 0;
  }
};

// The part of every frame CRC that never changes: the pool's id. Compute once per open pool.
inline uint32_t frame_crc_seed(const uint8_t (&pool_id)[16]) {
  uint64_t words[2];
  __builtin_memcpy(words, pool_id, sizeof(words));
  return crc32c_words(kCrc32cInit, words, 2);
}

// `body_crc` is crc32c_padded(kCrc32cInit, body). It comes before the header's words: then every bit of
// body, header and CRC has a place of its own in one long CRC codeword, and any error of few bits is
// found. After them, a bit of the body and one of the header could cancel each other out.
inline uint32_t frame_crc(uint32_t seed, const FrameWords& frame, uint64_t position,
                          uint32_t body_crc) {
  const uint64_t words[5] = {body_crc, frame.words[0], frame.words[1], frame.words[2], position};
  return crc32c_words(seed, words, 5);
}

inline FrameWords make_frame(uint32_t seed, uint8_t flags, uint32_t body_len, uint64_t seq,
                             uint64_t time, uint64_t position, uint64_t lap, uint32_t body_crc) {
  FrameWords frame{
      {uint64_t{kFrameMagic | flags} | uint64_t{body_len} << 32, seq, time, 0}};
  const uint32_t crc = frame_crc(seed, frame, position, body_crc);
  frame.words[3] = static_cast<uint32_t>(lap) | uint64_t{crc} << 32;
  return frame;
}

}  // namespace plasmite
