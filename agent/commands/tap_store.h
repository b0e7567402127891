// Where a tap session puts what it captures: into the pool, until that fails for the first time.
// From then on nothing is stored any more and everybody goes on as if it were, because the command
// must not suffer from a full or deleted pool. Thread-safety: none.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/append/appender.h"
#include "core/base/error.h"
#include "core/pool/pool.h"
#include "sources/line_buffer.h"
#include "sources/text_lines.h"

namespace plasmite {

class TapStore {
 public:
  // The pool must outlive this.
  TapStore(Pool& pool, Durability durability)
      : appender_(pool, {.durability = durability, .on_committed = nullptr}) {}

  // Stores everything `buffer` has, with `at_end` the unterminated rest, too, and empties it.
  void add_lines(TextLines& lines, LineBuffer& buffer, bool at_end);

  // In one publish with the checkpoint.
  void add_records(std::span<const std::string> records, const TagBlock& tags,
                   std::optional<CheckpointView> checkpoint);

  void fail(Error error);
  // The first that went wrong.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  Appender appender_;
  std::optional<Error> failure_;
};

}  // namespace plasmite
