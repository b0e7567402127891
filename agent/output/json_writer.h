// Builds compact JSON text front to back; commas are placed by the writer. The caller gives keys in
// ascending order, as all our output has them. Not thread-safe.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/record/json_escape.h"

namespace plasmite {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name) {
    separate();
    append_json_string(text_, name);
    text_ += ':';
    needs_comma_ = false;
    return *this;
  }
  // Bytes that are not UTF-8 (file names may have them) become U+FFFD.
  JsonWriter& string(std::string_view value) {
    separate();
    bool was_lossy = false;
    append_json_string_lossy(text_, value, &was_lossy);
    return *this;
  }
  JsonWriter& number(std::integral auto value) { return raw(std::to_string(value)); }
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  // A complete JSON value.
  JsonWriter& raw(std::string_view value) {
    separate();
    text_ += value;
    return *this;
  }

  // A number, or null when there is none.
  template <std::integral T>
  JsonWriter& number_or_null(std::optional<T> value) {
    return value ? number(*value) : null();
  }

  const std::string& text() const { return text_; }

 private:
  JsonWriter& open(char bracket) {
    separate();
    text_ += bracket;
    needs_comma_ = false;
    return *this;
  }
  JsonWriter& close(char bracket) {
    text_ += bracket;
    needs_comma_ = true;
    return *this;
  }
  void separate() {
    if (needs_comma_) text_ += ',';
    needs_comma_ = true;
  }

  std::string text_;
  bool needs_comma_ = false;  // a value stands before, in the same container
};

}  // namespace plasmite
