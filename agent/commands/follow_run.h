// `follow --run`: which messages belong to one run of `tap`, and when it ended.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "agent/commands/tap_run_slot.h"
#include "agent/commands/tap_runs.h"
#include "core/base/error.h"
#include "core/pool/pool.h"
#include "core/record/tap_record.h"

namespace plasmite {

class FollowedRun {
 public:
  enum class Verdict : uint8_t { not_ours, ours, ours_and_last };

  // The newest retained `start` record (`last`), or the newest with that run id. Searches
  // backwards and reads no more than about twice what lies behind it. NotFound: there is none.
  // The pool must outlive the result.
  static Result<FollowedRun> find(const Pool& pool, std::string_view wanted,
                                  const std::string& ref);

  uint64_t start_seq() const { return found_.start_seq; }

  const std::string& id() const { return found_.run; }  // empty: the start record says none

  // Of messages from start_seq() on.
  Verdict judge(const MessageView& message);

  // To be asked when there is no message: true when the run is over although there is no record of
  // its end. Messages that came before this may still be there to be judged.
  bool is_lost() const { return watch_.is_lost(); }

 private:
  FollowedRun(const Pool& pool, FoundRun found)
      : found_(std::move(found)), watch_(pool, found_.run) {}

  FoundRun found_;
  RunWatch watch_;
  TapRecordReader reader_;
};

}  // namespace plasmite
