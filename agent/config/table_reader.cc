#include "agent/config/table_reader.h"

#include <algorithm>

#include "agent/config/interpolation.h"
#include "agent/suggestion.h"
#include "agent/values.h"
#include "core/record/utf8.h"

namespace plasmite {
namespace {

using Type = TomlNode::Type;

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += '"' + words[i] + '"';
  }
  return text;
}

const char* fix_for_type(const char* wanted, Type found) {
  if (std::string_view(wanted) == "a string" && found == Type::array)
    return "Give one value, without brackets.";
  if (std::string_view(wanted) == "a string") return "Put the value between double quotes.";
  if (std::string_view(wanted) == "an array of strings" && found == Type::string)
    return "Put it into brackets, each string between double quotes: [\"a\", \"b\"].";
  if (std::string_view(wanted) == "an array of strings") return "Write [\"a\", \"b\"].";
  return "spec/agent-config.md describes every key.";
}

}  // namespace

std::string shown_value(std::string_view text) {
  constexpr size_t kLongest = 64;
  if (text.size() <= kLongest) return "'" + std::string(text) + "'";
  return "'" + std::string(text.substr(0, utf8_cut(text, kLongest))) + "…'";
}

TableReader::TableReader(ConfigReading& reading, std::string file, const TomlNode& table,
                         std::string path)
    : reading_(reading), file_(std::move(file)), table_(table), path_(std::move(path)) {}

ConfigPlace TableReader::place_of(const TomlNode& node) const {
  return {.file = file_, .line = node.line, .column = node.column};
}

ConfigPlace TableReader::place(const std::string& key) const {
  const TomlNode* node = table_.find(key);
  return place_of(node != nullptr ? *node : table_);
}

std::map<std::string, ConfigPlace> TableReader::places() const {
  std::map<std::string, ConfigPlace> places;
  for (const TomlNode& child : table_.children) places.emplace(child.key, place_of(child));
  return places;
}

void TableReader::problem(const std::string& key, std::string message, std::string fix) {
  reading_.problem(place(key), path_of(key), std::move(message), std::move(fix));
}

void TableReader::warn(const std::string& key, std::string message, std::string fix) {
  reading_.warn(place(key), path_of(key), std::move(message), std::move(fix));
}

void TableReader::problem_here(std::string message, std::string fix) {
  reading_.problem(place(), path_, std::move(message), std::move(fix));
}

ConfigPlace TableReader::place_inside(const std::string& key, const std::string& inner) const {
  const TomlNode* table = table_.find(key);
  const TomlNode* node = table == nullptr ? nullptr : table->find(inner);
  return node == nullptr ? place(key) : place_of(*node);
}

void TableReader::problem_inside(const std::string& key, const std::string& inner,
                                 std::string message, std::string fix) {
  reading_.problem(place_inside(key, inner), key_path(path_of(key), inner), std::move(message),
                   std::move(fix));
}

void TableReader::warn_inside(const std::string& key, const std::string& inner, std::string message,
                              std::string fix) {
  reading_.warn(place_inside(key, inner), key_path(path_of(key), inner), std::move(message),
                std::move(fix));
}

const TomlNode* TableReader::find(const std::string& key) {
  known_.push_back(key);
  return table_.find(key);
}

void TableReader::wrong_type(const std::string& key, const TomlNode& node, const char* wanted) {
  reading_.problem(place_of(node), path_of(key),
                   std::string("must be ") + wanted + ", not " + toml_type_name(node.type),
                   fix_for_type(wanted, node.type));
}

void TableReader::unknown_word(const std::string& key, const std::string& word,
                               const std::vector<std::string>& known) {
  problem(key, shown_value(word) + " is not known here",
          did_you_mean(nearest_word(word, known)) + "Use " + listed(known) + ".");
}

bool TableReader::take_string(const std::string& key, const TomlNode& node, std::string& out) {
  if (node.type != Type::string) {
    wrong_type(key, node, "a string");
    return false;
  }
  auto text = interpolate(node.text, reading_.surroundings.variable);
  if (!text) {
    reading_.problem(place_of(node), path_of(key), text.error().message, text.error().fix);
    return false;
  }
  if (text->contains('\0')) {
    reading_.problem(place_of(node), path_of(key), "has a NUL character in it", "Leave it out.");
    return false;
  }
  if (!reading_.spend_interpolated(text->size())) {
    reading_.problem(place_of(node), path_of(key),
                     "the strings of this configuration are too long together",
                     "All of them may have 4 MiB, with their variables.");
    return false;
  }
  out = *std::move(text);
  return true;
}

bool TableReader::read_string(const std::string& key, std::string& out) {
  const TomlNode* node = find(key);
  return node != nullptr && take_string(key, *node, out);
}

