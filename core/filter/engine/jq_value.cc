#include "core/filter/engine/jq_value.h"

#include <climits>
#include <string>

#include "core/record/json_grammar.h"

namespace plasmite {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

jv string_value(std::string_view text) {
  return jv_string_sized(text.data(), static_cast<int>(text.size()));
}

// simdjson reads -0 as the integer 0. Found too often rather than too rarely.
bool may_hold_minus_zero(std::string_view text) {
  for (size_t at = 0; (at = text.find("-0", at)) != text.npos; at += 2) {
    if (at == 0 || std::string_view(":,[ \t\r\n").find(text[at - 1]) != std::string_view::npos)
      return true;
  }
  return false;
}

// As deep as simdjson's own limit: 1024.
jv build(const element& json, bool& has_zero) {
  switch (json.type()) {
    case element_type::OBJECT: {
      jv object = jv_object();
      for (const auto& [key, value] : simdjson::dom::object(json))
        object = jv_object_set(object, string_value(key), build(value, has_zero));
      return object;
    }
    case element_type::ARRAY: {
      jv array = jv_array();
      for (const element value : simdjson::dom::array(json))
        array = jv_array_append(array, build(value, has_zero));
      return array;
    }
    case element_type::STRING:
      return string_value(std::string_view(json));
    case element_type::INT64: {
      const int64_t number = int64_t(json);
      has_zero = has_zero || number == 0;
      return jv_number(static_cast<double>(number));
    }
    case element_type::UINT64:
      return jv_number(static_cast<double>(uint64_t(json)));
    case element_type::DOUBLE:
      return jv_number(double(json));
    case element_type::BOOL:
      return jv_bool(bool(json) ? 1 : 0);
    case element_type::NULL_VALUE:
      return jv_null();
  }
  return jv_invalid();
}

}  // namespace

jv JqValueReader::read(std::string_view text) {
  if (text.size() > INT_MAX)
    return jv_invalid_with_msg(jv_string("the message is too long for jq"));
  element json;
  if (parser_.parse(text.data(), text.size(), /*realloc_if_needed=*/false).get(json) ==
      simdjson::SUCCESS) {
    bool has_zero = false;
    jv value = build(json, has_zero);
    if (!has_zero || !may_hold_minus_zero(text)) return value;
    jv_free(value);
  } else if (const auto defect = find_message_defect(text)) {
    const std::string why =
        std::string(defect->what) + " at byte " + std::to_string(defect->offset);
    return jv_invalid_with_msg(string_value(why));
  }
  return jv_parse_sized(text.data(), static_cast<int>(text.size()));
}

}  // namespace plasmite
