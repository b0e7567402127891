#include "sources/journal/journal_series.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <iterator>
#include <tuple>
#include <utility>

namespace plasmite {

namespace {

constexpr std::string_view kPart = ";p=";
constexpr size_t kKeyDigits = 10;
constexpr size_t kMostSeries = 1024;  // known ones; more only if so many are there

std::optional<uint64_t> parse_hex(std::string_view digits) {
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string hex(uint64_t value, size_t width) {
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  std::string text(digits.data(), end);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

}  // namespace

std::string_view JournalSeries::cursor_of(std::string_view checkpoint) {
  return checkpoint.substr(0, std::min(checkpoint.find(kPart), checkpoint.size()));
}

void JournalSeries::load(std::string_view checkpoint, const JournalCursor& position,
                         const JournalId& current_boot) {
  *this = {};
  current_boot_ = current_boot;
  std::string_view list = checkpoint.substr(cursor_of(checkpoint).size());
  bool is_complete = list.starts_with(kPart) && !list.ends_with('+');
  if (!list.empty()) list.remove_prefix(kPart.size());
  if (list.ends_with('+')) list.remove_suffix(1);
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(item.size() + 1, list.size()));
    const auto key = parse_hex(item.substr(0, kKeyDigits));
    const bool is_item = item.size() > kKeyDigits + 1 && item[kKeyDigits] == '.';
    const auto number = is_item ? parse_hex(item.substr(kKeyDigits + 1)) : std::nullopt;
    if (!key || !number) {
      is_complete = false;
      continue;
    }
    // In the order of the list, which has the latest first.
    Known& known = known_[*key];
    known.last.seqnum = *number;
    known.noted_at = kMostSeries - known_.size();
  }
  notes_ = kMostSeries;
  note(position);
  if (!is_complete) others_behind_ = position;
}

std::string JournalSeries::checkpoint(const std::string& cursor, bool without_last) const {
  const auto parsed = JournalCursor::parse(cursor);
  if (!parsed) return cursor;
  struct Item {
    Key key;
    uint64_t number;
    uint64_t noted_at;
    bool is_there;
  };
  std::vector<Item> items;
  for (const auto& [key, known] : known_) {
    const bool is_undone = without_last && key == last_key_;
    const uint64_t number = is_undone ? number_before_.value_or(0) : known.last.seqnum;
    // The position says it, unless it is not the last one that was read of its series.
    const uint64_t said = key == key_of(parsed->seqnum_id) ? parsed->seqnum : 0;
    if (number <= said) continue;
    items.push_back({.key = key,
                     .number = number,
                     .noted_at = known.noted_at,
                     .is_there = there_.empty() || there_.contains(key)});
  }
  std::ranges::sort(items, std::ranges::greater(),
                    [](const Item& item) { return std::pair(item.is_there, item.noted_at); });
  std::string text = cursor + std::string(kPart);
  bool is_complete = !others_behind_;
  std::string_view separator = "";
  for (const Item& item : items) {
    const std::string part = hex(item.key, kKeyDigits) + "." + hex(item.number, 1);
    if (text.size() + separator.size() + part.size() + 1 > kMaxJournalCursorBytes) {
      is_complete = is_complete && !item.is_there;
      break;
    }
    text.append(separator).append(part);
    separator = ",";
  }
  if (!is_complete) text += '+';
  return text;
}

void JournalSeries::note(const JournalCursor& entry) {
  const Key key = key_of(entry.seqnum_id);
  if (!last_known_ || key != last_key_) {
    const auto [known, is_new] = known_.try_emplace(key);
    last_key_ = key;
    last_known_ = &known->second;
    number_before_.reset();
    if (is_new)
      there_.insert(key);  // in a file that has come since somebody looked
    else
      number_before_ = last_known_->last.seqnum;
  } else {
    number_before_ = last_known_->last.seqnum;
  }
  last_known_->noted_at = ++notes_;
  if (entry.seqnum > last_known_->last.seqnum) last_known_->last = entry;
}

const JournalSeries::Known* JournalSeries::find(const JournalId& seqnum_id) const {
  const Key key = key_of(seqnum_id);
  if (last_known_ && key == last_key_) return last_known_;
  const auto known = known_.find(key);
  return known == known_.end() ? nullptr : &known->second;
}

bool JournalSeries::has_read(const JournalCursor& entry) const {
  if (const Known* known = find(entry.seqnum_id)) return entry.seqnum <= known->last.seqnum;
  return is_behind(entry) && !is_tied(entry, *others_behind_);
}

// Of a series that is not known.
bool JournalSeries::is_behind(const JournalCursor& entry) const {
  return others_behind_ && !is_later_entry(entry, *others_behind_, current_boot_);
}

std::optional<uint64_t> JournalSeries::last_number(const JournalId& seqnum_id) const {
  const Known* known = find(seqnum_id);
  return known ? std::optional(known->last.seqnum) : std::nullopt;
}

std::vector<JournalFiles::Range> JournalSeries::unread(
    const std::vector<JournalFiles::Range>& files) {
  see(files);
  forget_vanished();
  std::vector<JournalFiles::Range> unread;
  std::ranges::copy_if(files, std::back_inserter(unread),
                       [&](const auto& file) { return is_unread(file); });
  std::ranges::sort(unread, {}, [](const auto& file) {
    return std::tuple(file.first.seqnum_id.high, file.first.seqnum_id.low, file.first.seqnum);
  });
  return unread;
}

void JournalSeries::see(const std::vector<JournalFiles::Range>& files) {
  there_.clear();
  for (const JournalFiles::Range& file : files) there_.insert(key_of(file.first.seqnum_id));
}

bool JournalSeries::is_unread(const JournalFiles::Range& file) const {
  if (has_read(file.last) || (!find(file.last.seqnum_id) && is_behind(file.last))) return false;
  const auto vain = vain_.find(key_of(file.last.seqnum_id));
  constexpr int kEnough = 2;
  return vain == vain_.end() || vain->second.seqnum < file.last.seqnum ||
         vain->second.times < kEnough;
}

void JournalSeries::looked_in_vain(const JournalFiles::Range& file) {
  if (has_read(file.last)) return;
  Vain& vain = vain_[key_of(file.last.seqnum_id)];
  if (file.last.seqnum < vain.seqnum) return;  // a file before the last one
  vain.times = vain.seqnum == file.last.seqnum ? vain.times + 1 : 1;
  vain.seqnum = file.last.seqnum;
}

void JournalSeries::know_all(const std::vector<JournalFiles::Range>& files) {
  if (!others_behind_) return;
  for (const JournalFiles::Range& file : files)
    if (!find(file.last.seqnum_id) && is_behind(file.last)) note(file.last);
  others_behind_.reset();
}

void JournalSeries::forget_vanished() {
  if (known_.size() <= std::max(kMostSeries, 2 * there_.size())) return;
  std::erase_if(known_, [&](const auto& known) {
    return known.first != last_key_ && !there_.contains(known.first);
  });
  std::erase_if(vain_, [&](const auto& vain) { return !there_.contains(vain.first); });
}

}  // namespace plasmite
