// A small ring of frames, some well made, some damaged: walking, scanning and searching stay inside
// the given bounds, show intact frames only, and end.
#include <array>
#include <vector>

#include "core/base/check.h"
#include "core/pool/checkpoint_table.h"
#include "core/pool/frame_walk.h"
#include "core/pool/pool_view.h"
#include "tests/fuzz/fuzz_input.h"

namespace plasmite {
namespace {

constexpr uint64_t kRingBytes = 4096;

class SmallRing {
 public:
  explicit SmallRing(FuzzInput& input) {
    view_.geometry.ring_size = kRingBytes;
    view_.crc_seed = 0x12345678;
    view_.ring = Ring(words_.data(), kRingBytes);
    begin_ = end_ = input.number<uint32_t>() * uint64_t{8};
    seq_ = 1 + input.byte();
    time_ = 1000;
    while (!input.empty()) step(input);
  }

  const PoolView& view() const { return view_; }
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }

 private:
  void step(FuzzInput& input) {
    const uint8_t op = input.byte();
    if (op < 0xC0) return put_frame(op & 31, input);
    const uint64_t word = input.number<uint16_t>() % words_.size();
    words_[word] =
        op < 0xE0 ? words_[word] ^ uint64_t { 1 } << (op & 63) : input.number<uint64_t>();
  }

  // With a good CRC, whatever else may be wrong with it.
  void put_frame(uint8_t flags, FuzzInput& input) {
    const std::string_view body = input.take(input.byte());
    const auto size = static_cast<uint32_t>(body.size());
    if (end_ + frame_bytes(size) - begin_ > kRingBytes) return;
    time_ += input.byte() % 2;
    const FrameWords frame = make_frame(view_.crc_seed, flags, size, seq_, time_, end_,
                                        end_ / kRingBytes, crc32c_padded(kCrc32cInit, body));
    for (uint64_t i = 0; i < 4; ++i) view_.ring.store(end_ + 8 * i, frame.words[i]);
    view_.ring.copy_in(end_ + sizeof(FrameHeader), body);
    PLASMITE_CHECK(view_.intact(view_.header_at(end_), end_, end_ + frame.size()));
    PLASMITE_CHECK(frame.size() == frame_bytes(size) && frame.seq() == seq_);
    end_ += frame.size();
    if (!frame.is_control()) seq_ += 1 + (input.byte() == 0xFF);
  }

  std::array<uint64_t, kRingBytes / 8> words_{};
  PoolView view_;
  uint64_t begin_, end_, seq_, time_;
};

void check(FuzzInput input) {
  decode_checkpoint_body(input.rest(), 4);
  SmallRing ring(input);
  const PoolView& view = ring.view();

  uint64_t records = 0;
  uint64_t at = ring.begin();
  const WalkState from{ring.begin(), view.header_at(ring.begin()).seq(), 0};
  const WalkState walked =
      walk_batches(view, from, ring.end(), UINT64_MAX / 2,
                   [&](const FrameWords& frame, uint64_t position, uint64_t batch_end) {
                     PLASMITE_CHECK(position == at && batch_end >= position + frame.size());
                     PLASMITE_CHECK(view.intact(frame, position, ring.end()));
                     at = position + frame.size();
                     if (!frame.is_control())
                       PLASMITE_CHECK(frame.seq() == from.next_seq + records++);
                     PLASMITE_CHECK(read_body(view, frame, position).size() == frame.body_len());
                   });
  PLASMITE_CHECK(walked.position == at && at <= ring.end());
  PLASMITE_CHECK(walked.next_seq == from.next_seq + records);

  const auto runs = scan_runs(view, ring.end(), [](const FrameWords&, uint64_t) { return true; });
  for (const FrameRun& run : runs) PLASMITE_CHECK(run.begin < run.end);

  for (uint64_t position = ring.begin(); position < ring.end();) {
    const uint64_t found = view.resync(position, ring.end());
    PLASMITE_CHECK(found >= position && found <= ring.end());
    PLASMITE_CHECK(found == ring.end() || view.intact(view.header_at(found), found, ring.end()));
    position = found + 8;
  }
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
