#include "agent/config/toml_document.h"

#include <algorithm>
#include <exception>
#include <sstream>
#include <tuple>
#include <utility>

#include <toml++/toml.h>

#include "agent/config/toml_depth.h"

namespace plasmite {
namespace {

template <class Value>
std::string printed(const Value& value) {
  std::ostringstream text;
  text << value;
  return std::move(text).str();
}

TomlNode converted(const toml::node& node);

void convert_table(const toml::table& table, TomlNode& out) {
  out.type = TomlNode::Type::table;
  for (const auto& [key, value] : table) {
    TomlNode& child = out.children.emplace_back(converted(value));
    child.key = std::string(key.str());
    if (key.source().begin) {
      child.line = key.source().begin.line;
      child.column = key.source().begin.column;
    }
  }
  std::ranges::sort(out.children, {},
                    [](const TomlNode& child) { return std::pair(child.line, child.column); });
}

// Recursion is bounded by kMaxTomlDepth, squared.
TomlNode converted(const toml::node& node) {
  TomlNode out{.line = node.source().begin.line, .column = node.source().begin.column};
  using Type = TomlNode::Type;
  if (const auto* table = node.as_table()) convert_table(*table, out);
  if (const auto* array = node.as_array()) {
    out.type = Type::array;
    for (const toml::node& item : *array) out.children.push_back(converted(item));
  }
  if (const auto* text = node.as_string())
    std::tie(out.type, out.text) = std::pair(Type::string, text->get());
  if (const auto* whole = node.as_integer())
    std::tie(out.type, out.integer) = std::pair(Type::integer, whole->get());
  if (const auto* flag = node.as_boolean())
    std::tie(out.type, out.boolean) = std::pair(Type::boolean, flag->get());
  if (node.is_floating_point()) out.type = Type::number;
  if (const auto* day = node.as_date())
    std::tie(out.type, out.text) = std::pair(Type::time, printed(day->get()));
  if (const auto* clock = node.as_time())
    std::tie(out.type, out.text) = std::pair(Type::time, printed(clock->get()));
  if (const auto* time = node.as_date_time())
    std::tie(out.type, out.text) = std::pair(Type::time, printed(time->get()));
  return out;
}

}  // namespace

const TomlNode* TomlNode::find(std::string_view name) const {
  const auto found = std::ranges::find(children, name, &TomlNode::key);
  return found == children.end() ? nullptr : &*found;
}

const char* toml_type_name(TomlNode::Type type) {
  switch (type) {
    case TomlNode::Type::string:
      return "a string";
    case TomlNode::Type::integer:
      return "a whole number";
    case TomlNode::Type::number:
      return "a number";
    case TomlNode::Type::boolean:
      return "a boolean";
    case TomlNode::Type::time:
      return "a date or time";
    case TomlNode::Type::array:
      return "an array";
    case TomlNode::Type::table:
      return "a table";
  }
  return "something else";
}

std::expected<TomlNode, TomlFailure> parse_toml(std::string_view text) {
  if (const auto line = find_deep_toml(text, kMaxTomlDepth))
    return std::unexpected(TomlFailure{.line = *line, .message = "nested too deep"});
  try {
    return converted(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return std::unexpected(TomlFailure{.line = error.source().begin.line,
                                       .column = error.source().begin.column,
                                       .message = std::string(error.description())});
  } catch (const std::exception& error) {
    return std::unexpected(TomlFailure{.message = error.what()});
  }
}

}  // namespace plasmite
