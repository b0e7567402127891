// Checks a stream of records, one after the other: that each is what one writer wrote, that
// sequences continue or a gap says exactly which are missing, that batches are whole, that each
// writer's numbers continue, that time never goes back.
#pragma once

#include <optional>

#include "core/pool/pool.h"
#include "tests/crash/shared_state.h"

namespace plasmite::crash {

class StreamCheck {
 public:
  // `pool`, `shared` and `failures` must outlive the check. `who` names the stream in reports.
  StreamCheck(const Pool& pool, PoolShared& shared, FailureCounts& failures, const char* who,
              const StreamState& state)
      : pool_(pool), shared_(shared), failures_(failures), who_(who), state_(state) {}

  // `gap` is what the cursor said was lost just before `message`. None: the text is not one of
  // ours.
  std::optional<PayloadId> next(const MessageView& message, const std::optional<Gap>& gap);

  const StreamState& state() const { return state_; }

 private:
  void check_gap(const MessageView& message, const std::optional<Gap>& gap);
  void check_batch(const MessageView& message, const PayloadId& id);
  void check_writer(const MessageView& message, const PayloadId& id);

  const Pool& pool_;
  PoolShared& shared_;
  FailureCounts& failures_;
  const char* who_;
  StreamState state_;
};

}  // namespace plasmite::crash
