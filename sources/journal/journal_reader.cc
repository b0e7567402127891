#include "sources/journal/journal_reader.h"

#include <sys/stat.h>
#include <systemd/sd-id128.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "sources/journal/journal_entry_fields.h"
#include "sources/journal/journal_fault_guard.h"

namespace plasmite {

namespace {

// The folders and files that are named, by their devices and inodes, 0 for what is not there.
// sd-journal does not notice one that comes later, or in the place of another.
std::vector<uint64_t> look_at_places(const JournalPlace& place) {
  static const std::vector<std::string> kRoots = {"/run/log/journal", "/var/log/journal"};
  const bool is_named =
      place.kind == JournalPlace::Kind::directory || place.kind == JournalPlace::Kind::files;
  std::vector<uint64_t> found;
  for (const std::string& path : is_named ? place.paths : kRoots) {
    struct stat status = {};
    const bool is_there = ::stat(path.c_str(), &status) == 0;
    found.push_back(is_there ? status.st_dev : 0);
    found.push_back(is_there ? status.st_ino : 0);
  }
  return found;
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
  rest_.reset();
  alone_.clear();
  journal_.reset();
}

Result<std::unique_ptr<JournalReader>> JournalReader::open(JournalOptions options,
                                                           JournalReaderSettings settings) {
  std::unique_ptr<JournalReader> reader(new JournalReader(std::move(options), std::move(settings)));
  const JournalFaultGuard guard;
  if (auto opened = reader->open_handle(); !opened) return std::unexpected(opened.error());
  auto expression = JournalExpression::create(reader->options_.matches);
  if (!expression) return std::unexpected(expression.error());
  reader->expression_ = std::move(*expression);
  if (auto used = reader->use_matches(); !used) return std::unexpected(used.error());
  if (guard.faulted()) return std::unexpected(truncated_error());
  return reader;
}

Result<void> JournalReader::open_handle() {
  rest_.reset();
  alone_.clear();
  journal_.reset();
  auto files = require_journal_files(options_.place);
  if (!files) return std::unexpected(files.error());
  places_ = look_at_places(options_.place);
  auto journal = open_journal(options_.place, is_watched());
  if (!journal) return std::unexpected(journal.error());
  files_ = *files;
  journal_ = std::move(*journal);
  must_reopen_ = false;
  has_changed_ = true;
  return {};
}

Result<void> JournalReader::use_matches() { return expression_.add_to(journal_.get()); }

Result<void> JournalReader::begin(std::string_view checkpoint) {
  const JournalFaultGuard guard;
  Result<void> placed;
  const std::string_view stored = JournalSeries::cursor_of(checkpoint);
  const auto parsed = JournalCursor::parse(stored);
  if (!stored.empty() && parsed) {
    position_ = stored;
    last_ = *parsed;
    series_.load(checkpoint, last_, current_boot_);
    series_.see(files_.ranges);
    const bool is_of_run =
        files_.is_runtime(last_.seqnum_id) ||
        (!files_.has(last_.seqnum_id) && is_told_of_all() && last_.boot_id == current_boot_);
    if (is_of_run) flushed_ = last_;
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
  is_jump_known_ = true;
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
  if (std::exchange(must_look_for_loss_, false) && !position_.empty())
    if (auto looked = resume(); !looked) return fail(looked.error());
  for (;;) {
    const int moved = sd_journal_next(source());
    if (moved < 0) return fail(journal_error(moved, "cannot go on reading the journal"));
    if (moved > 0 && !read_cursor(source())) {
      is_jump_known_ = false;
      return Step::unreadable;
    }
    if (moved == 0 || (rest_ && cursor_.seqnum > rest_until_)) {
      auto more = read_rest();
      if (!more) return fail(more.error());
      if (!*more) return at_end();
      continue;
    }
    missing_here_ = 0;
    // Almost every entry is the next one of the series before, and there is nothing to ask.
    const bool is_plain = series_.is_next(cursor_) && !flushed_ && !not_before_us_;
    if (!is_plain) {
      if (is_unwanted(cursor_)) continue;
      auto skips = skips_others(cursor_);
      if (!skips) return fail(skips.error());
      if (*skips) continue;
      if (options_.matches.empty()) missing_here_ = missing_before(cursor_).value_or(0);
    }
    if (!std::exchange(is_jump_known_, true)) missing_here_ = 0;
    // What lies before an entry of the rest was read.
    if (missing_here_ > 0 && !rest_ && !std::exchange(looked_again_, true)) {
      if (auto looked = look_again(); !looked) return fail(looked.error());
      continue;
    }
    looked_again_ = false;
    has_entry_ = true;
    return encode();
  }
}

JournalReader::Step JournalReader::at_end() {
  suspicious_ = false;  // what goes away from here on has been read
  missing_ = 0;
  return Step::end;
}

bool JournalReader::read_cursor(sd_journal* journal) {
  char* text = nullptr;
  if (sd_journal_get_cursor(journal, &text) < 0) return false;
  cursor_text_.assign(text);
  std::free(text);
  const auto parsed = JournalCursor::parse(cursor_text_);
  // What was read from a page that is not there must not become known.
  if (!parsed || JournalFaultGuard::faulted()) return false;
  cursor_ = *parsed;
  return true;
}

// Entries that sd-journal returns, though they were read before or are older than the start. They
// are no loss either.
bool JournalReader::is_unwanted(const JournalCursor& cursor) {
  if (series_.has_read(cursor)) {
    if (!series_.last_number(cursor.seqnum_id)) series_.note(cursor);
    return true;
  }
  if (is_copy(cursor)) {
    series_.note(cursor);
    return true;
  }
  if (not_before_us_) {
    if (cursor.realtime_us < *not_before_us_) return true;
    not_before_us_.reset();
  }
  return false;
}

// journald moves what it wrote to /run early in a boot to /var, with other numbers.
bool JournalReader::is_copy(const JournalCursor& cursor) const {
  return flushed_ && cursor.boot_id == flushed_->boot_id &&
         cursor.monotonic_us <= flushed_->monotonic_us && !files_.is_runtime(cursor.seqnum_id);
}

// How many numbers lie between what was read last and this entry; none: nobody can know.
// journald gives out numbers from one counter, but the files of each user are a series of their
// own. So the numbers of a series have holes, which the other series fill.
std::optional<uint64_t> JournalReader::missing_before(const JournalCursor& cursor) const {
  if (!position_.empty() && entries_between(last_, cursor) == 0) return 0;
  // Each namespace has a counter of its own, and of files that were chosen nobody knows what
  // others there are.
  const std::string& name_space = options_.place.name_space;
  const bool has_one_counter = name_space != "*" && !name_space.starts_with('+') &&
                               options_.place.kind != JournalPlace::Kind::files;
  if (!has_one_counter || !files_.all_readable()) return std::nullopt;
  const auto known = series_.last_number(cursor.seqnum_id);
  // Machines that send their journals into one folder have different boots. What others have
  // written between two boots of one nobody knows.
  const bool is_same_boot = !position_.empty() && last_.boot_id == cursor.boot_id;
  if (!is_same_boot && (!known || !files_.are_of_one_series())) return std::nullopt;
  const uint64_t before = std::max(known.value_or(0), is_same_boot ? last_.seqnum : 0);
  if (cursor.seqnum > before + 1)
    return cursor.seqnum - before - 1 - elsewhere_between(before, cursor.seqnum);
  if (cursor.seqnum > before) return 0;
  // Of a series that begins below the number before it nobody knows.
  return known ? std::optional<uint64_t>(0) : std::nullopt;
}

// How many of the numbers between the two are in files that sd-journal puts elsewhere in its order.
uint64_t JournalReader::elsewhere_between(uint64_t before, uint64_t number) const {
  uint64_t count = 0;
  for (const JournalFiles::Range& file : files_.ranges)
    if (file.first.seqnum > before && file.last.seqnum < number)
      count += file.last.seqnum - file.first.seqnum + 1;
  return std::min(count, number - before - 1);
}

// Files vanish as a whole, and so what is missing is missing before the first entry of a file.
// Within one, numbers may be left out without a loss: journald 252 begins to count at the last
// number of each file when it restarts.
bool JournalReader::is_head(const JournalCursor& cursor) const {
  return std::ranges::any_of(files_.ranges, [&](const JournalFiles::Range& file) {
    return file.first.seqnum_id == cursor.seqnum_id && file.first.seqnum == cursor.seqnum;
  });
}

// A jump in the numbers does not mean that entries are lost. sd-journal asks one file after the
// other, so that of two entries that are written to two files meanwhile it may see the second
// alone, and it does not open a file that journald is just creating. Who went on would read them
// later, in another order, and count them as missing before.
Result<void> JournalReader::look_again() {
  const int result = sd_journal_process(journal_.get());
  if (result < 0) return std::unexpected(journal_error(result, "cannot watch the journal"));
  has_changed_ = true;
  if (result == SD_JOURNAL_INVALIDATE) suspicious_ = must_reopen_ = true;
  return must_reopen_ ? recover_unguarded() : place_again();
}

JournalReader::Step JournalReader::encode() {
  EntryFields fields(source());
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
  series_.note(cursor_);
  if (files_.runtime > 0 && files_.is_runtime(cursor_.seqnum_id)) flushed_ = cursor_;
}

void JournalReader::note_gap() {
  std::optional<uint64_t> count;
  bool is_gap = is_garbled_;
  if (suspicious_) missing_ += missing_here_;
  if (missing_here_ > 0 && missing_ > 0 && (is_gone_ || is_head(cursor_))) {
    is_gap = true;
    count = std::exchange(missing_, 0);
  } else if (is_gone_) {
    count = gone_count_;
    is_gap = count || missing_before(cursor_) != 0;
  }
  if (is_gap) {
    const bool is_damage = is_garbled_ || files_.damaged > 0;
    gap_ = {.reason = is_damage ? "damage" : "retention",
            .count = count,
            .from = position_,
            .to = cursor_text_};
  }
  is_gone_ = false;
  gone_count_.reset();
  is_garbled_ = false;
}

std::optional<JournalGap> JournalReader::take_gap() { return std::exchange(gap_, std::nullopt); }

// Asked for any of these, sd-journal would begin to watch.

int JournalReader::fd() const { return is_watched() ? sd_journal_get_fd(journal_.get()) : -1; }

short JournalReader::events() const {
  if (!is_watched()) return 0;
  const int events = sd_journal_get_events(journal_.get());
  return static_cast<short>(events < 0 ? 0 : events);
}

std::optional<uint64_t> JournalReader::deadline_us() const {
  if (!is_watched()) return std::nullopt;
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
  const bool is_replaced = look_at_places(options_.place) != places_;
  if (result == SD_JOURNAL_NOP && !is_replaced && is_watched()) return false;
  has_changed_ = true;
  if (result != SD_JOURNAL_INVALIDATE && !is_replaced) return true;
  suspicious_ = true;
  alone_.clear();
  // Not at once: what it still has open can be read to its end.
  must_reopen_ = must_reopen_ || is_replaced;
  if (auto files = look_at_journal_files(options_.place)) files_ = *files;
  must_look_for_loss_ = !options_.matches.empty();
  if (guard.faulted()) return std::unexpected(truncated_error());
  return true;
}

}  // namespace plasmite
