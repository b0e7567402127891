// Stands between a descriptor and whoever reads it, so that who writes there need not wait: reads
// at once what comes, holds at most 4 MiB, and leaves out whole lines when its reader does not take
// them. Where lines are missing nothing more goes out until the reader has read up to there and
// asked, so that it learns of each such place when it is there. Only a line of which the reader has
// the beginning already is never left out; rather its writer waits.
//
// A thread of its own moves the bytes. fd() and the functions are for one other thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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

  struct Options {
    size_t most_bytes = kMostBytes;
    // Called in the dropper's thread with how many lines were left out just now.
    std::function<void(uint64_t lines)> on_left_out = {};
  };

  // An overload, since a nested class's defaults are not known yet in a default argument.
  static Result<std::unique_ptr<LineDropper>> start(UniqueFd input) {
    return start(std::move(input), Options());
  }
  static Result<std::unique_ptr<LineDropper>> start(UniqueFd input, Options options);
  // Ends the thread at once. What was not read from fd() is gone.
  ~LineDropper();
  LineDropper(const LineDropper&) = delete;
  LineDropper& operator=(const LineDropper&) = delete;

  // To be read in place of the input; non-blocking.
  int fd() const { return reader_.get(); }

  // From now on the input is what is there already; then fd() comes to its end.
  void finish();

  // How many lines were left out, since the last time, before the place where the reader of fd() is
  // now. To be asked before and after each read from fd(). After the end of fd(): all.
  uint64_t take_dropped();

  // Why the input ended, if it should not have.
  std::optional<Error> error() const;

 private:
  LineDropper(UniqueFd input, UniqueFd reader, UniqueFd writer, UniqueFd wake, Options options);
  void run();
  bool step();
  void read_input(size_t bytes);
  void write_output();
  void wake() const;
  int unread() const;

  UniqueFd input_;  // of the thread, like `writer_`
  UniqueFd reader_;
  UniqueFd writer_;
  UniqueFd wake_;
  const std::function<void(uint64_t)> on_left_out_;
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
