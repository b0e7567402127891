// Stands between a descriptor and whoever reads it, so that who writes there need not wait: reads
// at once what comes, holds at most 4 MiB, and leaves out whole lines when its reader does not take
// them. Only a line of which the reader has the beginning already is never left out; rather its
// writer waits.
//
// A thread of its own moves the bytes. fd() and the functions are for one other thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "agent/intake/line_queue.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "core/base/unique_fd.h"

namespace plasmite {

class LineDropper {
 public:
  static constexpr size_t kMostBytes = 4u << 20;

  static Result<std::unique_ptr<LineDropper>> start(UniqueFd input, size_t most_bytes = kMostBytes);
  // Ends the thread at once. What was not read from fd() is gone.
  ~LineDropper();
  LineDropper(const LineDropper&) = delete;
  LineDropper& operator=(const LineDropper&) = delete;

  // To be read in place of the input; non-blocking.
  int fd() const { return reader_.get(); }

  // From now on the input is what is there already; then fd() comes to its end.
  void finish();

  // How many lines were left out, since the last time, before the place where the reader of fd() is
  // now. Where there is more than one such place they are told of together, at the first. After the
  // end of fd(): all.
  uint64_t take_dropped();

  // Why the input ended, if it should not have.
  std::optional<Error> error() const;

 private:
  LineDropper(UniqueFd input, UniqueFd reader, UniqueFd writer, UniqueFd wake, size_t most_bytes);
  void run();
  bool step();
  void read_input(size_t bytes);
  void write_output();
  void wake() const;

  UniqueFd input_;  // of the thread, like `writer_`
  UniqueFd reader_;
  UniqueFd writer_;
  UniqueFd wake_;
  size_t read_since_finish_ = 0;  // of the thread

  mutable Mutex mutex_;
  LineQueue queue_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;  // nothing more is read
  bool finishing_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::optional<Error> error_ GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace plasmite
