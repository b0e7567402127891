// jq programs as a filter over messages: `--where`.
//
// libjq 1.6 aborts when memory runs out, overflows its stack on deep values, and loops for as long
// as a program tells it to. So it never runs in the process that asks: a Filter starts the program
// `plasmite-filter`, which has limits of its own, and sends it messages in batches. Whatever a
// jq program does costs at most that process, and is an Error here.
//
// Not thread-safe. The thread that creates a Filter must outlive it: the process ends with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/filter/filter_process.h"

namespace plasmite {

enum class FilterVerdict : uint8_t {
  no,      // false, null or no output at all
  match,   // true
  failed,  // a runtime error: not a match
};

class Filter {
 public:
  using Clock = std::chrono::steady_clock;

  // What a program said when it failed on a message.
  struct RuntimeError {
    uint64_t seq;
    std::string program;
    std::string text;
  };

  // Compiles the programs; all of them must hold. Usage: one is not a jq program, or uses what is
  // out of its reach.
  static Result<Filter> create(std::vector<std::string> programs, FilterReach reach,
                               const FilterLimits& limits);
  static Result<Filter> create(std::vector<std::string> programs, FilterReach reach) {
    return create(std::move(programs), reach, limits_for(reach));
  }

  // A message as JSON text, judged by the next judge(). Only between batches: when undecided() is
  // 0, or nothing was judged since it was. The text is copied.
  void add(uint64_t seq, std::string_view text);

  // Messages that were added and have no verdict yet, and the bytes of this batch.
  size_t undecided() const { return seqs_.size() - decided_; }
  size_t batch_bytes() const { return texts_.size(); }

  // Verdicts on the oldest undecided messages, in order: as many as there are already, else waits
  // for some; none when the deadline passed. Usage, with the message's sequence: the program made
  // something else than a boolean of it, or broke a limit. Messages before it have got their
  // verdicts then; those behind never will.
  Result<std::span<const FilterVerdict>> judge(Clock::time_point deadline);

  // The first runtime error, once.
  std::optional<RuntimeError> take_first_error();

 private:
  Filter(std::vector<std::string> programs, FilterReach reach, const FilterLimits& limits,
         FilterProcess process)
      : programs_(std::move(programs)),
        reach_(reach),
        limits_(limits),
        process_(std::move(process)) {}

  Result<bool> take_reply(const FilterProcess::Reply& reply);
  Result<void> take_verdicts(std::string_view bytes);
  Result<void> start_again_or_fail(FilterFailure why, uint32_t program);
  Error error_at_message(Error error) const;
  bool send_undecided();
  void forget_batch();

  std::vector<std::string> programs_;
  FilterReach reach_;
  FilterLimits limits_;
  FilterProcess process_;
  bool process_has_judged_ = false;  // since it was started

  // The batch: message i is seqs_[i], sizes_[i] bytes of texts_.
  std::string texts_;
  std::vector<uint32_t> sizes_;
  std::vector<uint64_t> seqs_;
  size_t decided_ = 0;
  bool sent_ = false;

  std::vector<FilterVerdict> verdicts_;
  bool error_was_seen_ = false;
  std::optional<RuntimeError> first_error_;
};

}  // namespace plasmite
