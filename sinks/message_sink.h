// Where `follow` puts messages. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/error.h"
#include "core/pool/record.h"

namespace plasmite {

class MessageSink {
 public:
  virtual ~MessageSink() = default;

  // Which of several pools the other calls are about, up to the next one; a sink of one pool need
  // not know.
  virtual void select_pool(size_t /*number*/) {}

  // What became of a message. One that was passed over counts neither for a number of messages
  // wanted nor as a sign of life.
  enum class Written : uint8_t { shown, passed_over, nobody_reads };
  virtual Result<Written> write(const MessageView& message) = 0;

  // Whether write() would show it.
  virtual bool shows(const MessageView& message) = 0;

  // Call when there is nothing more to write for now. False: nobody reads any more.
  virtual Result<bool> flush() = 0;

  // The oldest of the messages that write() took and that are not wholly written out; none: there
  // is nothing of the kind. What could not be written counts as such for ever.
  virtual std::optional<uint64_t> oldest_unwritten() const = 0;

  // Call once, in place of flush(), when nothing will be written any more.
  virtual Result<bool> finish() { return flush(); }
};

}  // namespace plasmite
