// A TOML file as plain values with their places. The only code that sees toml++, which throws and
// takes long to compile. Thread-safety: free functions.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace plasmite {

struct TomlNode {
  enum class Type : uint8_t { string, integer, number, boolean, time, array, table };

  Type type = Type::table;
  uint32_t line = 0;    // 1-based; of the key for what has one, else of the value
  uint32_t column = 0;  // 1-based
  std::string key = {};
  std::string text = {};  // string; time: as written in RFC 3339
  int64_t integer = 0;
  bool boolean = false;
  std::vector<TomlNode> children = {};  // array: as they come; table: sorted by place

  const TomlNode* find(std::string_view name) const;
};

// "a string", "an array".
const char* toml_type_name(TomlNode::Type type);

struct TomlFailure {
  uint32_t line = 0;
  uint32_t column = 0;
  std::string message;
};

// Containers inside each other and dotted parts of one key; the library's own limit leaves out the
// latter.
inline constexpr uint32_t kMaxTomlDepth = 16;

// The top-level table, or where the file stops being TOML.
std::expected<TomlNode, TomlFailure> parse_toml(std::string_view text);

}  // namespace plasmite
