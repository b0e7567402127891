#include "sources/journal/journal_encoder.h"

#include <systemd/sd-id128.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <utility>

#include "core/record/json_escape.h"
#include "core/record/utf8.h"
#include "sources/journal/journal_parts.h"
#include "sources/text_escape.h"

namespace plasmite {

namespace {

// Whatever else lies in a page may be read with it; sanitizers know of smaller bounds.
constexpr uintptr_t kPageBytes = 4096;
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PLASMITE_EXACT_READS 1
#endif
#endif
#ifdef PLASMITE_EXACT_READS
constexpr bool kMayReadBeyond = false;
#else
constexpr bool kMayReadBeyond = true;
#endif

// The digits of b= in the cursor.
std::string_view boot_digits(std::string_view cursor) {
  const size_t at = cursor.find(";b=", 34);  // behind s=
  return at == cursor.npos ? std::string_view() : cursor.substr(at + 3, 32);
}

}  // namespace

OwnLog OwnLog::of_this_process() {
  OwnLog own{.boot_id = {}, .pid = std::to_string(::getpid()), .invocation_id = {}};
  sd_id128_t boot;
  char digits[SD_ID128_STRING_MAX];
  if (sd_id128_get_boot(&boot) >= 0)
    own.boot_id = parse_journal_id(sd_id128_to_string(boot, digits)).value_or(JournalId{});
  else
    own.pid.clear();
  if (const char* invocation = std::getenv("INVOCATION_ID")) own.invocation_id = invocation;
  return own;
}

JournalEncoder::JournalEncoder(size_t max_record_bytes, OwnLog own_log)
    : max_record_bytes_(max_record_bytes), own_log_(std::move(own_log)) {
  names_.reserve(kMostNames);
}

JournalEncoder::Outcome JournalEncoder::encode(std::string_view cursor,
                                               const JournalCursor& position,
                                               JournalFields& fields) {
  begin_entry();
  is_own_boot_ = !own_log_.pid.empty() && position.boot_id == own_log_.boot_id;
  write_head(cursor, position);
  const size_t head_bytes = used_;
  switch (walk(fields)) {
    case Walk::own_log:
      return Outcome::own_log;
    case Walk::unreadable:
      return Outcome::unreadable;
    case Walk::by_parts:
      return encode_by_parts(fields, head_bytes);
    case Walk::done:
      break;
  }
  put("}");
  return used_ <= max_record_bytes_ ? Outcome::record : encode_by_parts(fields, head_bytes);
}

void JournalEncoder::begin_entry() {
  used_ = 0;
  const bool is_full = names_.size() == kMostNames;
  if (++entry_ != 0 && !is_full) return;
  // There are too many names, or the number came round and those of long ago would seem to be of
  // this entry.
  names_.clear();
  name_slots_.fill(0);
  first_name_ = 0;
  entry_ = 1;
}

void JournalEncoder::write_head(std::string_view cursor, const JournalCursor& position) {
  put("{\"__CURSOR\":\"");
  put(cursor);  // hex digits, letters, ';' and '=': nothing to escape
  char digits[24];
  const auto number = [&](uint64_t value) {
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    put({digits, static_cast<size_t>(end - digits)});
  };
  put("\",\"__REALTIME_TIMESTAMP\":\"");
  number(position.realtime_us);
  put("\",\"__MONOTONIC_TIMESTAMP\":\"");
  number(position.monotonic_us);
  put("\",\"_BOOT_ID\":\"");
  put(boot_digits(cursor));
  put("\"");
}

JournalEncoder::Walk JournalEncoder::walk(JournalFields& fields) {
  std::string_view field;
  int got = 0;
  uint32_t* guess = &first_name_;
  fields.restart();
  while ((got = fields.next(field)) > 0) {
    Name* name = recognise(field, *guess);
    if (name == nullptr) {
      if (names_.size() == kMostNames) return Walk::by_parts;
      continue;
    }
    guess = &name->next;
    if (name->kind == Name::Kind::boot) continue;
    if (std::exchange(name->entry, entry_) == entry_) return Walk::by_parts;  // it makes an array
    const std::string_view value = field.substr(name->field.size());
    if (is_own(name->kind, value)) return Walk::own_log;
    if (value.size() > max_record_bytes_ || used_ > max_record_bytes_) return Walk::by_parts;
    write_field(*name, value);
  }
  return got < 0 ? Walk::unreadable : Walk::done;
}

// Null: no field that journald would store, or there are too many names.
JournalEncoder::Name* JournalEncoder::recognise(std::string_view field, uint32_t& guess) {
  if (guess < names_.size() && field.starts_with(names_[guess].field)) return &names_[guess];
  const size_t equals = field.find('=');
  if (equals == field.npos) return nullptr;
  const uint32_t found = find_name(field.substr(0, equals), field);
  if (found == kMostNames) return nullptr;
  guess = found;
  return &names_[found];
}

// kMostNames: it is no name that journald would store, or there is no room for it.
uint32_t JournalEncoder::find_name(std::string_view name, std::string_view field) {
  const size_t hash = std::hash<std::string_view>()(name);
  for (size_t slot = hash % name_slots_.size();; slot = (slot + 1) % name_slots_.size()) {
    if (name_slots_[slot] == 0) {
      if (names_.size() == kMostNames || !is_journal_field(field, name.size())) return kMostNames;
      const auto index = static_cast<uint32_t>(names_.size());
      const std::string text(name);
      names_.push_back({.field = text + "=",
                        .head = ",\"" + text + "\":\"",
                        .kind = kind_of(name),
                        .entry = 0,
                        .next = index + 1});
      name_slots_[slot] = static_cast<uint16_t>(index + 1);
      return index;
    }
    const uint32_t index = name_slots_[slot] - 1u;
    if (names_[index].name() == name) return index;
  }
}

JournalEncoder::Name::Kind JournalEncoder::kind_of(std::string_view name) {
  if (name == "_BOOT_ID") return Name::Kind::boot;
  if (name == "_PID") return Name::Kind::pid;
  return name == "_SYSTEMD_INVOCATION_ID" ? Name::Kind::invocation : Name::Kind::other;
}

bool JournalEncoder::is_own(Name::Kind kind, std::string_view value) const {
  if (kind == Name::Kind::pid) return is_own_boot_ && value == own_log_.pid;
  return kind == Name::Kind::invocation && !own_log_.invocation_id.empty() &&
         value == own_log_.invocation_id;
}

// The same bytes where the escaper may read a little beyond their end: they may lie at the end of a
// mapping.
std::string_view JournalEncoder::padded(std::string_view value) {
  if (kMayReadBeyond && !value.empty()) {
    const auto last = reinterpret_cast<uintptr_t>(value.data() + value.size() - 1);
    if (last / kPageBytes == (last + kJsonPadding) / kPageBytes) return value;
  }
  if (value_.size() < value.size() + kJsonPadding) value_.resize(2 * (value.size() + kJsonPadding));
  std::memcpy(value_.data(), value.data(), value.size());
  return {value_.data(), value.size()};
}

void JournalEncoder::write_field(const Name& name, std::string_view value) {
  const std::string_view held = padded(value);
  need(name.head.size() + 6 * value.size() + kEscapeSlack + 1);
  char* const begin = out_.get() + used_;
  std::memcpy(begin, name.head.data(), name.head.size());
  used_ += name.head.size();
  const EscapedText escaped = escape_text(out_.get() + used_, {held});
  if (!escaped.non_ascii || is_utf8(held)) {
    *escaped.end = '"';
    used_ = static_cast<size_t>(escaped.end + 1 - out_.get());
    return;
  }
  std::string lossy;
  append_json_string_lossy(lossy, held);
  put(std::string_view(lossy).substr(1));
  put(",\"");
  put(name.name());
  put("_base64\":\"");
  put(base64_encode(held));
  put("\"");
}

JournalEncoder::Outcome JournalEncoder::encode_by_parts(JournalFields& fields, size_t head_bytes) {
  JournalParts parts(max_record_bytes_ - std::min(max_record_bytes_, head_bytes + 1));
  std::string_view field;
  int got = 0;
  fields.restart();
  while ((got = fields.next(field)) > 0) {
    const size_t equals = field.find('=');
    if (!is_journal_field(field, equals)) continue;
    const std::string_view name = field.substr(0, equals);
    const Name::Kind kind = kind_of(name);
    if (is_own(kind, field.substr(equals + 1))) return Outcome::own_log;
    if (kind != Name::Kind::boot) parts.add(name, field.substr(equals + 1));
  }
  if (got < 0) return Outcome::unreadable;
  used_ = head_bytes;
  const std::string text = parts.encode();
  put(text);
  put("}");
  return used_ <= max_record_bytes_ ? Outcome::record : Outcome::oversize;
}

void JournalEncoder::need(size_t bytes) {
  if (capacity_ - used_ >= bytes) return;
  const size_t capacity = std::max<size_t>(2 * capacity_, used_ + bytes + 4096);
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (used_ != 0) std::memcpy(larger.get(), out_.get(), used_);
  out_ = std::move(larger);
  capacity_ = capacity;
}

void JournalEncoder::put(std::string_view text) {
  need(text.size());
  std::memcpy(out_.get() + used_, text.data(), text.size());
  used_ += text.size();
}

}  // namespace plasmite
