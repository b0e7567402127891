// A small pool, byte by byte, against an image built here from the numbers of spec/pool-format.md:
// nothing of core/pool is used to build it, not even its checksum.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "core/pool/pool.h"
#include "core/pool/pool_open.h"
#include "tests/support/must.h"
#include "tests/support/raw_pool.h"
#include "tests/support/scratch.h"

namespace plasmite {
namespace {

constexpr uint8_t kPoolId[16] = {0xC0, 0xFF, 0xEE, 0x00, 0x11, 0x22, 0x33, 0x44,
                                 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC};

// CRC32C, a bit at a time; without the final inversion, as frames and anchors use it.
uint32_t slow_crc(uint32_t crc, std::string_view bytes) {
  for (const unsigned char byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
  }
  return crc;
}

// Little-endian bytes at fixed offsets of an image that starts as zeros.
class Image {
 public:
  explicit Image(size_t bytes) : bytes_(bytes, '\0') {}

  void put(size_t at, std::string_view text) { bytes_.replace(at, text.size(), text); }
  void u16(size_t at, uint64_t value) { number(at, value, 2); }
  void u32(size_t at, uint64_t value) { number(at, value, 4); }
  void u64(size_t at, uint64_t value) { number(at, value, 8); }
  std::string_view part(size_t at, size_t length) const {
    return std::string_view(bytes_).substr(at, length);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void number(size_t at, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; ++i) bytes_[at + i] = static_cast<char>(value >> 8 * i & 0xFF);
  }
  std::string bytes_;
};

uint64_t u64_at(const std::string& bytes, size_t at) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i)
    value |= uint64_t{static_cast<unsigned char>(bytes[at + i])} << 8 * i;
  return value;
}

// The layout of a pool of 64 KiB.
constexpr size_t kLive = 0x1000;
constexpr size_t kWait = 0x2000;
constexpr size_t kAnchorA = 0x3000;
constexpr size_t kCheckpoints = 0x5000;
constexpr size_t kIndex = 0x6000;
constexpr size_t kRing = 0x7000;
constexpr size_t kLastPage = 0xF000;
constexpr uint64_t kRingSize = 0x8000;
constexpr uint64_t kSyncWindow = 256u << 20;
constexpr uint64_t kSeqWindow = 4u << 20;

std::string_view pool_id() { return {reinterpret_cast<const char*>(kPoolId), 16}; }

void put_superblock(Image& image, size_t at, uint64_t created) {
  image.put(at, "PLSM");
  image.u32(at + 4, 4);
  image.u32(at + 8, 4096);
  image.put(at + 32, pool_id());
  image.u64(at + 48, 0x10000);  // file size
  image.u64(at + 56, 0x1000);   // bytes of an anchor
  image.u64(at + 64, kCheckpoints);
  image.u32(at + 72, 4);   // checkpoint slots
  image.u32(at + 76, 32);  // sequences per index slot
  image.u64(at + 80, kIndex);
  image.u64(at + 88, 30);  // index slots
  image.u64(at + 96, kRing);
  image.u64(at + 104, kRingSize);
  image.u64(at + 112, kSyncWindow);
  image.u64(at + 120, kSeqWindow);
  image.u64(at + 128, created);
  image.u32(at + 4092, ~slow_crc(0xFFFFFFFF, image.part(at, 4092)));
}

// The anchor that creation leaves: nothing was ever written.
void put_first_anchor(Image& image) {
  image.u64(kAnchorA, 1);       // gen
  image.u64(kAnchorA + 24, 1);  // next_seq
  image.u64(kAnchorA + 40, kSyncWindow);
  image.u64(kAnchorA + 48, 1 + kSeqWindow);
  uint32_t crc = slow_crc(0xFFFFFFFF, pool_id());
  crc = slow_crc(crc, image.part(kAnchorA, 504));
  for (size_t slot = 0; slot < 4; ++slot)
    crc = slow_crc(crc, image.part(kAnchorA + 512 + slot * 512, 504));
  image.u64(kAnchorA + 504, crc);
}

