// What a source reads from: a descriptor as it is, or, with overflow = "drop", through a
// LineDropper. Not thread-safe.
#pragma once

#include <memory>

#include "agent/config/config.h"
#include "agent/intake/line_dropper.h"
#include "agent/intake/source_writer.h"
#include "core/base/error.h"
#include "core/base/unique_fd.h"

namespace plasmite {

class SourceInput {
 public:
  // What is left out is counted in the report at once; it must outlive this.
  static Result<SourceInput> open(UniqueFd input, Overflow overflow, SourceReport& report);

  // To be read from, after poll(2) said so; -1 after close().
  int fd() const { return dropper_ ? dropper_->fd() : input_.get(); }
  bool is_open() const { return dropper_ || input_; }
  void close();

  // From now on what is there already is all. True: fd() comes to its end by itself, and is to be
  // read up to there; false: to be read while poll(2) says that there is something.
  bool finish();

  // Adds a gap record for the lines that were left out before the place where fd() is read now. To
  // be called before and after each read, and to be committed.
  void tell_dropped(SourceWriter& writer);

  // Why it came to an end, if it should not have.
  std::optional<Error> error() const;

 private:
  UniqueFd input_;
  std::unique_ptr<LineDropper> dropper_;
};

}  // namespace plasmite
