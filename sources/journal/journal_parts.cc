#include "sources/journal/journal_parts.h"

#include <algorithm>

#include "core/record/json_escape.h"

namespace plasmite {

namespace {

struct ByteCount {
  size_t bytes = 0;
  ByteCount& operator+=(std::string_view text) {
    bytes += text.size();
    return *this;
  }
  ByteCount& operator+=(char) {
    ++bytes;
    return *this;
  }
};

}  // namespace

bool is_journal_field(std::string_view field, size_t equals) {
  constexpr size_t kLongestName = 64;
  if (equals == field.npos || equals == 0 || equals > kLongestName) return false;
  const std::string_view name = field.substr(0, equals);
  return !name.starts_with("__") && std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

void JournalParts::add(std::string_view name, std::string_view value) {
  const auto [known, is_new] = by_name_.try_emplace(std::string(name), fields_.size());
  if (is_new) fields_.push_back({.name = std::string(name), .values = {}});
  Value& added = fields_[known->second].values.emplace_back();
  added.size = value.size();
  if (value.size() > limit_bytes_) {
    added.is_cut = true;
    return;
  }
  added.bytes = value;
  kept_bytes_ += value.size();
  // Encoding makes nothing shorter: of what is too much now the largest would be cut in the end,
  // too.
  while (kept_bytes_ > limit_bytes_) cut(*largest().value);
}

JournalParts::Place JournalParts::largest() {
  Place found;
  for (Field& field : fields_) {
    for (Value& value : field.values) {
      if (!value.is_cut && (!found.value || value.size > found.value->size))
        found = {.field = &field, .value = &value};
    }
  }
  return found;
}

void JournalParts::cut(Value& value) {
  kept_bytes_ -= value.size;
  value.is_cut = true;
  value.bytes = {};
}

void JournalParts::render(Field& field) {
  bool is_lossy = false;
  for (Value& value : field.values) {
    if (value.is_cut) continue;
    append_json_string_lossy(value.json, value.bytes, &value.is_lossy);
    is_lossy = is_lossy || value.is_lossy;
  }
  if (!is_lossy) return;
  for (Value& value : field.values) value.base64 = '"' + base64_encode(value.bytes) + '"';
}

template <class Out>
void JournalParts::append(const Field& field, Out& out) {
  const bool is_array = field.values.size() > 1;
  const auto list = [&](auto&& print) {
    if (is_array) out += '[';
    for (const Value& value : field.values) {
      if (&value != field.values.data()) out += ',';
      print(value);
    }
    if (is_array) out += ']';
  };
  out += ",\"";
  out += field.name;
  out += "\":";
  list([&](const Value& value) {
    if (value.is_cut)
      out += "{\"truncated_bytes\":" + std::to_string(value.size) + "}";
    else
      out += value.json;
  });
  const bool is_lossy = std::ranges::any_of(
      field.values, [](const Value& value) { return value.is_lossy && !value.is_cut; });
  if (!is_lossy) return;
  out += ",\"";
  out += field.name;
  out += "_base64\":";
  list([&](const Value& value) {
    if (value.is_cut)
      out += "null";
    else
      out += value.base64;
  });
}

size_t JournalParts::encoded_bytes(const Field& field) {
  ByteCount count;
  append(field, count);
  return count.bytes;
}

std::string JournalParts::encode() {
  size_t bytes = 0;
  for (Field& field : fields_) {
    render(field);
    bytes += encoded_bytes(field);
  }
  while (bytes > limit_bytes_) {
    const Place place = largest();
    if (!place.value) break;
    bytes -= encoded_bytes(*place.field);
    cut(*place.value);
    bytes += encoded_bytes(*place.field);
  }
  std::string out;
  for (const Field& field : fields_) append(field, out);
  return out;
}

}  // namespace plasmite
