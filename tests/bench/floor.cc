#include "tests/bench/floor.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "core/record/json_text.h"
#include "tests/bench/process.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#endif

namespace plasmite::bench {
namespace {

#if defined(__x86_64__)
#define PLASMITE_BENCH_CRC_TARGET __attribute__((target("sse4.2")))
PLASMITE_BENCH_CRC_TARGET inline uint64_t crc_word(uint64_t crc, uint64_t word) {
  return _mm_crc32_u64(crc, word);
}
#elif defined(__aarch64__)
#define PLASMITE_BENCH_CRC_TARGET __attribute__((target("crc")))
PLASMITE_BENCH_CRC_TARGET inline uint64_t crc_word(uint64_t crc, uint64_t word) {
  return __crc32cd(static_cast<uint32_t>(crc), word);
}
#else
#error "floors need a CRC32C instruction; add one for this processor"
#endif

}  // namespace

// Eight bytes at a time; the rest as one word that is filled up with zeros.
PLASMITE_BENCH_CRC_TARGET uint32_t crc32c(std::string_view bytes) {
  uint64_t crc = 0xffffffff;
  uint64_t word = 0;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  for (; end - at >= 8; at += 8) {
    std::memcpy(&word, at, 8);
    crc = crc_word(crc, word);
  }
  if (const size_t rest = bytes.size() % 8; rest != 0) {
    if (bytes.size() > 8) {
      std::memcpy(&word, end - 8, 8);
      word >>= 8 * (8 - rest);
    } else {
      word = 0;
      std::memcpy(&word, at, rest);
    }
    crc = crc_word(crc, word);
  }
  return ~static_cast<uint32_t>(crc);
}

FloorParser::FloorParser() : parser_(kMaxRecordBytes) {
  if (parser_.allocate(kMaxRecordBytes, kMaxJsonDepth) != simdjson::SUCCESS) std::abort();
}

FloorRing::FloorRing(uint64_t size_bytes) : size_(size_bytes) {
  void* memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("mmap");
    std::abort();
  }
  data_ = static_cast<char*>(memory);
}

FloorRing::~FloorRing() { munmap(data_, size_); }

void FloorWriter::flush() {
  failed_ = failed_ || !write_all(fd_, buffer_);
  buffer_.clear();
}

size_t FloorLines::read_behind(size_t held) {
  const ssize_t got = ::read(fd_, buffer_.data() + held, kReadBytes - held);
  return got > 0 ? static_cast<size_t>(got) : 0;
}

}  // namespace plasmite::bench
