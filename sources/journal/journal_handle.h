// An open sd-journal with its matches set. Not thread-safe; sd-journal even wants to stay in one
// thread.
#pragma once

#include <systemd/sd-journal.h>

#include <memory>

#include "core/base/error.h"
#include "sources/journal/journal_options.h"

namespace plasmite {

struct CloseJournal {
  void operator()(sd_journal* journal) const { sd_journal_close(journal); }
};
using JournalHandle = std::unique_ptr<sd_journal, CloseJournal>;

// With `watched` ready to be told of changes; without matches, placed nowhere yet.
Result<JournalHandle> open_journal(const JournalPlace& place, bool watched);

// A negative return value of sd-journal as an error.
Error journal_error(int result, std::string what);

}  // namespace plasmite
