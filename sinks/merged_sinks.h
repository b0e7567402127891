// The sinks of several pools, whose output comes together: in the order in which messages were
// written, each text whole, in blocks as large as those of one sink. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/record/tap_record.h"
#include "sinks/message_sink.h"

namespace plasmite {

class MergedSinks final : public MessageSink {
 public:
  // Takes a block. False: nobody reads any more.
  using Output = std::function<Result<bool>(std::string_view block)>;

  struct Options {
    Output out;
    Output err;               // null: nothing goes there
    bool same_place = false;  // both end there: what is written keeps its order
  };

  explicit MergedSinks(Options options);

  // What the sink of the pool `number` is to write with. A prefix stands before each line; a line
  // that another pool's text would go on is ended first. This must outlive the result.
  Output output_for(TapStream stream, size_t number, std::string prefix = {});

  // `sink` writes with output_for() and must outlive its removal.
  void add(size_t number, MessageSink& sink);
  // Writes what the sink still holds, too.
  Result<bool> remove(size_t number);

  // Writes what the sinks have handed on; a sink that calls this has flushed itself before.
  Result<bool> flush_blocks();

  void select_pool(size_t number) override { selected_ = number; }
  Result<Written> write(const MessageView& message) override;
  bool shows(const MessageView& message) override;
  Result<bool> flush() override;
  // Of the selected pool.
  std::optional<uint64_t> oldest_unwritten() const override;
  Result<bool> finish() override;

 private:
  static constexpr size_t kBlockBytes = 63u << 10;

  struct Member {
    MessageSink* sink = nullptr;  // null: the number is not in use
    std::optional<uint64_t> oldest_in_blocks;
  };
  struct Block {
    Output output;
    std::string text;
    std::optional<size_t> in_line_of;  // the pool whose line has not ended
    bool open = true;
  };

  Result<bool> append(TapStream stream, size_t number, std::string_view prefix,
                      std::string_view bytes);
  Result<bool> flush(Block& block);
  Result<bool> flush_last();

  std::array<Block, 2> blocks_;
  bool same_place_;
  std::vector<Member> members_;
  size_t selected_ = 0;
  std::optional<size_t> last_;  // the only one whose sink may hold text back
  bool failed_ = false;         // text was lost that somebody was to have
};

}  // namespace plasmite
