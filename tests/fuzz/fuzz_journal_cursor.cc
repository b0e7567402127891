// Arbitrary bytes as a checkpoint of a journal: a cursor or none, and what is said of two of them
// agrees; and what it says of other series comes out as it went in.
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "sources/journal/journal_cursor.h"
#include "sources/journal/journal_series.h"
#include "tests/fuzz/fuzz_input.h"

namespace plasmite {
namespace {

void check_checkpoint(std::string_view text) {
  const std::string cursor(JournalSeries::cursor_of(text));
  const auto position = JournalCursor::parse(cursor);
  if (!position) return;
  JournalSeries series;
  series.load(text, *position, {});
  PLASMITE_CHECK(series.has_read(*position));
  const std::string stored = series.checkpoint(cursor);
  PLASMITE_CHECK(stored.size() <= kMaxJournalCursorBytes || stored.size() <= cursor.size() + 4);
  PLASMITE_CHECK(JournalSeries::cursor_of(stored) == cursor);
  JournalSeries again;
  again.load(stored, *position, {});
  PLASMITE_CHECK(again.checkpoint(cursor) == stored);
}

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
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  plasmite::check(text);
  plasmite::check_checkpoint(text);
  return 0;
}
