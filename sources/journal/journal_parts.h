// The long way to encode the fields of an entry: with a field that occurs more than once, too many
// of them, or more than a record may hold. Keeps copies, of no more than the record may hold. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace plasmite {

// Whether "NAME=value" is one that journald would store, and no address field ("__CURSOR"), which
// an entry has once and not as a field. `equals`: where the first '=' is, or npos.
bool is_journal_field(std::string_view field, size_t equals);

class JournalParts {
 public:
  explicit JournalParts(size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  void add(std::string_view name, std::string_view value);
  // ,"NAME":"value",… with the largest values replaced by {"truncated_bytes":N} until it is within
  // the limit; longer only if all of them are.
  std::string encode();

 private:
  struct Value {
    std::string bytes;  // until encode(); empty if cut
    uint64_t size = 0;  // of the value as it came
    bool is_cut = false;
    bool is_lossy = false;
    std::string json = {};    // encode(): with quotes
    std::string base64 = {};  // with quotes, too, if any value of the field has to have it
  };
  struct Field {
    std::string name;
    std::vector<Value> values;
  };

  struct Place {
    Field* field = nullptr;
    Value* value = nullptr;
  };
  Place largest();  // of those that are not cut; none: nulls
  void cut(Value& value);
  static void render(Field& field);
  // Out: a string, or what counts the bytes of one.
  template <class Out>
  static void append(const Field& field, Out& out);
  static size_t encoded_bytes(const Field& field);

  size_t limit_bytes_;
  size_t kept_bytes_ = 0;  // of all values that are not cut
  std::vector<Field> fields_;
  std::unordered_map<std::string, size_t> by_name_;  // index in fields_
};

}  // namespace plasmite
