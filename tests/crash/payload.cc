#include "tests/crash/payload.h"

#include <charconv>
#include <cstring>

namespace plasmite::crash {
namespace {

// {"w":"02","r":"0000001f","n":"00000000000004d2","c":"04","i":"01","f":"...","d":"<16 digits>"}
constexpr std::string_view kTemplate =
    R"({"w":"00","r":"00000000","n":"0000000000000000","c":"00","i":"00","f":")";
constexpr std::string_view kBeforeDigest = R"(","d":")";
constexpr std::string_view kEnd = R"("})";
constexpr size_t kWriterAt = 6, kRunAt = 15, kNumberAt = 30, kCountAt = 53, kIndexAt = 62;
static_assert(kTemplate.size() + kBeforeDigest.size() + 16 + kEnd.size() == kPayloadFixedBytes);

void put_hex(char* at, uint64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value >>= 4) at[i] = "0123456789abcdef"[value & 15];
}

bool get_hex(std::string_view body, size_t at, size_t digits, uint64_t& value) {
  const char* begin = body.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + digits, value, 16);
  return error == std::errc() && end == begin + digits;
}

uint64_t mix(uint64_t h, uint64_t word) {
  h = (h ^ word) * 0x9FB21C651E98DF25;
  return h ^ (h >> 29);
}

uint64_t digest_of(std::string_view text) {
  uint64_t h = text.size();
  while (text.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, text.data(), 8);
    h = mix(h, word);
    text.remove_prefix(8);
  }
  uint64_t word = 0;
  std::memcpy(&word, text.data(), text.size());
  return mix(h, word);
}

}  // namespace

uint64_t PayloadId::digest() const {
  return mix(mix(mix(writer + 1, run), number), uint64_t{batch_count} << 32 | batch_index);
}

void build_payload(std::string& out, const PayloadId& id, size_t filling) {
  const size_t filled = kTemplate.size() + filling;
  out.resize(kPayloadFixedBytes + filling);
  char* const at = out.data();
  std::memcpy(at, kTemplate.data(), kTemplate.size());
  put_hex(at + kWriterAt, id.writer, 2);
  put_hex(at + kRunAt, id.run, 8);
  put_hex(at + kNumberAt, id.number, 16);
  put_hex(at + kCountAt, id.batch_count, 2);
  put_hex(at + kIndexAt, id.batch_index, 2);
  uint64_t x = id.digest();
  for (size_t i = kTemplate.size(); i < filled; i += 8) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    const uint64_t letters = (x & 0x0F0F0F0F0F0F0F0F) + 0x4141414141414141;  // A..P
    std::memcpy(at + i, &letters, std::min<size_t>(8, filled - i));
  }
  std::memcpy(at + filled, kBeforeDigest.data(), kBeforeDigest.size());
  put_hex(at + filled + kBeforeDigest.size(), digest_of({at, filled}), 16);
  std::memcpy(at + filled + kBeforeDigest.size() + 16, kEnd.data(), kEnd.size());
}

std::optional<PayloadId> parse_payload(std::string_view body) {
  if (body.size() < kPayloadFixedBytes) return std::nullopt;
  const size_t filled = body.size() - (kPayloadFixedBytes - kTemplate.size());
  uint64_t writer, run, number, count, index, digest;
  if (!get_hex(body, kWriterAt, 2, writer) || !get_hex(body, kRunAt, 8, run) ||
      !get_hex(body, kNumberAt, 16, number) || !get_hex(body, kCountAt, 2, count) ||
      !get_hex(body, kIndexAt, 2, index) ||
      !get_hex(body, filled + kBeforeDigest.size(), 16, digest))
    return std::nullopt;
  if (digest != digest_of(body.substr(0, filled))) return std::nullopt;
  if (body.substr(filled, kBeforeDigest.size()) != kBeforeDigest || !body.ends_with(kEnd))
    return std::nullopt;
  return PayloadId{.writer = static_cast<uint32_t>(writer),
                   .run = static_cast<uint32_t>(run),
                   .number = number,
                   .batch_count = static_cast<uint32_t>(count),
                   .batch_index = static_cast<uint32_t>(index)};
}

}  // namespace plasmite::crash