bool TableReader::read_text_of(const std::string& key, std::initializer_list<Type> extra,
                               std::string& out) {
  const TomlNode* node = find(key);
  if (node == nullptr) return false;
  if (std::ranges::find(extra, node->type) == extra.end()) return take_string(key, *node, out);
  out = node->type == Type::integer ? std::to_string(node->integer) : node->text;
  return true;
}

bool TableReader::read_path(const std::string& key, std::filesystem::path& out) {
  std::string text;
  if (!read_string(key, text)) return false;
  if (text.empty()) {
    problem(key, "must not be empty", "Give a path, or leave the key out.");
    return false;
  }
  out = reading_.absolute(text);
  return true;
}

bool TableReader::read_strings(const std::string& key, std::vector<std::string>& out) {
  const TomlNode* node = find(key);
  if (node == nullptr) return false;
  if (node->type != Type::array) {
    wrong_type(key, *node, "an array of strings");
    return false;
  }
  if (node->children.size() > kMaxConfigItems) {
    problem(key, "has more than 1024 items", "Use fewer.");
    return false;
  }
  std::vector<std::string> strings;
  for (const TomlNode& item : node->children) {
    std::string text;
    if (!take_string(key, item, text)) return false;
    strings.push_back(std::move(text));
  }
  out = std::move(strings);
  return true;
}

bool TableReader::read_pairs(const std::string& key,
                             std::vector<std::pair<std::string, std::string>>& out) {
  const TomlNode* node = find(key);
  if (node == nullptr) return false;
  if (node->type != Type::table) {
    wrong_type(key, *node, "a table of strings");
    return false;
  }
  if (node->children.size() > kMaxConfigItems) {
    problem(key, "has more than 1024 keys", "Use fewer.");
    return false;
  }
  bool all_good = true;
  for (const TomlNode& item : node->children) {
    TableReader inside(reading_, file_, *node, path_of(key));
    std::string text;
    if (inside.read_string(item.key, text)) {
      out.emplace_back(item.key, std::move(text));
    } else {
      all_good = false;
    }
  }
  return all_good;
}

bool TableReader::read_size(const std::string& key, uint64_t& out, const Range<uint64_t>& range) {
  std::string text;
  const TomlNode* node = table_.find(key);
  if (node != nullptr && node->type == Type::integer && node->integer < 0) {
    find(key);
    problem(key, "cannot be negative", std::string("Use a size from ") + range.words + ".");
    return false;
  }
  if (!read_text_of(key, {Type::integer}, text)) return false;
  const auto size = parse_size(text);
  if (!size) {
    problem(key, size.error().message(), size.error().hint());
    return false;
  }
  if (*size < range.least || *size > range.most) {
    problem(key, shown_value(text) + " is out of range",
            std::string("Use a size from ") + range.words + ".");
    return false;
  }
  out = *size;
  return true;
}

bool TableReader::read_duration(const std::string& key, std::chrono::milliseconds& out,
                                const Range<std::chrono::milliseconds>& range) {
  std::string text;
  if (!read_string(key, text)) return false;
  const auto duration = parse_duration(text);
  if (!duration) {
    problem(key, duration.error().message(), duration.error().hint());
    return false;
  }
  if (*duration < range.least || *duration > range.most) {
    problem(key, shown_value(text) + " is out of range", std::string("Use ") + range.words + ".");
    return false;
  }
  out = *duration;
  return true;
}

std::vector<const TomlNode*> TableReader::tables(const std::string& key) {
  std::vector<const TomlNode*> found;
  const TomlNode* node = find(key);
  if (node == nullptr) return found;
  const std::string fix = "Write [" + key + ".NAME] above its keys.";
  if (node->type != Type::table) {
    problem(key, std::string("must be a table, not ") + toml_type_name(node->type), fix);
    return found;
  }
  for (const TomlNode& child : node->children) {
    if (child.type == Type::table) {
      found.push_back(&child);
    } else {
      reading_.problem(place_of(child), key_path(path_of(key), child.key),
                       std::string("must be a table, not ") + toml_type_name(child.type), fix);
    }
  }
  return found;
}

void TableReader::refuse_unknown_keys(
    const std::function<std::string(const std::string& key)>& elsewhere) {
  constexpr size_t kMostReported = 20;
  size_t reported = 0;
  for (const TomlNode& child : table_.children) {
    if (std::ranges::find(known_, child.key) != known_.end()) continue;
    if (++reported > kMostReported) return;
    std::string fix = elsewhere ? elsewhere(child.key) : std::string();
    if (fix.empty())
      fix = did_you_mean(nearest_word(child.key, known_)) + "spec/agent-config.md lists the keys.";
    reading_.problem(place_of(child), path_of(child.key), "unknown key", std::move(fix));
  }
}

}  // namespace plasmite
