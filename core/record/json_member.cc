#include "core/record/json_member.h"

#include <simdjson.h>

#include <cstring>
#include <utility>

namespace plasmite {

// On demand: values that are not looked at are stepped over, so no number is too large.
struct JsonMemberReader::State {
  std::string key;
  std::string quoted_key;
  simdjson::ondemand::parser parser;
  std::string padded;
};

JsonMemberReader::JsonMemberReader(std::string key) : state_(std::make_unique<State>()) {
  state_->quoted_key = '"' + key + '"';
  state_->key = std::move(key);
}
JsonMemberReader::~JsonMemberReader() = default;
JsonMemberReader::JsonMemberReader(JsonMemberReader&&) noexcept = default;
JsonMemberReader& JsonMemberReader::operator=(JsonMemberReader&&) noexcept = default;

std::optional<std::string_view> JsonMemberReader::text(std::string_view json) {
  // Most messages do not have it, and then need no parser. A key may hide behind escapes.
  if (!json.contains(state_->quoted_key) && !json.contains('\\')) return std::nullopt;
  std::string& padded = state_->padded;
  padded.assign(json);
  padded.append(simdjson::SIMDJSON_PADDING, ' ');
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (state_->parser.iterate(padded.data(), json.size(), padded.size()).get(document) ||
      document.get_object().get(object))
    return std::nullopt;
  std::optional<std::string_view> found;
  for (auto field : object) {
    std::string_view name;
    if (field.unescaped_key().get(name)) return std::nullopt;
    if (name != state_->key) continue;
    std::string_view value;
    simdjson::ondemand::json_type type;
    if (field.value().type().get(type)) return std::nullopt;
    found.reset();
    if (type == simdjson::ondemand::json_type::string && !field.value().get_string().get(value))
      found = value;
  }
  return found;
}

}  // namespace plasmite
