// Finds where runs of `tap` began.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/pool/pool.h"

namespace plasmite {

struct FoundRun {
  uint64_t start_seq = 0;
  std::string run;   // empty: the start record says none
  std::string tag;   // run:RUN if the record has it, as all of its run then have
  bool pty = false;  // the command had a terminal of its own
};

struct RunSearch {
  uint64_t end_seq = 0;                 // only start records before it
  std::optional<std::string_view> run;  // none: any
  uint64_t most_messages = UINT64_MAX;  // how far to look back
};

// The newest start record retained. Searches backwards and reads about twice what lies behind it.
Result<std::optional<FoundRun>> find_newest_run(const Pool& pool, const RunSearch& search);

// Whether a reader that begins at `seq` begins within a run on a terminal. Looks back over a
// bounded number of messages.
Result<bool> begins_within_pty_run(const Pool& pool, uint64_t seq);

}  // namespace plasmite
