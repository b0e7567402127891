// A pool for tests of framings, and what they say in short.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/pool/pool.h"
#include "tests/support/framing_run.h"
#include "tests/support/scratch.h"

namespace plasmite {

class FramingTest : public testing::Test {
 protected:
  FramingTest() {
    auto pool = Pool::create(dir_.path() / "pool.plasmite", {.size_bytes = 1u << 20});
    EXPECT_TRUE(pool.has_value());
    pool_.emplace(std::move(*pool));
  }

  FramingRun run(const std::string& text, FramingSetting setting) {
    return run_framing(*pool_, {text}, setting);
  }
  FramingRun skip(const std::string& text, Framing framing, size_t limit = kMaxRecordBytes) {
    return run(text, {framing, OnBadRecord::skip, limit});
  }
  FramingRun stop(const std::string& text, Framing framing, size_t limit = kMaxRecordBytes) {
    return run(text, {framing, OnBadRecord::stop, limit});
  }

  ScratchDir dir_;
  std::optional<Pool> pool_;
};

using Texts = std::vector<std::string>;

}  // namespace plasmite
