// Takes the keys of one table out by name and type. What is wrong becomes a problem of the
// configuration, and the value that was there stays as it was. Not thread-safe; the table must
// outlive the reader.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/config_reading.h"
#include "agent/config/toml_document.h"

namespace plasmite {

inline constexpr size_t kMaxConfigItems = 1024;  // of one array or free table

template <class Number>
struct Range {
  Number least;
  Number most;
  const char* words;  // "64K to 16T"
};

class TableReader {
 public:
  // `path`: of the table, "sources.web".
  TableReader(ConfigReading& reading, std::string file, const TomlNode& table, std::string path);

  bool has(const std::string& key) const { return table_.find(key) != nullptr; }
  // Whether it is there; it counts as known from now on.
  bool knows(const std::string& key) { return find(key) != nullptr; }
  ConfigPlace place(const std::string& key) const;  // of the table, if there is no such key
  ConfigPlace place() const { return place_of(table_); }
  std::string path_of(const std::string& key) const { return key_path(path_, key); }
  const std::string& path() const { return path_; }
  const std::string& file() const { return file_; }
  std::map<std::string, ConfigPlace> places() const;
  void problem(const std::string& key, std::string message, std::string fix);
  void warn(const std::string& key, std::string message, std::string fix);
  void problem_here(std::string message, std::string fix);  // of the table itself
  // Of a key of the table that `key` is.
  void problem_inside(const std::string& key, const std::string& inner, std::string message,
                      std::string fix);
  void warn_inside(const std::string& key, const std::string& inner, std::string message,
                   std::string fix);

  // Each of these: true if the key is there and good; then `out` has its value.
  bool read_string(const std::string& key, std::string& out);
  bool read_path(const std::string& key, std::filesystem::path& out);  // absolute
  bool read_strings(const std::string& key, std::vector<std::string>& out);
  bool read_size(const std::string& key, uint64_t& out, const Range<uint64_t>& range);
  bool read_duration(const std::string& key, std::chrono::milliseconds& out,
                     const Range<std::chrono::milliseconds>& range);
  // In the order of the file; their names are not checked.
  bool read_pairs(const std::string& key, std::vector<std::pair<std::string, std::string>>& out);
  // A string, or what Extra says is one: dates, numbers.
  bool read_text_of(const std::string& key, std::initializer_list<TomlNode::Type> extra,
                    std::string& out);

  template <class Value>
  struct Word {
    const char* name;
    Value value;
  };
  template <class Value>
  bool read_word(const std::string& key, std::initializer_list<Word<Value>> words, Value& out) {
    std::vector<std::string> names;
    for (const auto& word : words) names.emplace_back(word.name);
    std::string text;
    if (!read_string(key, text)) return false;
    for (const auto& word : words) {
      if (text != word.name) continue;
      out = word.value;
      return true;
    }
    unknown_word(key, text, names);
    return false;
  }

  // Child tables, as of [pools]; `key` itself must be a table.
  std::vector<const TomlNode*> tables(const std::string& key);

  // Reports what nobody asked for. `elsewhere`: says where a key belongs that is no key here; may
  // be empty.
  void refuse_unknown_keys(
      const std::function<std::string(const std::string& key)>& elsewhere = {});

 private:
  const TomlNode* find(const std::string& key);  // and remembers that it is known
  ConfigPlace place_of(const TomlNode& node) const;
  ConfigPlace place_inside(const std::string& key, const std::string& inner) const;
  bool take_string(const std::string& key, const TomlNode& node, std::string& out);
  void wrong_type(const std::string& key, const TomlNode& node, const char* wanted);
  void unknown_word(const std::string& key, const std::string& word,
                    const std::vector<std::string>& known);

  ConfigReading& reading_;
  std::string file_;
  const TomlNode& table_;
  std::string path_;
  std::vector<std::string> known_;
};

// At most 64 bytes of it, for a message.
std::string shown_value(std::string_view text);

}  // namespace plasmite
