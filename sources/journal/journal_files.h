// Looks at the files of a journal by itself: sd-journal passes over those that it may not read, or
// that are none, without a word. Thread-safety: free functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "sources/journal/journal_cursor.h"
#include "sources/journal/journal_options.h"

namespace plasmite {

struct JournalFiles {
  // What the header of a file that is not empty says of its entries. The last one may be about to
  // be written.
  struct Range {
    std::string path;
    JournalCursor first, last;  // of first only seqnum_id, seqnum and realtime_us are known
    bool is_runtime = false;    // it lies below /run
  };

  size_t readable = 0;
  size_t denied = 0;   // there, but not for us
  size_t runtime = 0;  // of the readable ones, below /run
  size_t damaged = 0;  // no journal files, or shorter than they say
  std::string first_denied = {}, first_damaged = {};
  std::vector<Range> ranges = {};  // of those that are readable and not empty

  // All entries there are can be read: what is missing in their numbers is missing in the journal.
  bool all_readable() const { return denied == 0; }
  bool is_runtime(const JournalId& seqnum_id) const;  // the series has a file below /run
  bool has(const JournalId& seqnum_id) const;
  bool are_of_one_series() const;
};

// NotFound: a folder or file that is named does not exist. No file at all in folders is no error
// here.
Result<JournalFiles> look_at_journal_files(const JournalPlace& place);

// The same, but it is an error if there is nothing to read: Permission, with the group to join;
// NotFound; Corrupt.
Result<JournalFiles> require_journal_files(const JournalPlace& place);

// Whether the place is that of more than one journald: "*" or "+name".
bool has_several_namespaces(const JournalPlace& place);

// The namespaces of such a place that are there now, each as a place of its own, in the order of
// their names; the default one, as Kind::local, comes first, and even if it is not there.
std::vector<JournalPlace> split_namespaces(const JournalPlace& place);

}  // namespace plasmite