// A frame at `position`; returns where the next one begins.
uint64_t put_frame(Image& image, uint64_t position, uint8_t flags, uint64_t seq, uint64_t time,
                   std::string_view body) {
  const size_t at = kRing + position % kRingSize;
  std::string padded(body);
  padded.resize((body.size() + 7) / 8 * 8);
  image.put(at, std::string{static_cast<char>(flags), '\xFF', 'L', 'P'});
  image.u32(at + 4, body.size());
  image.u64(at + 8, seq);
  image.u64(at + 16, time);
  image.u32(at + 24, position / kRingSize);
  Image unwritten(16);  // what the checksum covers besides the bytes of the frame
  unwritten.u64(0, slow_crc(0xFFFFFFFF, padded));
  unwritten.u64(8, position);
  uint32_t crc = slow_crc(0xFFFFFFFF, pool_id());
  crc = slow_crc(crc, unwritten.part(0, 8));
  crc = slow_crc(crc, image.part(at, 24));
  image.u32(at + 28, slow_crc(crc, unwritten.part(8, 8)));
  image.put(at + 32, padded);
  return position + 32 + padded.size();
}

std::string checkpoint_body(uint16_t slot, std::string_view name, std::string_view value) {
  Image fixed(8);
  fixed.u16(0, slot);
  fixed.u16(2, name.size());
  fixed.u16(4, value.size());
  return fixed.bytes() + std::string(name) + std::string(value);
}

void put_checkpoint_slot(Image& image, size_t copy, uint64_t head, std::string_view name,
                         std::string_view value) {
  const size_t at = kCheckpoints + copy * 512;
  image.u64(at, head);
  image.u16(at + 8, name.size());
  image.u16(at + 10, value.size());
  image.put(at + 16, name);
  image.put(at + 80, value);
  image.u64(at + 504, slow_crc(0xFFFFFFFF, image.part(at, 504)));
}

// What the image cannot know: the clock, and the tag of this boot and this inode.
struct Unknown {
  uint64_t created;
  uint64_t tag;
};

Unknown unknown_of(const std::string& bytes) { return {u64_at(bytes, 128), u64_at(bytes, kLive)}; }

void put_commit_record(Image& image, size_t at, uint64_t head, uint64_t next_seq, uint64_t time,
                       uint32_t selection) {
  image.u64(at, head);
  image.u64(at + 8, next_seq);
  image.u64(at + 16, time);
  image.u64(at + 24, selection);  // the checksum covers it as a word
  image.u32(at + 28, slow_crc(slow_crc(0xFFFFFFFF, pool_id()), image.part(at, 32)));
}

void put_fresh_pool(Image& image, const Unknown& unknown) {
  put_superblock(image, 0, unknown.created);
  put_superblock(image, kLastPage, unknown.created);
  put_first_anchor(image);
  image.u64(kLive, unknown.tag);
  image.u64(kLive + 0xC0 + 8, 1);  // anchor_gen
  image.u64(kLive + 0x100, kSyncWindow);
  image.u64(kLive + 0x108, 1 + kSeqWindow);
  put_commit_record(image, kLive + 0x1C0, 0, 1, 0, 0);
  image.u64(kLive + 0x1E0, UINT64_MAX);  // commit record 1 names no head
}

void expect_equal(const Image& image, const std::string& bytes) {
  ASSERT_EQ(image.bytes().size(), bytes.size());
  for (size_t at = 0; at < bytes.size(); at += 8)
    ASSERT_EQ(u64_at(bytes, at), u64_at(image.bytes(), at)) << "at " << std::hex << at;
}

class GoldenBytes : public testing::Test {
 protected:
  GoldenBytes() { must(create_pool(path_, {.size_bytes = 64u << 10}, &kPoolId)); }
  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
};

TEST_F(GoldenBytes, ANewPool) {
  const std::string bytes = read_bytes(path_);
  const Unknown unknown = unknown_of(bytes);
  EXPECT_NE(unknown.created, 0u);
  EXPECT_NE(unknown.tag, 0u);
  Image image(0x10000);
  put_fresh_pool(image, unknown);
  expect_equal(image, bytes);
}

