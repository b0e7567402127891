#include "sources/journal/journal_reader.h"

#include <sys/stat.h>
#include <systemd/sd-id128.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "sources/journal/journal_fault_guard.h"

namespace plasmite {

namespace {

constexpr size_t kMaxTracked = 16;

class EntryFields : public JournalFields {
 public:
  explicit EntryFields(sd_journal* journal) : journal_(journal) {}
  int next(std::string_view& field) override {
    const void* data = nullptr;
    size_t size = 0;
    const int got = sd_journal_enumerate_available_data(journal_, &data, &size);
    if (got > 0) field = {static_cast<const char*>(data), size};
    return got;
  }
  void restart() override { sd_journal_restart_data(journal_); }

 private:
  sd_journal* journal_;
};

// Which of the folders are there, one bit each. sd-journal does not notice one that comes later.
unsigned existing_roots(const JournalPlace& place) {
  if (place.kind == JournalPlace::Kind::directory || place.kind == JournalPlace::Kind::files)
    return 0;
  unsigned roots = 0;
  struct stat status = {};
  if (::stat("/run/log/journal", &status) == 0) roots |= 1;
  if (::stat("/var/log/journal", &status) == 0) roots |= 2;
  return roots;
}

JournalId find_current_boot(const JournalPlace& place) {
  // A folder may hold journals of other machines, whose boots say nothing about ours.
  if (place.kind == JournalPlace::Kind::directory || place.kind == JournalPlace::Kind::files)
    return {};
  sd_id128_t id;
  char digits[SD_ID128_STRING_MAX];
  if (sd_id128_get_boot(&id) < 0) return {};
  return parse_journal_id(sd_id128_to_string(id, digits)).value_or(JournalId{});
}

Error truncated_error() {
  return Error(ErrorKind::Corrupt, "a journal file was truncated while it was read")
      .with_hint("journalctl --verify tells which file is damaged.");
}

}  // namespace

JournalReader::JournalReader(JournalOptions options, JournalReaderSettings settings)
    : options_(std::move(options)),
      settings_(std::move(settings)),
      current_boot_(settings_.current_boot ? *settings_.current_boot
                                           : find_current_boot(options_.place)),
      encoder_(settings_.max_record_bytes, settings_.own_log) {}

JournalReader::~JournalReader() {
  const JournalFaultGuard guard;
  journal_.reset();
}

Result<std::unique_ptr<JournalReader>> JournalReader::open(JournalOptions options,
                                                           JournalReaderSettings settings) {
  std::unique_ptr<JournalReader> reader(new JournalReader(std::move(options), std::move(settings)));
  const JournalFaultGuard guard;
  if (auto opened = reader->open_handle(); !opened) return std::unexpected(opened.error());
  if (auto used = reader->use_matches(); !used) return std::unexpected(used.error());
  if (guard.faulted()) return std::unexpected(truncated_error());
  return reader;
}

Result<void> JournalReader::open_handle() {
  journal_.reset();
  auto files = require_journal_files(options_.place);
  if (!files) return std::unexpected(files.error());
  roots_ = existing_roots(options_.place);
  auto journal = open_journal(options_.place, settings_.watched);
  if (!journal) return std::unexpected(journal.error());
  files_ = *files;
  journal_ = std::move(*journal);
  passed_over_ = false;
  return {};
}

Result<void> JournalReader::use_matches() {
  return add_journal_matches(journal_.get(), options_.matches);
}

Result<void> JournalReader::begin(std::string_view stored) {
  const JournalFaultGuard guard;
  Result<void> placed;
  const auto parsed = JournalCursor::parse(stored);
  if (!stored.empty() && parsed) {
    position_ = stored;
    last_ = *parsed;
    track(last_);
    placed = resume();
  } else {
    is_garbled_ = !stored.empty();
    placed = start();
  }
  if (placed && guard.faulted()) return std::unexpected(truncated_error());
  return placed;
}

Result<void> JournalReader::recover() {
  const JournalFaultGuard guard;
  auto recovered = recover_unguarded();
  if (recovered && guard.faulted()) return std::unexpected(truncated_error());
  return recovered;
}

Result<void> JournalReader::recover_unguarded() {
  error_.reset();
  suspicious_ = true;
  if (auto opened = open_handle(); !opened) return opened;
  if (auto used = use_matches(); !used) return used;
  return place_again();
}

JournalReader::Step JournalReader::next() {
  const JournalFaultGuard guard;
  const Step step = advance();
  // What was read from a page that is not there is no entry.
  if (guard.faulted()) return fail(truncated_error());
  if (has_entry_) settle();
  return step;
}

JournalReader::Step JournalReader::fail(Error error) {
  error_ = std::move(error);
  gap_.reset();
  return Step::failed;
}

JournalReader::Step JournalReader::advance() {
  gap_.reset();
  has_entry_ = false;
  for (;;) {
    const int moved = sd_journal_next(journal_.get());
    if (moved < 0) return fail(journal_error(moved, "cannot go on reading the journal"));
    if (moved == 0) {
      // Somebody may have written before what sd-journal passed over on our behalf.
      if (!passed_over_ || !has_changed_ || position_.empty()) return at_end();
      has_changed_ = false;
      passed_over_ = false;
      if (auto placed = place_again(); !placed) return fail(placed.error());
      continue;
    }
    if (!read_cursor()) {
      tracked_.clear();  // the number of this one is not known
      return Step::unreadable;
    }
    if (is_unwanted(cursor_)) continue;
    missing_here_ = options_.matches.empty() ? missing_before(cursor_).value_or(0) : 0;
    if (may_hide_others(cursor_) && !std::exchange(looked_again_, true)) {
      if (auto looked = look_again(); !looked) return fail(looked.error());
      continue;
    }
    looked_again_ = false;
    has_entry_ = true;
    return encode();
  }
}

JournalReader::Step JournalReader::at_end() {
  has_changed_ = false;
  suspicious_ = false;  // what goes away from here on has been read
  missing_ = 0;
  return Step::end;
}

bool JournalReader::read_cursor() {
  char* text = nullptr;
  if (sd_journal_get_cursor(journal_.get(), &text) < 0) return false;
  cursor_text_.assign(text);
  std::free(text);
  const auto parsed = JournalCursor::parse(cursor_text_);
  if (parsed) cursor_ = *parsed;
  return parsed.has_value();
}

// Entries that sd-journal returns, though they are older than the position.
bool JournalReader::is_unwanted(const JournalCursor& cursor) {
  bool unwanted = false;
  if (scan_behind_ && !is_later_entry(cursor, *scan_behind_, current_boot_)) unwanted = true;
  // Once there are entries of this boot, those of earlier ones are old, whatever their time says.
  if (!position_.empty() && current_boot_ != JournalId{} && last_.boot_id == current_boot_ &&
      cursor.boot_id != current_boot_)
    unwanted = true;
  if (unwanted) {
    passed_over_ = true;
    // It is no loss either.
    const Tracked* known = tracked(cursor.seqnum_id);
    if (known && known->seqnum < cursor.seqnum) track(cursor);
  }
  if (not_before_us_) {
    if (cursor.realtime_us < *not_before_us_) return true;
    not_before_us_.reset();
  }
  return unwanted;
}

// How many numbers lie between what was read last and this entry; none: nobody can know.
// journald gives out numbers from one counter, but the files of each user are a series of their
// own. So the numbers of a series have holes, which the other series fill.
std::optional<uint64_t> JournalReader::missing_before(const JournalCursor& cursor) const {
  if (!position_.empty() && entries_between(last_, cursor) == 0) return 0;
  // Each namespace has a counter of its own.
  const std::string& name_space = options_.place.name_space;
  const bool has_one_counter = name_space != "*" && !name_space.starts_with('+');
  if (!has_one_counter || !files_.all_readable()) return std::nullopt;
  std::optional<uint64_t> before;
  if (const Tracked* known = tracked(cursor.seqnum_id)) before = known->seqnum;
  // Machines that send their journals into one folder have different boots.
  if (!position_.empty() && last_.boot_id == cursor.boot_id)
    before = std::max(before.value_or(0), last_.seqnum);
  if (!before) return std::nullopt;
  return cursor.seqnum > *before ? cursor.seqnum - *before - 1 : 0;
}

// Files vanish as a whole, and so what is missing is missing before the first entry of a file.
// Within one, numbers may be left out without a loss: journald 252 begins to count at the last
// number of each file when it restarts.
bool JournalReader::is_head(const JournalCursor& cursor) const {
  const JournalFiles::Head head{.seqnum_id = cursor.seqnum_id, .seqnum = cursor.seqnum};
  return std::ranges::find(files_.heads, head) != files_.heads.end();
}

// sd-journal asks one file after the other, so that of two entries that are written to two files
// meanwhile it may see the second alone, and it does not open a file that journald is just
// creating. Both would be passed over for good if we did not go back. A jump in the numbers tells;
// with matches they always jump, but what is older than an entry that was seen before is there.
bool JournalReader::may_hide_others(const JournalCursor& cursor) const {
  if (options_.matches.empty()) return missing_here_ > 0;
  if (!seen_newest_ || is_later_entry(cursor, *seen_newest_, current_boot_)) return true;
  return is_tied(cursor, *seen_newest_) && !is_same_entry(cursor, *seen_newest_);
}

Result<void> JournalReader::look_again() {
  if (!options_.matches.empty()) {
    auto newest = read_newest_of_all();
    if (!newest) return std::unexpected(newest.error());
    seen_newest_ = *newest;
  }
  // Only now, so that every file is known in which something older may be.
  const int result = sd_journal_process(journal_.get());
  if (result < 0) return std::unexpected(journal_error(result, "cannot watch the journal"));
  if (result != SD_JOURNAL_NOP) has_changed_ = true;
  if (result == SD_JOURNAL_INVALIDATE) suspicious_ = true;
  return suspicious_ ? recover_unguarded() : place_again();
}

JournalReader::Step JournalReader::encode() {
  EntryFields fields(journal_.get());
  switch (encoder_.encode(cursor_text_, cursor_, fields)) {
    case JournalEncoder::Outcome::record:
      return Step::entry;
    case JournalEncoder::Outcome::own_log:
      return Step::own_log;
    case JournalEncoder::Outcome::unreadable:
      return Step::unreadable;
    case JournalEncoder::Outcome::oversize:
      break;
  }
  return Step::oversize;
}

// The entry counts as read from here on.
void JournalReader::settle() {
  note_gap();
  std::swap(position_, cursor_text_);
  last_ = cursor_;
  track(cursor_);
}

void JournalReader::note_gap() {
  std::optional<uint64_t> count;
  bool is_gap = is_garbled_;
  if (suspicious_) missing_ += missing_here_;
  if (missing_here_ > 0 && missing_ > 0 && (is_gone_ || is_head(cursor_))) {
    is_gap = true;
    count = std::exchange(missing_, 0);
  } else if (is_gone_) {
    is_gap = missing_before(cursor_) != 0;
  }
  if (is_gap) {
    const bool is_damage = is_garbled_ || files_.damaged > 0;
    gap_ = {.reason = is_damage ? "damage" : "retention",
            .count = count,
            .from = position_,
            .to = cursor_text_};
  }
  is_gone_ = false;
  is_garbled_ = false;
}

const JournalReader::Tracked* JournalReader::tracked(const JournalId& seqnum_id) const {
  const auto known = std::ranges::find(tracked_, seqnum_id, &Tracked::seqnum_id);
  return known == tracked_.end() ? nullptr : &*known;
}

void JournalReader::track(const JournalCursor& cursor) {
  const auto known = std::ranges::find(tracked_, cursor.seqnum_id, &Tracked::seqnum_id);
  if (known != tracked_.end()) {
    known->seqnum = cursor.seqnum;
    return;
  }
  if (tracked_.size() == kMaxTracked) tracked_.erase(tracked_.begin());
  tracked_.push_back({.seqnum_id = cursor.seqnum_id, .seqnum = cursor.seqnum});
}

std::optional<JournalGap> JournalReader::take_gap() { return std::exchange(gap_, std::nullopt); }

int JournalReader::fd() const { return sd_journal_get_fd(journal_.get()); }

short JournalReader::events() const {
  const int events = sd_journal_get_events(journal_.get());
  return static_cast<short>(events < 0 ? 0 : events);
}

std::optional<uint64_t> JournalReader::deadline_us() const {
  uint64_t deadline = 0;
  const int result = sd_journal_get_timeout(journal_.get(), &deadline);
  if (result < 0 || deadline == UINT64_MAX) return std::nullopt;
  return deadline;
}

Result<bool> JournalReader::process() {
  const JournalFaultGuard guard;
  const int result = sd_journal_process(journal_.get());
  if (guard.faulted()) return std::unexpected(truncated_error());
  if (result < 0) return std::unexpected(journal_error(result, "cannot watch the journal"));
  if (result == SD_JOURNAL_NOP) return false;
  has_changed_ = true;
  if (result != SD_JOURNAL_INVALIDATE) return true;
  suspicious_ = true;
  if (existing_roots(options_.place) != roots_) {
    if (auto recovered = recover_unguarded(); !recovered) return std::unexpected(recovered.error());
  } else if (auto files = look_at_journal_files(options_.place)) {
    files_ = *files;
  }
  return true;
}

}  // namespace plasmite
