// Several readers made one: their messages in the order of their times, ties in the order of the
// readers' numbers; of one reader always in its own order.
//
// A message is given out once every reader that has nothing was asked after that message's time.
// So whatever had been stored by then, in any pool, comes before it; and a reader that stays silent
// holds up nobody. Who stores in one pool, then in another, is read in that order.
//
// One message of each reader is looked at ahead, where the reader keeps it: nothing is copied.
// A plain calculation over readers and a clock. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "core/pool/record.h"

namespace plasmite {

class TimeMerge {
 public:
  // The next message, or none now. Views stay valid until the next call on the same reader.
  using Reader = std::function<Result<std::optional<MessageView>>()>;
  // That by which the messages got their times: of the same resolution, too.
  using WallClock = std::function<int64_t()>;

  struct Found {
    size_t reader;
    MessageView message;  // valid until the next call
  };
  struct Failed {
    size_t reader;
    Error error;
  };

  explicit TimeMerge(WallClock clock) : clock_(std::move(clock)) {}

  // A number that is not in use, preferably a small one.
  void add(size_t number, Reader reader);
  // What was looked at ahead is forgotten.
  void remove(size_t number);
  bool empty() const { return count_ == 0; }

  // None: no reader has anything now. A reader that failed must be removed before the next call.
  std::expected<std::optional<Found>, Failed> next();

 private:
  // A message looked at ahead.
  struct Ahead {
    int64_t time_ns;
    size_t reader;
    auto operator<=>(const Ahead&) const = default;
  };

  std::expected<bool, Failed> ask(size_t number);
  std::expected<void, Failed> ask_the_silent();
  Found take();

  WallClock clock_;
  std::vector<Reader> readers_;  // by number; null: not in use
  size_t count_ = 0;
  std::vector<MessageView> messages_;  // by number: the one looked at ahead
  std::vector<Ahead> ahead_;           // a heap, the oldest on top
  std::vector<size_t> silent_;         // had nothing when they were asked last
  std::optional<size_t> taken_;        // its message is in use, until the next call
  int64_t asked_ns_ = INT64_MIN;       // the silent ones were asked at this time or later
};

}  // namespace plasmite
