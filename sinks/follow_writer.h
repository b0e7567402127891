// Formats messages for `follow` and hands the text on in blocks of whole messages, so that a
// million messages cost a few thousand writes. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/pool/record.h"
#include "core/record/envelope.h"
#include "core/record/json_pretty.h"
#include "sinks/message_sink.h"

namespace plasmite {

struct FollowWriterOptions {
  enum class Format : uint8_t { pretty, jsonl } format = Format::pretty;
  bool data_only = false;  // only the stored text, without sequence, time and tags
  std::string pool_json;   // said of each message, as JSON text; empty: not said
  PrettyOptions pretty;
  // Takes a block. False: nobody reads any more. May block for as long as the reader is slow:
  // nothing is buffered beyond one block.
  using Output = std::function<Result<bool>(std::string_view block)>;
  Output output;
};

class FollowWriter final : public MessageSink {
 public:
  explicit FollowWriter(FollowWriterOptions options);

  Result<Written> write(const MessageView& message) override;
  bool shows(const MessageView& /*any*/) override { return true; }
  Result<bool> flush() override;
  std::optional<uint64_t> oldest_unwritten() const override { return oldest_unwritten_; }

 private:
  // A block leaves room for the message that fills it, so that most writes are at most 64 KiB.
  static constexpr size_t kBlockBytes = 63u << 10;

  void append(const MessageView& message);

  FollowWriterOptions options_;
  EnvelopeWriter envelope_;
  std::string block_;
  std::optional<uint64_t> oldest_unwritten_;
  bool failed_ = false;  // text was lost that somebody was to have
  std::string compact_;  // a message before it is laid out
};

}  // namespace plasmite
