// A pool's ring in memory, without a file, into which a test puts frames one after the other.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/pool/pool_open.h"
#include "core/pool/pool_view.h"
#include "tests/support/reading.h"

namespace plasmite {

class FramesInMemory : public testing::Test {
 protected:
  FramesInMemory() {
    const Geometry geometry = must(plan_geometry(64u << 10));
    memory_.resize(geometry.file_size / 8);
    view_ = PoolView::of(reinterpret_cast<std::byte*>(memory_.data()), geometry,
                         make_superblock(geometry, {}, nullptr));
  }

  uint64_t ring_size() const { return view_.geometry.ring_size; }

  // A frame at `at_`, which moves behind it.
  void put(uint8_t flags, uint64_t seq, uint64_t time, size_t body_bytes = 40) {
    const std::string body = body_of(seq, body_bytes);
    const FrameWords frame =
        make_frame(view_.crc_seed, flags, static_cast<uint32_t>(body.size()), seq, time, at_,
                   at_ / ring_size(), crc32c_padded(kCrc32cInit, body));
    for (uint64_t i = 0; i < 4; ++i) view_.ring.store(at_ + 8 * i, frame.words[i]);
    view_.ring.copy_in(at_ + sizeof(FrameHeader), body);
    at_ += frame.size();
  }

  std::vector<uint64_t> memory_;
  PoolView view_;
  uint64_t at_ = 0;
};

}  // namespace plasmite
