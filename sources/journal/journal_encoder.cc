#include "sources/journal/journal_encoder.h"

#include <systemd/sd-id128.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "core/record/json_escape.h"
#include "core/record/utf8.h"
#include "sources/journal/journal_parts.h"
#include "sources/text_escape.h"

namespace plasmite {

namespace {

constexpr std::string_view kBootField = "_BOOT_ID";

// The digits of b= in the cursor.
std::string_view boot_digits(std::string_view cursor) {
  const size_t at = cursor.find(";b=");
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
    : max_record_bytes_(max_record_bytes), own_log_(std::move(own_log)) {}

JournalEncoder::Outcome JournalEncoder::encode(std::string_view cursor,
                                               const JournalCursor& position,
                                               JournalFields& fields) {
  used_ = 0;
  if (++entry_ ==
      0) {  // the number came round: names of long ago must not seem to be of this entry
    names_.fill({});
    entry_ = 1;
  }
  names_used_ = 0;
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

void JournalEncoder::write_head(std::string_view cursor, const JournalCursor& position) {
  put("{\"__CURSOR\":\"");
  need(6 * cursor.size());
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
  fields.restart();
  while ((got = fields.next(field)) > 0) {
    const size_t equals = field.find('=');
    if (!is_journal_field(field, equals)) continue;
    // The bytes may lie at the end of a mapping; the escaper reads a little further.
    if (field.size() > max_record_bytes_) return Walk::by_parts;
    if (field_.size() < field.size() + kJsonPadding)
      field_.resize(2 * (field.size() + kJsonPadding));
    std::memcpy(field_.data(), field.data(), field.size());
    const std::string_view held(field_.data(), field.size());
    if (is_own(held.substr(0, equals), held.substr(equals + 1))) return Walk::own_log;
    if (!write_field(held, equals)) return Walk::by_parts;
  }
  return got < 0 ? Walk::unreadable : Walk::done;
}

bool JournalEncoder::is_own(std::string_view name, std::string_view value) const {
  if (name.front() != '_') return false;
  if (name == "_PID") return is_own_boot_ && value == own_log_.pid;
  return name == "_SYSTEMD_INVOCATION_ID" && !own_log_.invocation_id.empty() &&
         value == own_log_.invocation_id;
}

bool JournalEncoder::write_field(std::string_view field, size_t name_length) {
  const std::string_view name = field.substr(0, name_length);
  if (name == kBootField) return true;
  if (used_ > max_record_bytes_) return false;
  need(6 * field.size() + 16 + 2 * kEscapeSlack);
  std::memcpy(out_.get() + used_, ",\"", 2);
  const size_t at = used_ + 2;
  const EscapedText escaped = escape_text(out_.get() + at, {name});
  const size_t written = static_cast<size_t>(escaped.end - (out_.get() + at));
  if (written != name.size() || escaped.non_ascii)
    return false;  // no name that journald would store
  if (!remember_name(name, at)) return false;
  used_ = at + name.size();
  std::memcpy(out_.get() + used_, "\":\"", 3);
  used_ += 3;
  write_value(name, field.substr(name_length + 1));
  return true;
}

void JournalEncoder::write_value(std::string_view name, std::string_view value) {
  char* const begin = out_.get() + used_;
  const EscapedText escaped = escape_text(begin, {value});
  if (!escaped.non_ascii || is_utf8(value)) {
    used_ = static_cast<size_t>(escaped.end - out_.get());
    put("\"");
    return;
  }
  std::string lossy;
  append_json_string_lossy(lossy, value);
  put(std::string_view(lossy).substr(1));
  put(",\"");
  put(name);
  put("_base64\":\"");
  put(base64_encode(value));
  put("\"");
}

// A name that is in the table twice makes an array. An entry may have more names than the table has
// room for.
bool JournalEncoder::remember_name(std::string_view name, size_t at) {
  if (names_used_ >= names_.size() / 2) return false;
  uint64_t first = 0;
  uint64_t last = 0;
  const size_t some = std::min<size_t>(name.size(), sizeof first);
  std::memcpy(&first, name.data(), some);
  std::memcpy(&last, name.data() + name.size() - some, some);
  const uint64_t hash = (first ^ (last << 1) ^ name.size()) * 0x9e3779b97f4a7c15u;
  for (size_t slot = hash >> 56;; slot = (slot + 1) % names_.size()) {
    Name& known = names_[slot];
    if (known.entry != entry_) {
      known = {.entry = entry_, .length = static_cast<uint32_t>(name.size()), .at = at};
      ++names_used_;
      return true;
    }
    if (known.length == name.size() &&
        std::memcmp(out_.get() + known.at, name.data(), name.size()) == 0)
      return false;
  }
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
    if (is_own(name, field.substr(equals + 1))) return Outcome::own_log;
    if (name != kBootField) parts.add(name, field.substr(equals + 1));
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
