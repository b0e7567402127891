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

// Bytes from `at` on that stand for themselves in a JSON string: ASCII but for quotes, backslashes
// and control characters. Anything else is rare and goes one by one.
size_t plain_bytes(std::string_view text, size_t at) {
  const size_t begin = at;
#if defined(__x86_64__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i space = _mm_set1_epi8(' ');
  for (; at + 16 <= text.size(); at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    // Signed: below ' ' are the control characters and everything beyond ASCII.
    const __m128i special =
        _mm_or_si128(_mm_cmplt_epi8(bytes, space),
                     _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    if (const int mask = _mm_movemask_epi8(special); mask != 0)
      return at - begin + static_cast<size_t>(__builtin_ctz(static_cast<unsigned>(mask)));
  }
#endif
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') break;
    ++at;
  }
  return at - begin;
}

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

char* floor_escape(char* out, std::string_view text) {
  bool ascii = true;
  for (size_t at = 0; at < text.size();) {
    const size_t plain = plain_bytes(text, at);
    std::memcpy(out, text.data() + at, plain);
    out += plain;
    at += plain;
    if (at == text.size()) break;
    const auto byte = static_cast<unsigned char>(text[at++]);
    if (byte == '"' || byte == '\\') {
      *out++ = '\\';
      *out++ = static_cast<char>(byte);
    } else if (byte < 0x20) {
      out += std::snprintf(out, 7, "\\u%04x", byte);
    } else {
      *out++ = static_cast<char>(byte);
      ascii = false;
    }
  }
  return ascii || simdjson::validate_utf8(text.data(), text.size()) ? out : nullptr;
}

}  // namespace plasmite::bench
