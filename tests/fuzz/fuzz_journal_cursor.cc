// Arbitrary bytes as a stored position of a journal: a cursor or none, and what is said of two of
// them agrees.
#include <string_view>

#include "core/base/check.h"
#include "sources/journal/journal_cursor.h"
#include "tests/fuzz/fuzz_input.h"

namespace plasmite {
namespace {

void check(std::string_view text) {
  const auto whole = JournalCursor::parse(text);
  if (!whole) return;
  PLASMITE_CHECK(text.size() <= kMaxJournalCursorBytes);
  const JournalCursor& cursor = *whole;
  PLASMITE_CHECK(is_same_entry(cursor, cursor));
  PLASMITE_CHECK(!is_later_entry(cursor, cursor, cursor.boot_id));
  PLASMITE_CHECK(!entries_between(cursor, cursor));
  JournalCursor next = cursor;
  if (++next.seqnum == 0) return;
  next.xor_hash ^= 1;
  PLASMITE_CHECK(!is_same_entry(cursor, next));
  PLASMITE_CHECK(is_later_entry(next, cursor, {}) && !is_later_entry(cursor, next, {}));
  PLASMITE_CHECK(entries_between(cursor, next) == 0u);
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
