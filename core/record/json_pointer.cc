#include "core/record/json_pointer.h"

#include <simdjson.h>

namespace plasmite {

namespace ondemand = simdjson::ondemand;

std::optional<std::string> json_text_at(std::string_view json, std::string_view pointer) {
  const simdjson::padded_string padded(json);
  ondemand::parser parser;
  ondemand::document document;
  ondemand::value value;
  ondemand::json_type type{};
  if (parser.iterate(padded).get(document) || document.at_pointer(pointer).get(value) ||
      value.type().get(type))
    return std::nullopt;
  std::string_view text;
  if (type == ondemand::json_type::string) {
    if (value.get_string().get(text)) return std::nullopt;
    return std::string(text);
  }
  if (type != ondemand::json_type::number && type != ondemand::json_type::boolean)
    return std::nullopt;
  text = value.raw_json_token();
  return std::string(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
}

}  // namespace plasmite
