// An appender into a pool of the smallest size, and what it acknowledged.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/append/appender.h"
#include "tests/support/reading.h"
#include "tests/support/scratch.h"

namespace plasmite {

class AppenderTest : public testing::Test {
 protected:
  struct Committed {
    AppendReceipt receipt;
    std::vector<std::string> bodies;
  };

  Appender make(Durability durability = Durability::fast) {
    return Appender(pool_, {.durability = durability,
                            .on_committed = [this](const AppendReceipt& receipt,
                                                   std::span<const RecordView> records) {
                              committed_.push_back({receipt, {}});
                              for (const RecordView& record : records)
                                committed_.back().bodies.emplace_back(record.body);
                            }});
  }

  static Result<void> add(Appender& appender, std::string_view text,
                          const TagBlock* tags = nullptr) {
    return appender.add(JsonText::from_encoder(appender.arena().copy(text)), tags);
  }

  // A JSON object of exactly `bytes` bytes.
  static std::string object_of(size_t bytes) {
    return R"({"x":")" + std::string(bytes - 8, 'x') + R"("})";
  }

  std::vector<std::string> stored() const {
    std::vector<std::string> bodies;
    for (ReadRecord& record : read_all(pool_)) bodies.push_back(std::move(record.body));
    return bodies;
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  Pool pool_ = must(Pool::create(dir_ / "p", {.size_bytes = kMinPoolBytes}));
  std::vector<Committed> committed_;
};

}  // namespace plasmite