TEST_F(GoldenBytes, ATaggedRecordWithItsCheckpointThenABatchOfThirtyOne) {
  const TagBlock tags = must(TagBlock::encode({"ci", "x"}));
  uint64_t first_time = 0;
  uint64_t second_time = 0;
  {
    Pool pool = must(Pool::open(path_));
    const RecordView first{.body = R"({"a":1})", .tags = &tags};
    first_time = static_cast<uint64_t>(
        must(pool.append(first, {.checkpoint = CheckpointView{"src", "pos=7"}})).time_ns);
    const std::vector<RecordView> batch(31, RecordView{.body = R"({"b":"ü"})"});
    second_time = static_cast<uint64_t>(must(pool.append_batch(batch)).time_ns);
  }
  const std::string bytes = read_bytes(path_);
  Image image(0x10000);
  put_fresh_pool(image, unknown_of(bytes));

  // The batch of two: a control frame that begins it and the record that ends it.
  uint64_t at = put_frame(image, 0, 4 | 2, 1, first_time, checkpoint_body(0, "src", "pos=7"));
  at = put_frame(image, at, 8 | 1, 1, first_time,
                 std::string("\x05\0\x02"
                             "ci"
                             "\x01"
                             "x",
                             7) +
                     R"({"a":1})");
  const uint64_t first_head = at;
  put_checkpoint_slot(image, 1, first_head, "src", "pos=7");
  for (uint64_t seq = 2; seq <= 32; ++seq) {
    const auto flags = static_cast<uint8_t>((seq == 2 ? 4 : 0) | (seq == 32 ? 1 : 0));
    if (seq == 32) image.u64(kIndex + 8, at);  // the first record of bucket 1
    at = put_frame(image, at, flags, seq, second_time, R"({"b":"ü"})");
  }
  image.u64(kLive + 0x140, at);  // head; the tail stays 0
  // Record 0 was overwritten by the second batch, record 1 is of the first. Slot 0: copy 1.
  put_commit_record(image, kLive + 0x1C0, at, 33, second_time, 1);
  put_commit_record(image, kLive + 0x1E0, first_head, 2, first_time, 1);
  image.u64(kLive + 0x200, second_time);  // attempt_time
  image.u32(kWait, 4);                    // two publishes, nobody announced
  expect_equal(image, bytes);
}

TEST_F(GoldenBytes, ARecoveryFrameInACopy) {
  must(must(Pool::open(path_)).append({.body = "{}"}));
  const auto copy = dir_ / "copy";
  copy_as_after_restart(path_, copy);
  must(Pool::open(copy));
  const std::string bytes = read_bytes(copy);
  // Sequences go on a whole number of index circles (30 slots of 32) above the reservation.
  const uint64_t circle = uint64_t{30} * 32;
  const uint64_t next_seq = 2 + (1 + kSeqWindow - 2 + circle - 1) / circle * circle;
  Image body(16);
  body.u64(0, 2);
  body.u64(8, next_seq);
  Image image(0x10000);
  const uint64_t time = u64_at(bytes, kRing + 40 + 16);
  const uint64_t end = put_frame(image, 40, 16 | 4 | 1, next_seq, time, body.bytes());
  EXPECT_EQ(image.part(kRing + 40, end - 40), std::string_view(bytes).substr(kRing + 40, end - 40));
  EXPECT_EQ(u64_at(bytes, kLive + 0x140), end);
  EXPECT_EQ(u64_at(bytes, kLive + 0x1C8), next_seq);
  // The new anchor went to the copy that recovery did not start from.
  EXPECT_EQ(u64_at(bytes, 0x4000), 2u);
  EXPECT_EQ(u64_at(bytes, 0x4000 + 16), end);
  EXPECT_EQ(u64_at(bytes, kAnchorA), 1u);
}

TEST_F(GoldenBytes, AFrameThatWrapsInTheMiddleOfItsHeader) {
  uint64_t head = 0;
  uint64_t time = 0;
  std::string body;
  {
    Pool pool = must(Pool::open(path_));
    const RawPool raw(path_);
    // Leave 16 bytes of the ring's end: the next frame's header is cut in two.
    for (int i = 0; i < 8; ++i) must(pool.append({.body = std::string(4000, 'x')}));
    must(pool.append({.body = std::string(464, 'x')}));
    head = raw.view().head();
    ASSERT_EQ(head, kRingSize - 16);
    body = std::string(100, 'w');
    time = static_cast<uint64_t>(must(pool.append({.body = body})).time_ns);
  }
  const std::string bytes = read_bytes(path_);
  const uint64_t seq = u64_at(bytes, kRing + kRingSize - 8);
  // Built straight, then cut: put_frame knows nothing of wrapping.
  std::string frame;
  {
    Image straight(0x20000);
    put_frame(straight, head, 4 | 1, seq, time, body);
    frame = straight.part(kRing + kRingSize - 16, 32 + 104);
  }
  EXPECT_EQ(bytes.substr(kRing + kRingSize - 16, 16), frame.substr(0, 16));
  EXPECT_EQ(bytes.substr(kRing, frame.size() - 16), frame.substr(16));
}

}  // namespace
}  // namespace plasmite
