// `follow --where`: holds messages back until the jq programs have judged them, a batch at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/command_context.h"
#include "core/base/error.h"
#include "core/filter/filter.h"
#include "core/pool/pool.h"
#include "core/record/envelope.h"

namespace plasmite {

// Not thread-safe. The filter must outlive it.
class WhereStage {
 public:
  using Clock = Filter::Clock;

  struct Judged {
    MessageView message;  // valid until the next call
    size_t pool;
    bool matches;
  };

  // `ref` is what was typed, for notices.
  WhereStage(Filter& filter, ColorMode color, std::string ref)
      : filter_(filter), color_(color), ref_(std::move(ref)) {}

  // Of several pools: programs are told which one a message is of.
  void name_pool(size_t pool, std::string name);

  // Notices about numbers in the programs that jq cannot hold.
  void tell_rounded_numbers(const std::vector<std::string>& programs) const;

  // Whether some message was put in and not taken out. Once wait() was called, all must be taken
  // out before anything is put in again.
  bool holds_any() const { return taken_ < held_count_; }
  bool is_full() const;
  void put(const MessageView& message, size_t pool = 0);

  // Whether take() has something: the oldest message that is held has its verdict.
  bool has_verdict() const { return taken_ < verdicts_.size(); }
  Judged take();
  // Waits until has_verdict(), which it returns, but no longer than the deadline.
  Result<bool> wait(Clock::time_point deadline);

 private:
  struct Held {
    Message message;
    size_t pool;
  };
  struct PoolName {
    std::string name;
    std::string json;
  };

  void tell_first_error();
  Error at_message(Error error) const;

  Filter& filter_;
  ColorMode color_;
  std::string ref_;
  std::vector<PoolName> pools_;  // by number; empty: there is one
  EnvelopeWriter envelope_;
  std::string text_;
  std::vector<Held> held_;  // the first held_count_; the others only keep their memory
  size_t held_count_ = 0;
  size_t held_bytes_ = 0;
  size_t taken_ = 0;
  std::vector<FilterVerdict> verdicts_;  // of the first so many that are held
};

}  // namespace plasmite
